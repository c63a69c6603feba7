"""Models of the Hub, downloaded from a mirror of it in its own layout, and without network."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import hub_mirror
from warmup.common.errors import InputError
from warmup.models.fetch_model import fetch_model

REVISION = "4e20de362430cd3b72f300e6b0f18e50e7166e08"
ID = "meta-llama/Llama-3.2-1B"
FILES = {
    "config.json": "{}", "model.safetensors": "weights", "tokenizer.json": "{}",
    "original/consolidated.00.pth": "pickled", "README.md": "# Llama",
}  # fmt: skip


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[hub_mirror.Mirror]:
    folder = tmp_path / "mirror/models" / ID / REVISION
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with hub_mirror.serve(tmp_path / "mirror") as served:
        yield served


@pytest.fixture
def online(
    mirror: hub_mirror.Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> hub_mirror.Mirror:
    hub_mirror.use(monkeypatch, mirror.address, tmp_path / "cache", offline=False)
    return mirror


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


WANTED = {"config.json", "model.safetensors", "tokenizer.json"}


def test_what_a_model_needs_is_downloaded(online: hub_mirror.Mirror, tmp_path: Path) -> None:
    fetch_model(ID, REVISION, tmp_path / "model")
    assert written(tmp_path / "model") == WANTED
    assert (tmp_path / "model/model.safetensors").read_text() == "weights"
    assert not [line for line in online.asked if line.endswith(("README.md", ".pth"))]


def test_a_restricted_model_without_a_token(
    online: hub_mirror.Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    online.gated[ID] = "hf_secret"
    message = rf"{ID}: access is restricted; agree to its terms at .*/{ID} and set HF_TOKEN"
    with pytest.raises(InputError, match=message):
        fetch_model(ID, REVISION, tmp_path / "model")
    assert not (tmp_path / "model").exists()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match=message):
        fetch_model(ID, REVISION, tmp_path / "model")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch_model(ID, REVISION, tmp_path / "model")
    assert written(tmp_path / "model") == WANTED


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("hub", "revision", "message"),
    [
        (ID, "0" * 40, f"{ID}: has no revision 000"),
        ("meta-llama/Lama", REVISION, "no such model on the Hub, or a private one"),
    ],
)
def test_what_the_hub_does_not_have(hub: str, revision: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        fetch_model(hub, revision, tmp_path / "model")


def test_a_hub_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_mirror.use(monkeypatch, "http://127.0.0.1:9", tmp_path / "cache", offline=False)
    monkeypatch.setattr("time.sleep", lambda _: None)  # the library tries several times
    with pytest.raises(InputError, match=rf"{ID}: cannot reach the Hub: .*; run again later"):
        fetch_model(ID, REVISION, tmp_path / "model")


def test_without_network_the_cache_of_the_hub_is_used(
    online: hub_mirror.Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download(ID, revision=REVISION)  # as `hf download` does
    hub_mirror.use(monkeypatch, online.address, tmp_path / "cache", offline=True)
    online.asked.clear()
    fetch_model(ID, REVISION, tmp_path / "model")
    assert written(tmp_path / "model") == WANTED
    assert not [path for path in (tmp_path / "model").iterdir() if path.is_symlink()]
    assert online.asked == []


def test_the_variables_of_the_environment(mirror: hub_mirror.Mirror, tmp_path: Path) -> None:
    """Fetch in a process of its own, which finds neither network nor cache: one line."""
    model = json.dumps({"hub": ID, "revision": REVISION})
    command = ("fetch", "model", "--output", str(tmp_path / "m"), "--model", model)
    done = hub_mirror.offline(mirror, tmp_path / "home", *command)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {ID}: HF_HUB_OFFLINE is set, and the cache of the Hub, ")
    assert mirror.asked == []
