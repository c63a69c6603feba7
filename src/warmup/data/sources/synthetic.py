"""Records made by one of the project's generators (`warmup.data.generators`).

    {type: synthetic, generator: shell_game, size: 20000, seed: 1, settings: {places: 5}}

generator  name of the generator
size       number of records
seed       seed of the random numbers
settings   settings of the generator; each has a default (optional)

A hash of a record's text says whether it may occur in `train` (8 in 10), `valid` or the test
splits (1 in 10 each), so splits never share one, whatever their seeds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.languages import Pair
from warmup.config import schema
from warmup.data.leakage import part, part_of_split
from warmup.data.records import Record
from warmup.data.sources import Context, Fetched

NEEDS_NETWORK = False
_PATIENCE = 10_000  # a part that has any record is found far sooner


def read(spec: Mapping[str, Any], pair: Pair, context: Context) -> Iterator[Record]:
    """Yield the records of a split.

    Raises:
        InputError: a key or setting is not valid, or the settings leave too few different records
            for this split to have any.
    """
    where = _check_keys(spec, context.split)
    wanted = part_of_split(context.split)
    made = misses = 0
    for record in _generate(spec, pair, where):
        if part(record) == wanted:
            yield record
            made, misses = made + 1, 0
        else:
            misses += 1
        if made == spec["size"]:
            return
        if misses == _PATIENCE:
            raise InputError(
                f"{where}: the settings allow too few different records for a {wanted} split"
            )


def check(spec: Mapping[str, Any], pair: Pair, split: str, data_root: str) -> None:
    """Check the entry of a split with the settings of its generator.

    Raises:
        InputError: a key or a setting is not valid, or the generator has no such language.
    """
    next(_generate(spec, pair, _check_keys(spec, split)))


def fetch(spec: Mapping[str, Any], pair: Pair, context: Context) -> list[Fetched]:
    """Return nothing: the records are made here."""
    return []


def _check_keys(spec: Mapping[str, Any], split: str) -> str:
    """Check the keys of the entry; return what begins errors about it."""
    where = f"splits.{split} (synthetic)"
    required = {
        "type": {},
        "generator": {"type": "string"},
        "size": {"type": "integer", "minimum": 1},
        "seed": {"$ref": "#/$defs/seed"},
    }
    schema.check(spec, schema.mapping(required, {"settings": {"type": "object"}}), where)
    return where


def _generate(spec: Mapping[str, Any], pair: Pair, where: str) -> Iterator[Record]:
    """Yield records without end; `where` begins errors about the settings."""
    try:
        generate = plugins.load("generator", spec["generator"]).generate
        yield from generate(pair, spec["seed"], spec.get("settings", {}))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
