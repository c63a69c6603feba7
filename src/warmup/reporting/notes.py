"""Notes below tables: what intervals, marks and columns of numbers mean."""

from collections.abc import Iterable, Sequence

from warmup.config.methods import Methods
from warmup.evaluation.significance import LEVEL
from warmup.reporting.estimates import CROSSED, ITEMS, NONE, PAIRED, SEEDS, Estimate, is_mean
from warmup.reporting.gains import MARK

INTERVAL_MARKS = {SEEDS: "", CROSSED: "", ITEMS: "†", PAIRED: "†", NONE: "‡"}
"""Kind of interval -> its mark in a table with several kinds."""
_INTERVALS = {
    SEEDS: "Mean over seeds [95% interval, Student t over the seeds].",
    CROSSED: "Mean over seeds [95% interval, hierarchical bootstrap over seeds and items].",
    ITEMS: "One seed [95% bootstrap interval over the test items].",
    PAIRED: "One seed [95% interval, paired bootstrap over the test items].",
    NONE: "One seed, without an interval.",
}
_NO_WIDTH = (
    "An interval without width: all seeds have the same score. Other seeds or other test items may "
    "give another one."
)
UNCORRECTED = (
    "Marks are corrected for the number of tests, intervals are not; an interval may therefore "
    "exclude 0 without a mark."
)
_MEAN = "“mean of k”: mean of the scores on the k pairs; n is the sum over the pairs."


def intervals(estimates: Sequence[Estimate]) -> list[str]:
    """Return a note for each kind of interval, with its mark if there are several kinds."""
    used = {item.interval for item in estimates}
    kinds = [kind for kind in _INTERVALS if kind in used]
    marks = [
        f"{INTERVAL_MARKS[kind]} " if len(kinds) > 1 and INTERVAL_MARKS[kind] else ""
        for kind in kinds
    ]
    notes = [mark + _INTERVALS[kind] for mark, kind in zip(marks, kinds, strict=True)]
    without_width = any(item.seeds > 1 and item.low == item.high for item in estimates)
    return [*notes, _NO_WIDTH] if without_width else notes


def pair_means(estimates: Iterable[Estimate]) -> list[str]:
    """Return a note if there are means over the pairs of a data set."""
    return [_MEAN] if any(is_mean(item.setting) for item in estimates) else []


def significance(other: str = "SFT") -> str:
    """Return what the mark of a difference to `other` means."""
    return (
        f"{MARK} differs from {other}: p < {LEVEL} after Holm's correction, "
        "and the difference is not printed as zero."
    )


def compute(methods: Methods) -> str:
    """Return what the columns of updates and compute count."""
    counted = "including" if methods.starts else "without"
    return (
        "Updates and compute (floating-point operations, relative to SFT): of training, "
        f"{counted} the training of the method it starts from."
    )
