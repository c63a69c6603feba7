"""Files of predictions: what their paths say of the run, and their rows."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from warmup.common.errors import InputError
from warmup.common.files import read_places
from warmup.common.texts import nfc

_FILE = re.compile(r"(?P<split>.+)\.(?P<decoding>[^.]+)\.predictions\.jsonl(\.gz)?")
_SEED = re.compile(r"seed(\d+)")


_TEXTS = ("source", "references", "warmup", "output")
IDENTITY = ("dataset", "pair", "model", "method", "seed", "split", "decoding")
"""What the path of a prediction file says, as columns of scores.tsv."""


class Run(NamedTuple):
    """What the path of a prediction file says."""

    dataset: str
    pair: str
    model: str
    method: str
    seed: int
    split: str
    decoding: str
    path: Path


def parse_path(path: Path) -> Run:
    """Read `…/{dataset}/{pair}/{model}/{method}/seed{n}/{split}.{decoding}.predictions.jsonl`.

    Raises:
        InputError: another path.
    """
    file = _FILE.fullmatch(path.name)
    seed = _SEED.fullmatch(path.parent.name)
    if not file or not seed or len(path.parts) < 6:
        raise InputError(
            f"{path}: a prediction file must be named {{dataset}}/{{pair}}/{{model}}/{{method}}/"
            "seed{n}/{split}.{decoding}.predictions.jsonl"
        )
    dataset, pair, model, method = path.parts[-6:-2]
    return Run(dataset, pair, model, method, int(seed[1]), file["split"], file["decoding"], path)


def read_rows(
    path: Path, normalise: Callable[[str], str] = nfc
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where it is (`path:line`) and each prediction, its texts in NFC.

    Keys and types are not checked.

    Args:
        path: JSON lines.
        normalise: what brings a text into NFC.

    Raises:
        InputError: naming the line that is not a JSON object.
    """

    def normalised(value: Any) -> Any:
        if isinstance(value, list):
            return [normalised(item) for item in value]
        return normalise(value) if isinstance(value, str) else value

    for where, row in read_places(path):
        yield where, row | {key: normalised(row[key]) for key in _TEXTS if key in row}
