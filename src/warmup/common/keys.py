"""What identifies a run and its evaluations within an experiment, as a path and as columns."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Self

from warmup.common.errors import InputError

RUN = "{dataset}/{pair}/{model}/{method}/seed{seed}"
"""Path of a run below the folder of all runs."""
EVALUATION = RUN + "/{split}.{decoding}"
"""How the path of each file of an evaluation begins."""
_SEED = re.compile(r"seed(\d+)")
_PREDICTIONS = re.compile(r"(?P<split>.+)\.(?P<decoding>[^.]+)\.predictions\.jsonl(\.gz)?")


@dataclass(frozen=True, order=True)
class RunKey:
    """Identifies a trained model."""

    dataset: str
    pair: str
    model: str
    method: str
    seed: int

    @property
    def path(self) -> str:
        """Return the path below the folder of all runs."""
        return RUN.format(**self.as_row())

    @classmethod
    def columns(cls) -> dict[str, type]:
        """Return the columns in their order, with their types."""
        return {field.name: field.type for field in fields(cls) if isinstance(field.type, type)}

    @classmethod
    def from_row(cls, row: Mapping[Any, Any]) -> Self:
        """Return the key of a row that has these columns, in the right types, and maybe others."""
        return cls(**{name: row[name] for name in cls.columns()})

    def as_row(self) -> dict[str, Any]:
        """Return the columns with their values."""
        return asdict(self)


def run_of(folder: Path) -> RunKey:
    """Return the run whose folder this is, by the last five parts of its path.

    Raises:
        InputError: another path.
    """
    seed = _SEED.fullmatch(folder.name)
    if not seed or len(folder.parts) < 5:
        raise InputError(f"{folder}: the folder of a run must be named {RUN}")
    dataset, pair, model, method = folder.parts[-5:-1]
    return RunKey(dataset, pair, model, method, int(seed[1]))


@dataclass(frozen=True, order=True)
class EvaluationKey(RunKey):
    """Identifies the predictions of a trained model for a split, and all that is made of them."""

    split: str
    decoding: str

    @property
    def path(self) -> str:
        """Return how the paths of its files begin, below the folder of all runs."""
        return EVALUATION.format(**self.as_row())

    @classmethod
    def from_path(cls, predictions: Path) -> Self:
        """Return the key that the path of a file of predictions says.

        Raises:
            InputError: another path.
        """
        file, folder = _PREDICTIONS.fullmatch(predictions.name), predictions.parent
        if not file or not _SEED.fullmatch(folder.name) or len(folder.parts) < 5:
            raise InputError(
                f"{predictions}: a prediction file must be named {EVALUATION}.predictions.jsonl"
            )
        run = run_of(folder)
        return cls(**run.as_row(), split=file["split"], decoding=file["decoding"])


class Setting(NamedTuple):
    """What methods are compared on."""

    task: str
    dataset: str
    pair: str
    model: str
    split: str

    @classmethod
    def from_row(cls, row: Mapping[Any, Any]) -> Self:
        """Return the setting of a row that has these columns, and maybe others."""
        return cls(*(row[name] for name in cls._fields))

    @property
    def data(self) -> str:
        """Data set and pair; the split too, unless it goes without saying."""
        return self.data_called(self.dataset)

    def data_called(self, dataset: str) -> str:
        """Return the same with another name of the data set."""
        split = "" if self.split in ("train", "test") else f" ({self.split})"
        return f"{dataset} {self.pair}{split}"
