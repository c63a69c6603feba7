"""The order of the rows of comparisons.tsv in tables."""

from collections.abc import Iterable
from typing import Any

from warmup.common.keys import Setting
from warmup.reporting.estimates import place
from warmup.reporting.results import Results


def ordered(tests: Iterable[dict[Any, Any]], results: Results) -> list[dict[Any, Any]]:
    """Return tests by setting, method, baseline and metric."""
    tests = list(tests)
    order = results.methods.sort(
        name for test in tests for name in (test["method"], test["baseline"])
    )
    return sorted(
        tests,
        key=lambda test: (
            place(Setting.from_row(test), results.names),
            order.index(test["method"]),
            order.index(test["baseline"]),
            test["metric"],
        ),
    )
