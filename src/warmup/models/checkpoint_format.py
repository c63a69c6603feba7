"""`warmup.json`: what `warmup generate` has to know about a checkpoint."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError, unknown
from warmup.common.files import read_json, write_json
from warmup.config import schema
from warmup.config.conversion import from_json
from warmup.config.settings import CheckpointFormat, RunConfig

_OF_DATASET = ("task", "max_source_tokens", "max_target_tokens", "prefix")
FORMAT_FILE = "warmup.json"
"""Name of the file in a checkpoint's folder, next to the files of `transformers`."""


def format_of(run: RunConfig) -> CheckpointFormat:
    """Return the format of the checkpoints of a run."""
    sampling = run.method.sampling
    return CheckpointFormat(
        architecture=run.model.architecture,
        separator=run.model.separator,
        prompt_end=run.model.prompt_end,
        dtype=run.model.dtype,
        task=run.dataset.task,
        max_warmup_tokens=sampling.max_tokens if sampling else None,
        warmup_samples=sampling.samples if sampling else None,
        max_source_tokens=run.dataset.max_source_tokens,
        max_target_tokens=run.dataset.max_target_tokens,
        prefix=run.dataset.prefix,
    )


def write_format(folder: Path, form: CheckpointFormat) -> None:
    """Write `warmup.json` to a checkpoint's folder."""
    document = asdict(form)
    if form.prefix is None:
        del document["prefix"]
    write_json(folder / FORMAT_FILE, document)


def read_format(folder: Path) -> CheckpointFormat:
    """Read a checkpoint's `warmup.json` and check it with the bounds of a configuration.

    Raises:
        InputError: the folder, the file or a key is missing, or a value is invalid.
    """
    path = folder / FORMAT_FILE
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    if not path.exists():
        raise InputError(
            f"{folder}: has no {FORMAT_FILE}, which says how its model generates; for a checkpoint "
            f"of transformers, `warmup export {shlex.quote(str(folder))} --task TASK` writes it"
        )
    form = read_json(path)
    return parse_format(form, str(path))


def parse_format(form: Any, where: str) -> CheckpointFormat:
    """Return the format that the content of a `warmup.json` describes; `where` begins errors.

    Raises:
        InputError: a key is missing, or a value is invalid.
    """
    schema.check(form, _schema(), where)
    for key, kind in (("architecture", "architecture"), ("task", "task")):
        if form[key] not in plugins.names(kind):
            raise InputError(f"{where}: {unknown(kind, form[key], plugins.names(kind))}")
    return from_json(CheckpointFormat, form)


def _schema() -> dict[str, Any]:
    definitions = schema.read()["$defs"]
    model, dataset = (definitions[name]["properties"] for name in ("model", "dataset"))
    sampling = definitions["method_settings"]["properties"]["sampling"]["properties"]
    keys = {name: model[name] for name in ("architecture", "separator", "prompt_end", "dtype")}
    keys |= {name: dataset[name] for name in _OF_DATASET}
    without_warmups = {"max_warmup_tokens": "max_tokens", "warmup_samples": "samples"}
    for name, setting in without_warmups.items():
        keys[name] = sampling[setting] | {"type": ["integer", "null"]}
    required = sorted(keys.keys() - {"warmup_samples", "prefix"})
    return {"type": "object", "required": required, "properties": keys}
