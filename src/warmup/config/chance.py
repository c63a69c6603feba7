"""The score that guessing gets in multiple choice."""

from collections.abc import Mapping
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.config.settings import DatasetEntry

_NOT_TEST = ("train", "valid")


def accuracy(dataset: DatasetEntry, where: str = "config") -> float | None:
    """Return the accuracy of guessing in %, if all questions have the same number of options.

    That is known of generators, and of options that the configuration lists.

    Args:
        dataset: an entry of the configuration.
        where: beginning of errors.

    Raises:
        InputError: a generator does not take its settings.
    """
    if dataset.task != "multiple_choice":
        return None
    tests = {split: spec for split, spec in dataset.splits.items() if split not in _NOT_TEST}
    numbers = set()
    for split, spec in tests.items():
        try:
            numbers.add(_options(spec, dataset.pairs[0], split))
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    number = numbers.pop() if len(numbers) == 1 else None
    return 100 / number if number else None


def _options(spec: Mapping[str, Any], pair: str, split: str) -> int | None:
    match spec:
        case {"type": "synthetic", "generator": name}:
            plugins.load("source", "synthetic").check(spec, parse_pair(pair), split, "")
            generate = plugins.load("generator", name).generate
            return len(next(generate(parse_pair(pair), 0, spec.get("settings", {}))).choices)
        case {"fields": {"choices": {"fixed": options}}}:
            return len(options)
    return None
