"""What stands below a table on the intervals in it."""

from collections.abc import Sequence

from warmup.reporting.estimates import CROSSED, ITEMS, NONE, PAIRED, SEEDS, Estimate

MARKS = {
    SEEDS: "",
    CROSSED: "",
    ITEMS: "†",
    PAIRED: "†",
    NONE: "‡",
}
"""What marks an interval of this kind where there are several."""
_INTERVAL = {
    SEEDS: "Mean over seeds [95% interval, Student t over the seeds].",
    CROSSED: "Mean over seeds [95% interval, hierarchical bootstrap over seeds and items].",
    ITEMS: "One seed [95% bootstrap interval over the test items].",
    PAIRED: "One seed [95% interval, paired bootstrap over the test items].",
    NONE: "One seed; no interval is known.",
}
_NO_WIDTH = (
    "An interval without width: all seeds came to the same score. It leaves out that other seeds "
    "and other test items might not."
)


def of(estimates: Sequence[Estimate]) -> list[str]:
    """Return a note for each kind of interval, with its mark where there are several."""
    found = {item.interval for item in estimates}
    kinds = [kind for kind in _INTERVAL if kind in found]
    marks = [f"{MARKS[kind]} " if len(kinds) > 1 and MARKS[kind] else "" for kind in kinds]
    notes = [mark + _INTERVAL[kind] for mark, kind in zip(marks, kinds, strict=True)]
    alike = any(item.seeds > 1 and item.low == item.high for item in estimates)
    return [*notes, _NO_WIDTH] if alike else notes
