"""Files with the outputs of a method that is not trained here, but somebody else's system.

`methods.NAME.outputs` is a folder with `DATASET/PAIR/SPLIT.txt`, or `.jsonl`, or one such file if
the runs of the method have only one test split.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from warmup.common.errors import InputError
from warmup.config.settings import ExperimentConfig

SUFFIXES = (".txt", ".txt.gz", ".jsonl", ".jsonl.gz")


class Place(NamedTuple):
    """A test split of a data set and pair, for which a method has outputs."""

    method: str
    dataset: str
    pair: str
    split: str


def files(config: ExperimentConfig) -> dict[Place, Path]:
    """Return the file of each method, data set, pair and test split; it exists.

    Raises:
        InputError: there is no such file, or more than one.
    """
    places = dict.fromkeys(_places(config))
    count = dict.fromkeys(config.outputs, 0)
    for place in places:
        count[place.method] += 1
    return {
        place: _file(Path(config.data_root) / config.outputs[place.method], place, count)
        for place in places
    }


def _places(config: ExperimentConfig) -> Iterator[Place]:
    for entry in config.runs:
        for method in entry.outputs:
            for name in entry.datasets:
                dataset = config.datasets[name]
                for pair in dataset.pairs if entry.pairs is None else entry.pairs:
                    for split in dataset.splits:
                        if pair in dataset.pairs and split not in ("train", "valid"):
                            yield Place(method, name, pair, split)


def _file(path: Path, place: Place, count: dict[str, int]) -> Path:
    where = f"config: methods.{place.method}.outputs"
    below = f"{place.dataset}/{place.pair}/{place.split}"
    if path.is_file():
        if count[place.method] > 1:
            raise InputError(
                f"{where}: {path} is one file for {count[place.method]} test splits; give a folder "
                f"with {below}.txt and the others"
            )
        if not path.name.endswith(SUFFIXES):
            raise InputError(f"{where}: {path} must end in {', '.join(SUFFIXES)}")
        return path
    if not path.is_dir():
        raise InputError(f"{where}: no such file or folder: {path}")
    found = [one for suffix in SUFFIXES if (one := path / f"{below}{suffix}").is_file()]
    if len(found) != 1:
        problem = (
            f"has no {below}" if not found else f"has both {found[0].name} and {found[1].name}"
        )
        raise InputError(f"{where}: {path} {problem}; it needs one of {', '.join(SUFFIXES)}")
    return found[0]
