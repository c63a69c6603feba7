"""The order of the rows of comparisons.tsv in tables."""

from collections.abc import Iterable
from typing import Any

from warmup.common.keys import Setting
from warmup.config.methods import Methods
from warmup.reporting.estimates import place


def ordered(tests: Iterable[dict[Any, Any]], methods: Methods) -> list[dict[Any, Any]]:
    """Return tests by setting, method, baseline and metric."""
    tests = list(tests)
    order = methods.sort(name for test in tests for name in (test["method"], test["baseline"]))
    return sorted(
        tests,
        key=lambda test: (
            place(Setting.from_row(test)),
            order.index(test["method"]),
            order.index(test["baseline"]),
            test["metric"],
        ),
    )
