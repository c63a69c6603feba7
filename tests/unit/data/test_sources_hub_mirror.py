"""Data sets of the Hub, downloaded from a mirror of it in its own layout, and without network."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import hub_mirror
from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.data.sources import Context, hub

REVISION = "7d4d486c2f8ef850b1a11aead99b894ff3dd7da9"
XSUM = {
    "type": "hub", "id": "EdinburghNLP/xsum", "revision": REVISION, "split": "validation",
    "fields": {"id": "id", "source": "document", "target": "summary"},
}  # fmt: skip
"""As config/experiments/paper.yaml has it."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[hub_mirror.Mirror]:
    """Serve a data set with the names and columns of XSum. One document is empty."""
    pandas = pytest.importorskip("pandas")
    files = tmp_path / "mirror/datasets/EdinburghNLP/xsum" / REVISION
    (files / "data").mkdir(parents=True)
    (files / "README.md").write_text("---\ntask_categories: [summarization]\n---\n# XSum\n")
    for split, size in (("train", 3), ("validation", 20), ("test", 2)):
        rows = [
            {"document": f"{split}\n{n}" if n != 2 else "", "summary": f"{n}.", "id": f"3{n}"}
            for n in range(size)
        ]
        pandas.DataFrame(rows).to_parquet(files / f"data/{split}-00000-of-00001.parquet")
    with hub_mirror.serve(tmp_path / "mirror") as served:
        yield served


@pytest.fixture
def online(
    mirror: hub_mirror.Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> hub_mirror.Mirror:
    hub_mirror.use(monkeypatch, mirror.address, tmp_path / "cache", offline=False)
    return mirror


def context(root: Path) -> Context:
    return Context("valid", str(root / "data"), root / "downloads")


def records(spec: dict[str, Any], root: Path) -> list[str]:
    return [record.id for record in hub.read(spec, parse_pair("en"), context(root))]


def fetch(spec: dict[str, Any], root: Path) -> None:
    hub.fetch(spec, parse_pair("en"), context(root))


def test_xsum_is_downloaded_and_read(online: hub_mirror.Mirror, tmp_path: Path) -> None:
    fetch(XSUM, tmp_path)
    with pytest.raises(InputError, match=r"rows\.jsonl:3: record '32' has an empty source"):
        records(XSUM, tmp_path)
    spec = {**XSUM, "skip_incomplete": True}
    assert records(spec, tmp_path) == [f"3{n}" for n in range(20) if n != 2]
    sample = records({**spec, "sample": {"size": 5, "seed": 1}}, tmp_path)
    assert len(sample) == 5
    online.asked.clear()
    fetch(spec, tmp_path)  # the rows are there, whatever is taken of them
    assert online.asked == []


def test_a_list_of_files(online: hub_mirror.Mirror, tmp_path: Path) -> None:
    files = [f"data/{split}-00000-of-00001.parquet" for split in ("train", "test")]
    spec = {**XSUM, "data_files": files, "split": "train", "skip_incomplete": True}
    fetch(spec, tmp_path)
    del spec["fields"]["id"]  # both files have the same
    assert len(records(spec, tmp_path)) == 4
    assert not [line for line in online.asked if "validation" in line]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"revision": "0" * 40}, f"Revision '{'0' * 40}' doesn't exist for dataset"),
        ({"id": "EdinburghNLP/xsun"}, "Dataset 'EdinburghNLP/xsun' doesn't exist on the Hub"),
        ({"split": "dev"}, 'Unknown split "dev"'),
        ({"data_files": "data/dev*"}, r"xsum, data_files data/dev\*: No .*data files found"),
    ],
)
@pytest.mark.usefixtures("online")
def test_what_the_hub_does_not_have_is_named(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"hub data set .*{message}"):
        fetch({**XSUM, **changes}, tmp_path)


def test_a_restricted_data_set_needs_a_token(
    online: hub_mirror.Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    online.gated["EdinburghNLP/xsum"] = "hf_secret"
    wanted = r"is a gated dataset.*; agree to its terms at https://huggingface\.co/datasets/Edin"
    with pytest.raises(InputError, match=rf"{wanted}.* and set HF_TOKEN to a token"):
        fetch(XSUM, tmp_path)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(XSUM, tmp_path)


@pytest.mark.usefixtures("online")
def test_a_hub_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_mirror.use(monkeypatch, "http://127.0.0.1:9", tmp_path / "cache", offline=False)
    monkeypatch.setattr("time.sleep", lambda _: None)  # the library tries several times
    copy = f"data/huggingface.co/datasets/EdinburghNLP/xsum/resolve/{REVISION}"
    message = f"Couldn't reach 'EdinburghNLP/xsum' on the Hub .*; run again .* into .*{copy}$"
    with pytest.raises(InputError, match=message):
        fetch(XSUM, tmp_path)
    assert not list((tmp_path / "downloads").glob("*/rows.jsonl"))


def test_without_network_the_cache_of_the_hub_is_used(
    online: hub_mirror.Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import snapshot_download

    hub_mirror.use(monkeypatch, online.address, tmp_path / "cache", offline=True)
    missing = f"HF_HUB_OFFLINE is set, and the cache of the Hub, {tmp_path}/cache, does not have"
    with pytest.raises(InputError, match=missing):
        fetch(XSUM, tmp_path)
    hub_mirror.use(monkeypatch, online.address, tmp_path / "cache", offline=False)
    snapshot_download(XSUM["id"], repo_type="dataset", revision=REVISION)  # as `hf download` does
    hub_mirror.use(monkeypatch, online.address, tmp_path / "cache", offline=True)
    online.asked.clear()
    fetch(XSUM, tmp_path)
    assert len(records({**XSUM, "skip_incomplete": True}, tmp_path)) == 19
    assert online.asked == []


def test_a_copy_in_the_data_root_is_used(
    mirror: hub_mirror.Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_mirror.use(monkeypatch, "http://127.0.0.1:9", tmp_path / "cache", offline=True)
    copy = tmp_path / "data/huggingface.co/datasets/EdinburghNLP/xsum/resolve" / REVISION
    copy.parent.mkdir(parents=True)
    (mirror.root / "datasets/EdinburghNLP/xsum" / REVISION).rename(copy)
    fetch(XSUM, tmp_path)
    assert len(records({**XSUM, "skip_incomplete": True}, tmp_path)) == 19


def test_half_of_a_copy_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_mirror.use(monkeypatch, "http://127.0.0.1:9", tmp_path / "cache", offline=True)
    copy = tmp_path / "data/huggingface.co/datasets/EdinburghNLP/xsum/resolve" / REVISION
    (copy / "data").mkdir(parents=True)
    for number in (0, 2):
        (copy / f"data/validation-0000{number}-of-00003.parquet").touch()
    with pytest.raises(InputError, match=r"xsum/.*: has only 2 of the 3 files of data/validation"):
        fetch(XSUM, tmp_path)


def test_the_variables_of_the_environment(mirror: hub_mirror.Mirror, tmp_path: Path) -> None:
    """Fetch in a process of its own, which finds neither network nor cache: one line."""
    entry = {"task": "summarization", "pairs": ["en"], "splits": {"valid": XSUM}}
    options = ("--dataset", json.dumps(entry), "--pair", "en", "--downloads", str(tmp_path / "d"))
    command = ("fetch", "data", *options, "--output", str(tmp_path / "f"))
    done = hub_mirror.offline(mirror, tmp_path / "home", *command)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: hub data set EdinburghNLP/xsum: HF_HUB_OFFLINE is set, and ")
    assert mirror.asked == []
