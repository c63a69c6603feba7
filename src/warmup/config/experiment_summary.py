"""What evaluation and reporting have to know about an experiment: `experiment.json`.

The workflow writes this file once; `warmup.config.experiment.summarise` returns its content. The
commands that compare methods and show results read it with `--experiment`. They run the code here
and not that which checks configurations, whose changes therefore make no table due.
"""

import argparse
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.config import schema
from warmup.config.decodings import Decodings
from warmup.config.methods import ROLES, Methods
from warmup.config.names import Names

FILE = "experiment.json"
DEFAULT = "(default: those of --experiment)"
"""Help of an option that names files of an experiment."""


@dataclass(frozen=True)
class ExperimentSummary:
    """Names, order and roles in an experiment, and the files that its runs have."""

    name: str = ""
    methods: Methods = field(default_factory=Methods)
    decodings: Decodings = field(default_factory=Decodings)
    tasks: Mapping[str, str] = field(default_factory=dict)
    """Data set -> its task."""
    runs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Run `DATASET/PAIR/MODEL/METHOD/seedN` -> its evaluations `SPLIT.DECODING`."""
    metrics: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Data set -> its metrics, the main one first, if they are not those of its task."""

    names: Names = field(default_factory=Names)
    """Labels and order of models and data sets."""
    chance: Mapping[str, float] = field(default_factory=dict)
    """Data set -> accuracy of guessing in %, where it is known."""
    outputs: Sequence[str] = ()
    """Methods that were not trained here: their outputs are given."""
    folder: Path = Path()
    """Where experiment.json is, next to the folders `runs` and `data`."""

    def check_names(self, where: Path, names: Mapping[str, Iterable[str]]) -> None:
        """Check that the names in a file of results are those of this experiment.

        Args:
            where: the file; errors begin with it.
            names: `dataset`, `method` or `decoding` -> its names in the file.

        Raises:
            InputError: the experiment has no such name; lists those that it has.
        """
        known: dict[str, Collection[str]] = {
            "dataset": self.tasks,
            "method": self.methods.order,
            "decoding": self.decodings.order,
        }
        for kind, found in names.items():
            if others := sorted(set(found) - set(known[kind])):
                raise InputError(
                    f"{where}: {kind} {others[0]!r} is not one of experiment {self.name!r}: "
                    + ", ".join(known[kind])
                )

    def metrics_of(self, task: str, dataset: str = "") -> list[str]:
        """Return the metrics of a data set, the main one first; without one, of all of a task."""
        usual: Sequence[str] = plugins.constant("task", task, "METRICS")
        of_task = [name for name, own in self.tasks.items() if own == task]
        lists = [self.metrics.get(name, usual) for name in ([dataset] if dataset else of_task)]
        return list(dict.fromkeys(itertools.chain.from_iterable(lists or [usual])))

    def run_files(self, name: str) -> list[Path]:
        """Return the file of this name of each run that was trained."""
        trained = (run for run in self.runs if run.split("/")[3] not in self.outputs)
        return [self.folder / "runs" / run / name for run in trained]

    def evaluation_files(self, kind: str) -> list[Path]:
        """Return the file of each evaluation whose name ends with `.{kind}`."""
        return [
            self.folder / "runs" / run / f"{evaluation}.{kind}"
            for run, evaluations in self.runs.items()
            for evaluation in evaluations
        ]

    def data_files(self, name: str) -> list[Path]:
        """Return the file of this name of each data set's pair."""
        pairs = dict.fromkeys("/".join(run.split("/")[:2]) for run in self.runs)
        return [self.folder / "data" / pair / name for pair in pairs]


_NAMES = {"type": "object", "propertyNames": {"minLength": 1}}
_LISTS = _NAMES | {"additionalProperties": {"type": "array", "items": {"type": "string"}}}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["experiment", "methods", "decodings", "tasks", "runs"],
    "properties": {
        "experiment": {"type": "string"},
        "methods": _NAMES
        | {
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["label", "role", "start", "varies"],
                "properties": {
                    "label": {"type": "string"},
                    "role": {"enum": list(ROLES)},
                    "start": {"type": ["string", "null"]},
                    "varies": {"type": ["string", "null"]},
                },
            }
        },
        "decodings": _NAMES
        | {
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["control_of"],
                "properties": {"control_of": {"type": ["string", "null"]}},
            }
        },
        "tasks": _NAMES | {"additionalProperties": {"type": "string"}},
        "runs": _LISTS,
        "metrics": _LISTS,
        "chance": _NAMES | {"additionalProperties": {"type": "number"}},
        "outputs": {"type": "array", "items": {"type": "string"}},
        "labels": _NAMES | {"additionalProperties": {"type": "string"}},
        "order": {"type": "array", "items": {"type": "string"}},
        "colours": _NAMES | {"additionalProperties": {"type": "string"}},
    },
}


def read(path: Path | None) -> ExperimentSummary:
    """Read experiment.json; an empty summary if no path is given.

    Raises:
        InputError: it cannot be read, has another form, or has a name that refers to nothing.
    """
    return ExperimentSummary() if path is None else parse(read_json(path), path)


def parse(value: Any, path: Path) -> ExperimentSummary:
    """Return a summary from the content of experiment.json.

    Args:
        value: the content.
        path: of the file; errors begin with it.

    Raises:
        InputError: it has another form, or a name that refers to nothing.
    """
    where = str(path)
    schema.check(value, _SCHEMA, where)
    methods, decodings = value["methods"], value["decodings"]
    starts = {name: entry["start"] for name, entry in methods.items() if entry["start"]}
    for name, start in starts.items():
        if start not in methods:
            raise InputError(
                f"{where}: methods.{name}.start: {start!r} is not one of: {', '.join(methods)}"
            )
    for name in starts:
        seen = {name}
        while (name := starts.get(name)) is not None:
            if name in seen:
                raise InputError(f"{where}: methods.{name}.start: it starts from itself")
            seen.add(name)
    controls = {name: own for name, entry in decodings.items() if (own := entry["control_of"])}
    usual = [name for name in decodings if name not in controls]
    for name, own in controls.items():
        if own not in usual:
            raise InputError(
                f"{where}: decodings.{name}.control_of: {own!r} is not one of: {', '.join(usual)}"
            )
    return ExperimentSummary(
        value["experiment"],
        Methods(
            tuple(methods),
            starts,
            varied={name: entry["varies"] for name, entry in methods.items() if entry["varies"]},
            roles={name: entry["role"] for name, entry in methods.items()},
            labels={name: entry["label"] for name, entry in methods.items()},
            first=[name for name in value.get("order", ()) if name in methods],
            colours=value.get("colours", {}),
        ),
        Decodings(tuple(decodings), controls),
        value["tasks"],
        value["runs"],
        value.get("metrics", {}),
        Names(value.get("labels", {}), value.get("order", ())),
        value.get("chance", {}),
        value.get("outputs", ()),
        path.parent,
    )


def add_option(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the option `--experiment`, whose value `read` reads."""
    parser.add_argument(
        "--experiment",
        type=Path,
        required=required,
        metavar="FILE",
        help=f"results/<experiment>/{FILE}: runs, methods and decodings, their order and roles"
        + (
            "" if required else " (default: the one next to the scores; none: by name, no controls)"
        ),
    )
