"""Specifications of local files, and what writes and reads them."""

import json
from pathlib import Path
from typing import Any

from warmup.common.files import write_text
from warmup.common.languages import parse_pair
from warmup.data.records import Record
from warmup.data.sources import Context, local

TEXT = {"type": "local", "format": "text", "files": {"en": "a.en", "de": "a.de"}}
TSV = {"type": "local", "format": "tsv", "file": "a.tsv", "fields": {"en": 0, "de": 1}}
JSONL = {
    "type": "local",
    "format": "jsonl",
    "file": "a.jsonl",
    "fields": {"source": "document", "target": "summary"},
}
CHOICE_FIELDS = {"source": "text", "choices": "options", "answer": "answer"}


def read(root: Path, spec: dict[str, Any], pair: str = "en-de") -> list[Record]:
    return list(local.read(spec, parse_pair(pair), Context("train", str(root), root / "downloads")))


def write(root: Path, **files: str) -> None:
    """Write `a_en="…"` to `a.en`."""
    for name, text in files.items():
        write_text(root / name.replace("_", "."), text)


def write_rows(root: Path, *rows: dict[str, Any]) -> None:
    write(root, a_jsonl="".join(json.dumps(row) + "\n" for row in rows))
