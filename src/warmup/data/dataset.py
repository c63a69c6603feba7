"""A data set as the configuration describes it: a task, language pairs, and a source per split."""

import re
from dataclasses import dataclass
from typing import Any

from warmup.common import plugins
from warmup.common.arguments import read_object
from warmup.common.errors import InputError, unknown
from warmup.common.languages import Pair, parse_pair

_SPLIT_NAME = re.compile(r"[A-Za-z0-9_]+")
_KEYS = ("task", "pairs", "splits")


@dataclass(frozen=True)
class Dataset:
    """One entry of `datasets` in the configuration, checked."""

    task: str
    """A module of `warmup.data.tasks`."""
    pairs: list[Pair]
    """Directions of translation, or languages."""
    splits: dict[str, dict[str, Any]]
    """The source of each split: its `type` is a module of `warmup.data.sources`."""

    def pair(self, text: str) -> Pair:
        """Return the pair written as `text`; an `InputError` if the data set does not have it."""
        pair = parse_pair(text)
        if pair not in self.pairs:
            raise unknown("pair", text, map(str, self.pairs))
        return pair


def load(text: str) -> Dataset:
    """Return the data set described by JSON text, or by the JSON file of that name.

    Raises:
        InputError: no such file, not JSON, or not a valid description.
    """
    return parse(read_object(text, "--dataset"))


def parse(entry: Any) -> Dataset:
    """Return the data set described by an entry of the configuration.

    Raises:
        InputError: a key is missing or unknown, a value has the wrong type, or a name is unknown.
    """
    if not isinstance(entry, dict):
        raise InputError(f"data set: expected a mapping, not {type(entry).__name__}")
    for key in _KEYS:
        if key not in entry:
            raise InputError(f"data set: missing key {key!r}; required: {', '.join(_KEYS)}")
    for key in entry:
        if key not in _KEYS:
            raise InputError(f"data set: unknown key {key!r}; valid keys: {', '.join(_KEYS)}")
    if entry["task"] not in plugins.names("task"):
        raise unknown("task", entry["task"], plugins.names("task"))
    if not isinstance(entry["pairs"], list) or not entry["pairs"]:
        raise InputError(f"data set: pairs must be a list such as [en-de], not {entry['pairs']!r}")
    if not isinstance(entry["splits"], dict) or not entry["splits"]:
        raise InputError("data set: splits must map names such as train, valid, test to sources")
    for name, spec in entry["splits"].items():
        if not isinstance(name, str) or not _SPLIT_NAME.fullmatch(name):
            raise InputError(f"data set: split name {name!r}: use letters, digits and _ only")
        if not isinstance(spec, dict) or "type" not in spec:
            raise InputError(f"data set: split {name}: expected a mapping with a key 'type'")
        if spec["type"] not in plugins.names("source"):
            raise unknown("type of source", spec["type"], plugins.names("source"))
    parsed = [parse_pair(str(pair)) for pair in entry["pairs"]]
    return Dataset(entry["task"], parsed, entry["splits"])
