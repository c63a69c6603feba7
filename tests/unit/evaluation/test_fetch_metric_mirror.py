"""The model of a neural metric, downloaded from a mirror of the Hub, and without network."""

import json
from pathlib import Path

import pytest

from helpers import hub_mirror
from warmup.__main__ import main
from warmup.common.files import read_json

REVISION, ENCODER = "2760a223ac957f30acfb18c8aa649b01cf1d75f2", "c" * 40
ENTRY = {"hub": "Unbabel/wmt22-comet-da", "revision": REVISION, "encoder_revision": ENCODER}
FILES = {
    f"Unbabel/wmt22-comet-da/{REVISION}/hparams.yaml": (
        "class_identifier: regression_metric\npretrained_model: tiny/xlm\n"
    ),
    f"Unbabel/wmt22-comet-da/{REVISION}/checkpoints/model.ckpt": "weights",
    f"tiny/xlm/{ENCODER}/config.json": "{}",
    f"tiny/xlm/{ENCODER}/tokenizer.json": "{}",
    f"tiny/xlm/{ENCODER}/model.safetensors": "not needed",
}
WANTED = {
    "hparams.yaml", "checkpoints/model.ckpt", "encoder/config.json", "encoder/tokenizer.json",
    "origin.json",
}  # fmt: skip


def fetch(folder: Path) -> dict[str, str]:
    """Fetch into a folder; return the description."""
    output = folder.with_suffix(".json")
    given = ["--metric", "comet", "--entry", json.dumps(ENTRY), "--folder", str(folder)]
    main(["fetch", "metric", *given, "--output", str(output)])
    described: dict[str, str] = read_json(output)
    return described


def test_with_a_mirror_and_then_from_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import snapshot_download

    for name, text in FILES.items():
        path = tmp_path / "mirror/models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with hub_mirror.serve(tmp_path / "mirror") as mirror:
        hub_mirror.use(monkeypatch, mirror.address, tmp_path / "cache", offline=False)
        online = fetch(tmp_path / "online")
        for repository, revision in ((ENTRY["hub"], REVISION), ("tiny/xlm", ENCODER)):
            snapshot_download(repository, revision=revision)  # as `hf download` does
        hub_mirror.use(monkeypatch, mirror.address, tmp_path / "cache", offline=True)
        mirror.asked.clear()
        offline = fetch(tmp_path / "offline")
        assert mirror.asked == []
    for described in (online, offline):
        folder = Path(described["folder"])
        files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert files == WANTED
    assert online["sha256"] == offline["sha256"]


def test_without_network_and_cache_the_metric_is_not_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub_mirror.use(monkeypatch, "http://127.0.0.1:9", tmp_path / "cache", offline=True)
    reason = fetch(tmp_path / "comet")["not_computed"]
    assert reason.startswith("Unbabel/wmt22-comet-da: HF_HUB_OFFLINE is set, and the cache of the")
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"comet cannot be computed: {reason}"
