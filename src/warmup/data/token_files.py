"""Records as token ids in Arrow files: made once per file of records and tokenizer, memory-mapped.

A token file is named by a hash of all that it depends on: the bytes of the records, the task and
its code, the tokenizer, and the limits. So it is never out of date, whoever made it, and files that
nothing asks for any more can be deleted at any time. Next to it, a JSON file has the counts of what
was lost of the texts; it is written last, so a token file without it is not complete.
"""

import importlib.metadata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, overload

import pyarrow as pa
import pyarrow.compute as pc

from warmup.common import code_digest, plugins
from warmup.common.errors import InputError
from warmup.common.files import atomic, locked, read_json, sha256, write_json
from warmup.common.progress import counted
from warmup.common.provenance import digest
from warmup.data import text_counts
from warmup.data.encoding import Encoder
from warmup.data.records import read_records
from warmup.data.text_counts import Counts

_COLUMN = pa.list_(pa.int32())
_SCHEMA = pa.schema({"input_ids": _COLUMN, "labels": _COLUMN})
_AT_ONCE = 5000  # records that are held in memory together
_PACKAGES = ("tokenizers", "transformers")


@dataclass(frozen=True)
class Form:
    """How records become token ids, besides the tokenizer."""

    task: str
    """Renders records as text."""
    max_source_tokens: int
    """The most tokens of an input, see `Encoder.inputs`."""
    max_target_tokens: int
    """The most tokens of a target, its end token included."""
    limit: int | None = None
    """Take the first records only."""


class Rows(Sequence[list[int]]):
    """Rows of token ids in a file that is mapped into memory."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, index: int) -> list[int]: ...

    @overload
    def __getitem__(self, index: slice) -> list[list[int]]: ...

    def __getitem__(self, index: int | slice) -> list[int] | list[list[int]]:
        found: Any = self._column[index]
        rows: list[Any] = found.to_pylist() if isinstance(index, slice) else found.as_py()
        return rows

    def __iter__(self) -> Iterator[list[int]]:
        for chunk in self._column.chunks:
            yield from chunk.to_pylist()

    @property
    def longest(self) -> int:
        """The largest number of tokens in a row."""
        longest: int = pc.max(pc.list_value_length(self._column)).as_py()
        return longest


@dataclass(frozen=True)
class Tokens:
    """The content of a token file."""

    input_ids: Rows
    labels: Rows
    inputs: Counts
    """What was lost of the inputs."""
    targets: Counts
    """What was lost of the targets."""


def tokens(records: Path, form: Form, encoder: Encoder, folder: Path) -> Tokens:
    """Return records as token ids, of a token file in a folder, which is made if it is missing.

    Of several processes that need the same file, one makes it and the others wait. A killed one
    leaves no file that would be taken for a complete one.

    Args:
        records: file of records.
        form: how they become token ids.
        encoder: holds the tokenizer.
        folder: folder of token files.

    Raises:
        InputError: the file has no record, or one does not fit the task.
    """
    place = folder / _key(records, form, encoder)
    file, counts = place / "tokens.arrow", place / "counts.json"
    with locked(place):
        if not counts.exists():
            write_json(counts, [asdict(one) for one in _write(file, records, form, encoder)])
    # not read but mapped: the pages in use are in memory, and the system can take them back
    table = pa.ipc.open_stream(pa.memory_map(str(file))).read_all()
    return Tokens(
        Rows(table["input_ids"]),
        Rows(table["labels"]),
        *(Counts(**row) for row in read_json(counts)),
    )


def _write(file: Path, records: Path, form: Form, encoder: Encoder) -> tuple[Counts, Counts]:
    """Write records as token ids, some at a time; return the counts of inputs and targets."""
    render = plugins.load("task", form.task).render
    inputs = text_counts.Counter(encoder, form.max_source_tokens)
    targets = text_counts.Counter(encoder, form.max_target_tokens)
    with atomic(file) as temporary, pa.OSFile(str(temporary), "wb") as stream:
        with pa.ipc.new_stream(stream, _SCHEMA) as writer:
            left = counted(islice(read_records(records), form.limit), f"tokenising {records}")
            while some := list(islice(left, _AT_ONCE)):
                texts = [render(record) for record in some]
                read = encoder.inputs([text.input for text in texts], form.max_source_tokens)
                written = encoder.targets([text.target for text in texts], form.max_target_tokens)
                inputs.add([str(text.input) for text in texts], read)
                targets.add([text.target for text in texts], written)
                columns = [pa.array(rows, type=_COLUMN) for rows in (read.ids, written.ids)]
                writer.write_batch(pa.record_batch(columns, schema=_SCHEMA))
        if not inputs.texts:
            raise InputError(f"{records}: no records")
    return inputs.counts(), targets.counts()


def _key(records: Path, form: Form, encoder: Encoder) -> str:
    """Return a hash of all that the token file depends on."""
    task = f"{plugins.PACKAGES['task']}.{form.task}"
    return digest(
        {
            "records": sha256(records),
            "form": asdict(form),
            "encoder": encoder.fingerprint(),
            "code": code_digest.digest(__name__, task),
            "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        }
    )
