"""Count texts that were cut or cannot be spelled before a training run."""

import itertools
import sys
from collections.abc import Mapping
from typing import Any

from warmup.common.errors import InputError
from warmup.data import text_counts
from warmup.data.batches import Examples


def count_texts(
    splits: Mapping[str, Examples | Mapping[str, Examples] | None],
    max_unknown_targets: float,
    *,
    verbose: bool,
) -> dict[str, Any]:
    """Return the counts of texts for training.json.

    Args:
        splits: `train` and `valid`; None for a split that there is not.
        max_unknown_targets: largest share of the targets of a split with unknown tokens.
        verbose: print the counts.

    Raises:
        InputError: the share is larger.
    """
    named = dict(_named(splits))
    counts = {split: examples.counts for split, examples in named.items()}
    trips = {
        split: text_counts.check_round_trip(examples.encoder, _first_targets(examples))
        for split, examples in named.items()
        if split == "train"
    }
    if verbose:
        of_splits = (text_counts.sentences(split, *pair) for split, pair in counts.items())
        of_trips = (text_counts.said_of(trip) for trip in trips.values())
        for sentence in itertools.chain(*of_splits, *of_trips):
            print(sentence, file=sys.stderr)
    for split, (_, targets) in counts.items():
        if targets.unknown > max_unknown_targets * targets.texts:
            raise InputError(
                f"{split}: {targets.unknown} of {targets.texts} targets have unknown tokens; the "
                f"tokenizer cannot spell, for example, {targets.unknown_example!r}: take another "
                "tokenizer, or allow a larger share with max_unknown_targets of the data set, "
                f"which is {max_unknown_targets:g}"
            )
    return text_counts.of_training(counts, trips.get("train"))


def _first_targets(examples: Examples) -> list[str]:
    """Return the first targets as text."""
    return [examples.render(one).target for one in examples.first_records(text_counts.CHECKED)]


def _named(splits: Mapping[str, Any]) -> Any:
    """Yield the examples of each split by name; of several for validations, by their names."""
    for split, examples in splits.items():
        if isinstance(examples, Mapping):
            yield from ((f"{split} {name}", one) for name, one in examples.items())
        elif examples is not None:
            yield split, examples
