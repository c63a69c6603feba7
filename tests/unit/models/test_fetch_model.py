"""Downloading a model, with the Hub's own library replaced by one that writes or fails."""

import fnmatch
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import errors
from huggingface_hub.utils import filter_repo_objects

from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.models import fetch_model as module
from warmup.models.fetch_model import fetch_model

REVISION = "0123456789" * 4
REPOSITORY = (
    "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "spiece.model",
    "merges.txt", "pytorch_model.bin", "tf_model.h5", "README.md", "modeling_x.py",
    "original/consolidated.00.pth", "original/params.json", "onnx/model.safetensors",
)  # fmt: skip


class Hub:
    """Stands for `snapshot_download` of a repository with the given files."""

    def __init__(self, *files: str) -> None:
        self.files = files
        self.calls: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def __call__(self, repository: str, **options: Any) -> str:
        self.calls.append({"repository": repository, **options})
        folder = Path(options["local_dir"])
        (folder / ".cache" / "huggingface").mkdir(parents=True, exist_ok=True)
        (folder / ".cache" / "huggingface" / "notes").write_text("")
        chosen = filter_repo_objects(
            self.files,
            allow_patterns=options["allow_patterns"],
            ignore_patterns=options["ignore_patterns"],
        )
        for number, name in enumerate(chosen):
            if self.error and number == 1:
                raise self.error
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"{name} of {options['revision']}")
        if self.error:
            raise self.error
        return str(folder)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    stand_in = Hub(*REPOSITORY)
    monkeypatch.setattr(module, "snapshot_download", stand_in)
    return stand_in


def content(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_configuration_tokenizer_and_safe_weights_are_taken(hub: Hub, tmp_path: Path) -> None:
    fetch_model("a/b", REVISION, tmp_path / "models" / "m")
    assert content(tmp_path / "models") == sorted(
        ["m", "m/config.json", "m/generation_config.json", "m/merges.txt", "m/model.safetensors",
         "m/spiece.model", "m/tokenizer.json"]
    )  # fmt: skip
    (call,) = hub.calls
    assert (call["repository"], call["revision"]) == ("a/b", REVISION)


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "model.pt", "model.pth", "model.ckpt", "model.msgpack", "x.py"]
)
def test_nothing_that_can_hold_code_is_asked_for(name: str) -> None:
    assert not any(fnmatch.fnmatch(name, pattern) for pattern in module.FILES)


def test_a_folder_that_holds_something_is_not_replaced(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "dear.txt").write_text("years of work")
    with pytest.raises(InputError, match="m: is not empty; delete it"):
        fetch_model("a/b", REVISION, tmp_path / "m")
    assert content(tmp_path) == ["m", "m/dear.txt"]
    assert hub.calls == []


def test_an_interrupted_download_goes_on_and_the_folder_appears_whole(
    hub: Hub, tmp_path: Path
) -> None:
    hub.error = OSError("disk full")
    with pytest.raises(InputError, match=r"^a/b: cannot download: disk full$"):
        fetch_model("a/b", REVISION, tmp_path / "m")
    assert not (tmp_path / "m").exists()
    partial = Path(hub.calls[0]["local_dir"])
    assert (partial / "config.json").is_file()
    hub.error = None
    fetch_model("a/b", REVISION, tmp_path / "m")
    assert hub.calls[1]["local_dir"] == partial
    assert content(tmp_path)[0] == "m"
    assert not partial.exists()


def test_another_revision_does_not_go_on_with_it(hub: Hub, tmp_path: Path) -> None:
    hub.error = OSError("disk full")
    for revision in (REVISION, "f" * 40):
        with pytest.raises(InputError):
            fetch_model("a/b", revision, tmp_path / "m")
    assert hub.calls[0]["local_dir"] != hub.calls[1]["local_dir"]


def test_a_revision_without_safetensors_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.files = ("config.json", "pytorch_model.bin", "onnx/model.safetensors")
    message = (
        f"a/b has no weights as safetensors at revision {REVISION}, .* choose another revision"
    )
    with pytest.raises(InputError, match=message):
        fetch_model("a/b", REVISION, tmp_path / "m")
    assert content(tmp_path) == []


def refusal(kind: type[errors.HfHubHTTPError], status: int) -> Exception:
    request = httpx2.Request("GET", "https://huggingface.co/a/b")
    return kind(f"{status} for url\nmore", response=httpx2.Response(status, request=request))


def unreachable() -> Exception:
    error = errors.LocalEntryNotFoundError("we cannot find the snapshot folder")
    error.__cause__ = httpx2.ConnectError("Name or service not known")
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            refusal(errors.GatedRepoError, 403),
            "access is restricted; agree to its terms .*set HF_TOKEN",
        ),
        (refusal(errors.RepositoryNotFoundError, 404), "no such model on the Hub.*HF_TOKEN"),
        (refusal(errors.RevisionNotFoundError, 404), f"has no revision {REVISION}$"),
        (refusal(errors.HfHubHTTPError, 500), "the Hub refused: 500 for url"),
        (unreachable(), "cannot reach the Hub: Name or service not known; run again later"),
        (httpx2.ProxyError("407"), "cannot download: 407"),
    ],
)
def test_what_went_wrong_is_told(error: Exception, message: str, hub: Hub, tmp_path: Path) -> None:
    hub.error = error
    with pytest.raises(InputError, match=f"^a/b: {message}"):
        fetch_model("a/b", REVISION, tmp_path / "m")


def test_errors_are_one_line(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub.error = refusal(errors.HfHubHTTPError, 500)
    entry = json.dumps({"hub": "a/b", "revision": REVISION})
    with pytest.raises(SystemExit) as exit_:
        main(["fetch", "model", "--model", entry, "--output", str(tmp_path / "m")])
    assert exit_.value.code == 2
    assert capsys.readouterr().err == "error: a/b: the Hub refused: 500 for url more\n"


def test_command_line(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = tmp_path / "entry.json"
    # the whole entry of a configuration, as the rule gives it
    entry.write_text(
        json.dumps({"architecture": "encoder_decoder", "hub": "a/b", "revision": REVISION})
    )
    output = tmp_path / "m"
    main(["fetch", "model", "--model", str(entry), "--output", str(output)])
    assert capsys.readouterr().out.startswith("a/b: 6 files, ")
    assert (output / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"revision": REVISION}, "'hub' is a required property"),
        ({"hub": "a/b"}, "'revision' is a required property"),
        ({"hub": 1, "revision": REVISION}, "hub: 1 is not of type 'string'"),
        ({"hub": "a/b", "revision": "main"}, "revision: 'main' does not match"),
        (
            {"hub": "a/b", "revision": REVISION, "pickled_sha256": "1" * 63},
            f"pickled_sha256: '{'1' * 63}' does not match",
        ),
    ],
)
def test_an_entry_that_is_not_of_the_hub(
    entry: dict[str, Any],
    message: str,
    hub: Hub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["fetch", "model", "--model", json.dumps(entry), "--output", str(tmp_path / "m")])
    assert f"--model: {message}" in capsys.readouterr().err
    assert hub.calls == []
