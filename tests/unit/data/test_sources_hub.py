"""Data sets of the Hub, tried on folders as the Hub has them; nothing here uses the network."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from warmup.common.errors import InputError
from warmup.common.files import write_text
from warmup.common.languages import parse_pair
from warmup.data.sources import Context, hub

PAIR = parse_pair("de-en")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data set of two splits, as JSON lines and as Parquet."""
    pandas = pytest.importorskip("pandas")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    path = tmp_path / "wmt"
    rows = [{"translation": {"en": f"{n} dogs", "de": f"{n} Hünde\u2028"}} for n in range(5)]
    write_text(path / "lines" / "train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (path / "parquet").mkdir()
    pandas.DataFrame(rows).to_parquet(path / "parquet" / "train.parquet")
    return path


def spec(**changes: Any) -> dict[str, Any]:
    fields = {"en": "translation.en", "de": "translation.de"}
    return {"type": "hub", "split": "train", "fields": fields, **changes}


@pytest.mark.parametrize("kind", ["lines", "parquet"])
def test_what_is_fetched_is_read(kind: str, folder: Path, tmp_path: Path) -> None:
    context = Context("train", str(tmp_path), tmp_path / "downloads")
    entry = spec(id=str(folder / kind), split="train[:4]", limit=3)
    (fetched,) = hub.fetch(entry, PAIR, context)
    assert (tmp_path / "downloads" / fetched.path).stat().st_size == fetched.bytes
    records = list(hub.read(entry, PAIR, context))
    assert [record.source for record in records] == ["0 Hünde", "1 Hünde", "2 Hünde"]
    assert records[0].targets == ["0 dogs"]
    assert len(list(hub.read({**entry, "limit": 9}, PAIR, context))) == 4


def test_files_can_be_chosen(folder: Path, tmp_path: Path) -> None:
    context = Context("train", str(tmp_path), tmp_path / "downloads")
    entry = spec(id=str(folder), data_files="parquet/*.parquet")
    hub.fetch(entry, PAIR, context)
    assert len(list(hub.read(entry, PAIR, context))) == 5


def test_a_split_that_is_not_there_is_named(folder: Path, tmp_path: Path) -> None:
    context = Context("train", str(tmp_path), tmp_path / "downloads")
    with pytest.raises(InputError, match=r'hub data set .*lines: Unknown split "test"'):
        hub.fetch(spec(id=str(folder / "lines"), split="test"), PAIR, context)
    assert not list((tmp_path / "downloads").glob("*/rows.jsonl"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "a/b needs a revision: a commit, 40 hexadecimal digits"),
        ({"revision": "main"}, "revision: 'main' does not match .*a commit, 40 hexadecimal"),
        ({"revision": 7}, "revision: 7 is not of type 'string'"),
        ({"revision": "0" * 40, "trust_remote_code": True}, "unknown key 'trust_remote_code'"),
        (
            {"revision": "0" * 40},
            r"a/b is not in .*downloads; `warmup fetch data` downloads",
        ),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    context = Context("train", str(tmp_path), tmp_path / "downloads")
    with pytest.raises(InputError, match=message):
        list(hub.read(spec(id="a/b", **changes), PAIR, context))


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    context = Context("train", str(tmp_path), tmp_path / "downloads")
    with pytest.raises(InputError, match="is a folder, which has no revision"):
        list(hub.read(spec(id=str(tmp_path), revision="0" * 40), PAIR, context))


def test_preparing_does_not_import_heavy_libraries() -> None:
    code = (
        "import sys, warmup.data.prepare, warmup.data.fetch\n"
        "from warmup.common import plugins\n"
        "for kind in ('source', 'task', 'generator'):\n"
        "    [plugins.load(kind, name) for name in plugins.names(kind)]\n"
        "print(*{'torch', 'transformers', 'datasets', 'pandas'} & set(sys.modules))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout.split() == []
