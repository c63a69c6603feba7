"""A mirror of the Hugging Face Hub on this machine: a folder in the Hub's layout, and a server.

The folder has `{models|datasets}/{owner}/{name}/{commit}/{file}`. The server answers what the
Hub's libraries ask for when they download a repository at a commit; HF_ENDPOINT is its address.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

KINDS = ("models", "datasets")


class Mirror(ThreadingHTTPServer):
    """Serve the repositories of a folder and note what was asked for."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.gated: dict[str, str] = {}
        """Id of a restricted repository -> the token that opens it."""
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serve(root: Path) -> Iterator[Mirror]:
    """Serve a folder until the end of the block."""
    mirror = Mirror(root)
    threading.Thread(target=mirror.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield mirror
    finally:
        mirror.shutdown()
        mirror.server_close()


def use(monkeypatch: pytest.MonkeyPatch, address: str, cache: Path, *, offline: bool) -> None:
    """Make the Hub's libraries use a mirror and an own cache, as HF_ENDPOINT and HF_HOME do.

    They read these variables when they are imported, which other tests may have done before.
    """
    import datasets
    from huggingface_hub import constants

    values = {
        "ENDPOINT": address,
        "HUGGINGFACE_CO_URL_TEMPLATE": address + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_OFFLINE": offline,
    }
    for name, value in values.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", address)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", offline)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "no token"))


def offline(mirror: Mirror, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `warmup` in a process that has an empty cache and must ask nobody."""
    hub = {"HF_ENDPOINT": mirror.address, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "warmup", *arguments],
        env=os.environ | hub, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _digest(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    server: Mirror
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        is_api = parts[0] == "api"
        parts = parts[1:] if is_api else parts
        kind = parts.pop(0) if parts[0] in KINDS else "models"
        identifier, what, rest = "/".join(parts[:2]), parts[2:3], parts[3:]
        if kind not in KINDS or not what or not rest:
            return self._refuse(404, "EntryNotFound")
        token = self.server.gated.get(identifier)
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            return self._refuse(401 if not self.headers.get("Authorization") else 403, "GatedRepo")
        if not (repository := self.server.root / kind / identifier).is_dir():
            return self._refuse(404, "RepoNotFound")
        if not (folder := repository / rest[0]).is_dir():
            return self._refuse(404, "RevisionNotFound")
        if what == ["resolve"]:
            return self._send_file(folder.joinpath(*rest[1:]), rest[0])
        return self._send(self._describe(identifier, folder, what[0], folder.joinpath(*rest[1:])))

    def _describe(self, identifier: str, folder: Path, what: str, inner: Path) -> Any:
        """Return what the API says of a repository or of files in it."""
        query = parse_qs(urlsplit(self.path).query)
        if what == "tree":
            deep = query.get("recursive", [""])[0].lower() == "true"
            paths = inner.rglob("*") if deep else inner.glob("*")
            return [self._entry(path, folder) for path in sorted(paths)]
        names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
        siblings = [{"rfilename": name} for name in names]
        return {"id": identifier, "sha": folder.name, "siblings": siblings, "tags": []}

    def _entry(self, path: Path, folder: Path) -> dict[str, Any]:
        name = str(path.relative_to(folder))
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
        return {"type": "file", "path": name, "oid": _digest(path), "size": path.stat().st_size}

    def _send(self, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_file(self, path: Path, commit: str) -> None:
        if not path.is_file():
            return self._refuse(404, "EntryNotFound", commit)
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", f'"{_digest(path)}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        return None

    def _refuse(self, status: int, code: str, commit: str = "") -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", code)
        if commit:
            self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", "0")
        self.end_headers()
