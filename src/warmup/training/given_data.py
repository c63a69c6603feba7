"""The data that a trainer is given, a `datasets.Dataset`, as the examples of a model."""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from datasets import Dataset

from warmup.common.errors import InputError
from warmup.common.files import sha256, write_jsonl
from warmup.common.texts import Normaliser
from warmup.config.settings import CheckpointFormat
from warmup.data.batches import Examples, check_positions
from warmup.data.records import Record, from_dict
from warmup.data.token_files import Form
from warmup.models.interface import LanguageModel

FOLDER = "_data"
"""Folder of records and their tokens in `output_dir`. `push_to_hub` leaves out names with `_`."""
_OTHER_NAMES = {"prompt": "source", "completion": "targets", "target": "targets"}
"""Columns that stand for keys of a record."""
_KEYS = {field.name for field in fields(Record)}


def tokenise(
    dataset: Any, where: str, model: LanguageModel, form: CheckpointFormat, output_dir: Path
) -> Examples:
    """Return the rows of a data set as tokens of a model.

    Args:
        dataset: a `datasets.Dataset` with texts as `source` and `target`, or as `prompt` and
            `completion`. Columns with the name of another key of a record, such as `id` or
            `source_lang`, are read, too.
        where: what errors call it, such as `train_dataset`.
        model: the model.
        form: the content of its `warmup.json`.
        output_dir: gets a folder of records and tokens, which are used again by the next start.

    Raises:
        InputError: it is not such a data set, it has no rows, or a row has no text.
    """
    records = _records(dataset, where, form)
    folder = output_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    # as `warmup prepare` writes them, so that they are read and kept in one way
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".jsonl", delete=False) as stream:
        written = Path(stream.name)  # several processes may do the same
    write_jsonl(written, (record.to_dict() for record in records))
    path = written.replace(folder / f"{sha256(written)[:16]}.jsonl")
    examples = Examples(
        path,
        Form(form.task, form.max_source_tokens, form.max_target_tokens),
        model.tokenizer,
        control=model.tokens.of_form,
        folder=folder / "tokens",
    )
    check_positions(model.network, examples.input_ids.longest, where)
    return examples


def _records(dataset: Any, where: str, form: CheckpointFormat) -> Iterator[Record]:
    """Yield the rows of a data set as records, and say which columns are not read."""
    if not isinstance(dataset, Dataset):
        raise InputError(
            f"{where}: needs a datasets.Dataset, not {type(dataset).__name__}; make one with "
            "Dataset.from_list([{'source': …, 'target': …}, …])"
        )
    columns = _columns(dataset.column_names, where)
    if not len(dataset):
        raise InputError(f"{where}: it has no rows")
    if unused := [name for name in dataset.column_names if name not in columns]:
        print(f"{where}: columns that are not used: {', '.join(unused)}", file=sys.stderr)
    normaliser = Normaliser()
    for number, row in enumerate(dataset):
        values = {key: row[name] for name, key in columns.items() if row[name] is not None}
        targets = values.get("targets")
        if isinstance(targets, str):
            values["targets"] = [targets]
        given = {"id": str(number)} | ({"prefix": form.prefix} if form.prefix else {})
        record = from_dict(given | values, f"{where}: row {number}", Record)
        yield record.with_texts(normaliser)
    if note := normaliser.note():
        print(f"{where}: {note}", file=sys.stderr)


def _columns(names: list[str], where: str) -> dict[str, str]:
    """Return the key of a record that each column stands for, of those that stand for one."""
    known = _KEYS | _OTHER_NAMES.keys()
    columns = {name: _OTHER_NAMES.get(name, name) for name in names if name in known}
    keys = list(columns.values())
    twice = [name for name, key in columns.items() if keys.count(key) > 1]
    if twice:
        raise InputError(f"{where}: the columns {' and '.join(twice)} mean the same; drop one")
    if "source" not in keys or not {"targets", "choices"} & set(keys):
        raise InputError(
            f"{where}: its columns are {', '.join(names) or 'none'}; needs source and target, or "
            "prompt and completion: dataset.rename_columns({OLD: NEW, …})"
        )
    return columns
