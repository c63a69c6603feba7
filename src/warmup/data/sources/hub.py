"""Records of a data set of the Hugging Face Hub, at a pinned revision.

    {type: hub, id: csebuetnlp/xlsum, name: english, split: train, revision: <commit>,
     fields: {source: text, target: summary}}

id          data set, or a folder on this machine
split       its split, such as `train` or `train[:1000]`
revision    commit of the data set, 40 digits; not for a folder
fields      as described in `warmup.data.sources._table`; for rows with an object of languages
            `{en: translation.en, de: translation.de}`
name        its configuration (optional)
data_files  pattern of the files within it, if it has no configuration, or a list (optional)

If the data root is a folder that has the data set under its address,
`{data_root}/huggingface.co/datasets/{id}/resolve/{revision}`, it is read there instead of being
downloaded. With HF_HUB_OFFLINE it is read from the cache of the Hub, as `hf download` fills it.

Which rows are taken, `warmup.data.sources._selection` describes. `fetch` writes the split as JSON
lines into the downloads folder; `read` needs neither the network nor the library. Code that comes
with a data set is never run.
"""

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import atomic, read_lines, sha256
from warmup.common.languages import Pair
from warmup.config import schema
from warmup.data.records import Record
from warmup.data.sources import Context, Fetched, _copies, _table

NEEDS_NETWORK = True
_PART = re.compile(r"(?P<split>.+)-[0-9]{5}-of-(?P<total>[0-9]{5})\.\w+")


def read(spec: Mapping[str, Any], pair: Pair, context: Context) -> Iterator[Record]:
    """Yield the records of a split, without using the network.

    Raises:
        InputError: a key is not valid, the data set was not fetched yet, or a row is malformed.
    """
    where = _check(spec, context)
    path = _locate(spec, context)
    if not path.is_file():
        raise InputError(
            f"{where}: {spec['id']} is not in {context.downloads}; `warmup fetch data` downloads it"
        )
    text = _table.Text(str(path), partial(read_lines, path))
    table = _as_table(spec, context)
    return _table.read(where, table, pair, lambda _: text, context.left_out)


def check(spec: Mapping[str, Any], pair: Pair, split: str, data_root: str) -> None:
    """Check the entry of a split; whether the Hub has it is seen when it is downloaded.

    Raises:
        InputError: a key is not valid.
    """
    context = Context(split, data_root, Path())
    where = _check(spec, context)
    _table.check(where, _as_table(spec, context), pair)


def fetch(spec: Mapping[str, Any], pair: Pair, context: Context) -> list[Fetched]:
    """Download a split, unless it is there already.

    Raises:
        InputError: a key is not valid, or the library cannot load the data set; says why.
    """
    _check(spec, context)
    path = _locate(spec, context)
    # a folder on this machine is not pinned: it is read anew each time
    if "revision" not in spec or not path.is_file():
        with atomic(path) as temporary:
            _write_rows(spec, context, temporary)
    origin = f"hub:{spec['id']}@{spec.get('revision', 'folder')}:{spec['split']}"
    relative = str(path.relative_to(context.downloads))
    return [Fetched(origin, relative, sha256(path), path.stat().st_size)]


def _check(spec: Mapping[str, Any], context: Context) -> str:
    where = f"splits.{context.split} (hub)"
    text = {"type": "string"}
    required = {"type": text, "id": text, "split": text, "fields": {"type": "object"}}
    several = {"type": ["string", "array"], "items": text, "minItems": 1}
    optional = {"revision": {"$ref": "#/$defs/revision"}, "name": text, "data_files": several}
    schema.check(spec, schema.mapping(required, optional | _table.OPTIONAL), where)
    if Path(spec["id"]).is_dir():
        if "revision" in spec:
            raise InputError(f"{where}: {spec['id']} is a folder, which has no revision")
    elif "revision" not in spec:
        raise InputError(f"{where}: {spec['id']} needs a revision: a commit, 40 hexadecimal digits")
    return where


def _as_table(spec: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the entry of the table that `fetch` writes."""
    path = _locate(spec, context)
    table = {"type": "hub", "format": "jsonl", "file": str(path), "fields": spec["fields"]}
    return table | {key: spec[key] for key in _table.OPTIONAL if key in spec}


def _locate(spec: Mapping[str, Any], context: Context) -> Path:
    identity = [spec.get(key) for key in ("id", "name", "data_files", "split", "revision")]
    folder = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
    return context.downloads / folder / "rows.jsonl"


def _write_rows(spec: Mapping[str, Any], context: Context, path: Path) -> None:
    """Write the rows of a split as JSON lines."""
    import datasets  # noqa: PLC0415  # slow to import, and only needed here

    if not sys.stderr.isatty():  # a log has no use for them
        datasets.disable_progress_bars()
    folder = _folder(spec, context)
    if folder and "data_files" not in spec:
        _refuse_missing_parts(folder)
    try:
        rows = datasets.load_dataset(
            str(folder) if folder else spec["id"],
            spec.get("name"),
            data_files=spec.get("data_files"),
            split=spec["split"],
            revision=None if folder else spec["revision"],
            cache_dir=str(context.downloads / "hub"),
        )
        rows.to_json(path)
    except Exception as error:  # the library lets through errors of many others
        advice = ""
        if isinstance(error, ConnectionError):
            advice = _advice(spec, context)
        elif "is a gated dataset" in str(error):
            page = f"https://huggingface.co/datasets/{spec['id']}"
            advice = f"; agree to its terms at {page} and set HF_TOKEN to a token of that account"
        files = f", data_files {spec['data_files']}" if "data_files" in spec else ""
        raise InputError(f"hub data set {spec['id']}{files}: {error}{advice}") from None


def _folder(spec: Mapping[str, Any], context: Context) -> Path | None:
    """Return the folder of a data set that is on this machine, None if it has to be downloaded.

    Raises:
        InputError: the network may not be used, and the cache of the Hub does not have it.
    """
    from huggingface_hub import constants, snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    if "revision" not in spec:
        return Path(spec["id"])
    copy = _copy(spec, context)
    if copy and copy.is_dir():
        return copy
    if not constants.HF_HUB_OFFLINE:
        return None
    try:
        found = snapshot_download(
            spec["id"],
            repo_type="dataset",
            revision=spec["revision"],
            allow_patterns=spec.get("data_files"),
            local_files_only=True,
        )
    except LocalEntryNotFoundError:
        raise InputError(
            f"hub data set {spec['id']}: HF_HUB_OFFLINE is set, and the cache of the Hub, "
            f"{constants.HF_HUB_CACHE}, does not have all of revision {spec['revision']}"
            f"{_advice(spec, context)}"
        ) from None
    return Path(found)


def _copy(spec: Mapping[str, Any], context: Context) -> Path | None:
    address = f"https://huggingface.co/datasets/{spec['id']}/resolve/{spec['revision']}"
    return _copies.place(address, context.data_root)


def _advice(spec: Mapping[str, Any], context: Context) -> str:
    copy = _copy(spec, context)
    return f"; run again with a network, or put a copy of its files into {copy}" if copy else ""


def _refuse_missing_parts(folder: Path) -> None:
    """Raise an `InputError` if the folder has only some of the files that are parts of one split.

    They are called `train-00000-of-00003.parquet` and so on.
    """
    found: Counter[tuple[str, str]] = Counter()
    for path in folder.rglob("*-of-*"):
        if part := _PART.fullmatch(str(path.relative_to(folder))):
            found[part["split"], part["total"]] += 1
    for (split, total), count in sorted(found.items()):
        if count < int(total):
            raise InputError(f"{folder}: has only {count} of the {int(total)} files of {split}")
