"""Bring the outputs of another system into the form of predictions: `warmup import-outputs`."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.files import read_lines, read_places
from warmup.common.texts import Normaliser
from warmup.data import predictions
from warmup.data.predictions import Prediction
from warmup.data.records import Record, read_records


def import_outputs(outputs: Path, examples: Path, task: str) -> list[Prediction]:
    """Return the outputs of another system as predictions for the records of a split.

    Args:
        outputs: text with one output per line, in the order of the records; or JSON lines with `id`
            and `output`, in any order, whose other keys are ignored.
        examples: the records, as `warmup prepare` writes them.
        task: turns records into references.

    Raises:
        InputError: a record has no output, or an output has no record.
    """
    records = list(read_records(examples))
    json = outputs.name.removesuffix(".gz").endswith(".jsonl")
    texts = _by_id(outputs, records) if json else _by_line(outputs, records)
    render = plugins.load("task", task).render
    normalise = Normaliser()
    return [
        Prediction(
            id=record.id,
            source=" ".join(filter(None, (record.features, record.source))),
            references=render(record).references,
            warmup="",
            output=normalise(texts[record.id]).strip(),
            output_log_probability=None,
            warmup_tokens=0,
            output_tokens=None,
            meta=record.meta,
            task=task,
            target_lang=record.target_lang or None,
        )
        for record in records
    ]


def _by_line(path: Path, records: list[Record]) -> Mapping[str, str]:
    lines = list(read_lines(path))
    if len(lines) != len(records):
        raise InputError(f"{path} has {len(lines)} lines, but the split has {len(records)} records")
    return {record.id: line for record, line in zip(records, lines, strict=True)}


def _by_id(path: Path, records: list[Record]) -> Mapping[str, str]:
    known = {record.id for record in records}
    found: dict[str, str] = {}
    for where, row in read_places(path):
        key, text = row.get("id"), row.get("output")
        if not isinstance(key, str | int) or not isinstance(text, str):
            raise InputError(f"{where}: needs id and output, both texts")
        if str(key) not in known:
            raise InputError(f"{where}: the split has no record with the id {key!r}")
        if str(key) in found:
            raise InputError(f"{where}: id {key!r} was used before")
        found[str(key)] = text
    if missing := [record.id for record in records if record.id not in found]:
        number = f"{len(missing)} of {len(records)} records"
        raise InputError(f"{path}: {number} have no output, such as {missing[0]!r}")
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    options: dict[str, Any] = {"type": Path, "required": True, "metavar": "FILE"}
    add = parser.add_argument
    add("--outputs", help="text, one output per line, or JSON lines with id and output", **options)
    add("--input", help="the records, as `warmup prepare` writes them", **options)
    add("--task", required=True, metavar="TASK", help=", ".join(plugins.names("task")))
    add("--output", help="predictions.jsonl to write", **options)


def run(options: argparse.Namespace) -> None:
    """Write the outputs of another system as predictions, so that they are scored as ours are."""
    found = import_outputs(options.outputs, options.input, options.task)
    predictions.write(options.output, found)
    print(f"{options.output}: {len(found)} outputs")
