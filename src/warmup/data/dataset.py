"""A data set as `warmup prepare` needs it: a task, language pairs, and a source per split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warmup.common import plugins
from warmup.common.arguments import read_object
from warmup.common.errors import unknown
from warmup.common.languages import Pair, parse_pair
from warmup.common.texts import nfc
from warmup.config import schema


@dataclass(frozen=True)
class Dataset:
    """What determines the records of a data set."""

    task: str
    """A module of `warmup.data.tasks`."""
    pairs: list[Pair]
    """Directions of translation, or languages."""
    splits: Mapping[str, Mapping[str, Any]]
    """The source of each split: its `type` is a module of `warmup.data.sources`."""
    prefix: str = ""
    """What the model reads before each source, for a task that takes it."""

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


def parse(entry: Mapping[str, Any]) -> Dataset:
    """Return the data set with the task, pairs and splits of an entry of the configuration.

    Raises:
        InputError: a key is missing or unknown, a value has the wrong type, or a name is unknown.
    """
    keys = schema.read()["$defs"]["dataset"]["properties"]
    own = {"task": keys["task"], "pairs": keys["pairs"], "splits": {"$ref": "#/$defs/splits"}}
    schema.check(entry, schema.mapping(own, {"prefix": keys["prefix"]}), "data set")
    if entry["task"] not in plugins.names("task"):
        raise unknown("task", entry["task"], plugins.names("task"))
    for source in entry["splits"].values():
        if source["type"] not in plugins.names("source"):
            raise unknown("type of source", source["type"], plugins.names("source"))
    pairs = [parse_pair(pair) for pair in entry["pairs"]]
    return Dataset(entry["task"], pairs, entry["splits"], nfc(entry.get("prefix", "")))
