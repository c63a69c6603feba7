"""Records of the data sets that are part of this package.

    {type: packaged, format: tsv, file: dut_train.tsv.gz, fields: {source: 0, target: 1}}

A path starts at `src/warmup/data/packaged`, where the licence of each data set is. The other keys
are described in `warmup.data.sources._table`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from warmup.common.languages import Pair
from warmup.data.records import Record
from warmup.data.sources import Context, Fetched, local

NEEDS_NETWORK = False
ROOT = Path(__file__).parents[1] / "packaged"


def read(spec: Mapping[str, Any], pair: Pair, context: Context) -> Iterator[Record]:
    """Yield the records of a split.

    Raises:
        InputError: a key is not valid, or there is no such file.
    """
    return local.read(spec, pair, replace(context, data_root=str(ROOT)))


def check(spec: Mapping[str, Any], pair: Pair, split: str, data_root: str) -> None:
    """Check the entry of a split; errors as `read`."""
    local.check(spec, pair, split, str(ROOT))


def fetch(spec: Mapping[str, Any], pair: Pair, context: Context) -> list[Fetched]:
    """Return nothing: the files are here."""
    return []
