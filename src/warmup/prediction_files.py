"""Files of predictions: what their paths say of the run."""

import re
from pathlib import Path
from typing import NamedTuple

from warmup.errors import InputError

_FILE = re.compile(r"(?P<split>.+)\.(?P<decoding>[^.]+)\.predictions\.jsonl(\.gz)?")
_SEED = re.compile(r"seed(\d+)")


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
