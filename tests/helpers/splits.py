"""Splits in memory, kept apart as `warmup prepare` does it."""

from collections.abc import Mapping

from warmup.data.leakage import Filter, HeldOut, in_order
from warmup.data.records import Record


def without_leaks(
    splits: Mapping[str, list[Record]], by_target: bool
) -> dict[str, tuple[list[Record], Filter]]:
    """Return the records of each split that are kept, and the filter that counted the others."""
    held_out = HeldOut()
    filters = {split: Filter(split, held_out, by_target) for split in in_order(splits)}
    return {
        split: ([one.record for one in kept.kept(splits[split])], kept)
        for split, kept in filters.items()
    }
