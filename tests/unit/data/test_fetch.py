"""Downloading, tried on a server of this machine."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.data.dataset import Dataset, parse
from warmup.data.fetch import fetch
from warmup.data.prepare import prepare
from warmup.data.sources import _download

CONTENT = gzip.compress(b"".join(b"%d dogs\t%d Hunde\n" % (n, n) for n in range(20_000)))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serve `files` and note what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {"/a.tsv.gz": CONTENT}
        self.ranges: list[str | None] = []
        self.cut_after: list[int] = []
        """How many bytes of the next answers arrive before the connection breaks."""
        self.failures: list[int] = []
        """Status of the next answers."""
        self.knows_ranges = True

    def address(self, path: str = "/a.tsv.gz") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.server.failures:
            return self.send_error(self.server.failures.pop(0))
        content = self.server.files.get(self.path)
        if content is None:
            return self.send_error(404)
        start = 0
        if asked and self.server.knows_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.cut_after.pop(0) if self.server.cut_after else None
        self.wfile.write(content[start:][:cut])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(_download, "_PAUSE", 0.0)
    server = Server()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def dataset(url: str, **entry: Any) -> Dataset:
    file = {"url": url, **(entry or {"sha256": SHA256})}
    spec = {"type": "url", "format": "tsv", "file": file, "fields": {"en": 0, "de": 1}}
    return parse({"task": "translation", "pairs": ["en-de"], "splits": {"test": spec}})


def get(wanted: Dataset, downloads: Path) -> list[dict[str, Any]]:
    return fetch(wanted, wanted.pair("en-de"), data_root=".", downloads=downloads)


def test_the_data_root_may_be_an_address(server: Server, tmp_path: Path) -> None:
    wanted = dataset("a.tsv.gz")
    root = server.address("/")
    (file,) = fetch(wanted, wanted.pair("en-de"), data_root=root, downloads=tmp_path)
    assert file["origin"] == server.address()
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "a.tsv.gz").write_bytes(CONTENT)
    for place in (root, str(tmp_path / "local")):
        summary = prepare(
            wanted,
            wanted.pair("en-de"),
            data_root=place,
            downloads=tmp_path,
            output_dir=tmp_path / "out",
        )
        assert summary["splits"]["test"]["records"] == 20_000


def location(url: str) -> str:
    return f"{hashlib.sha256(url.encode()).hexdigest()[:16]}/{url.rsplit('/', 1)[1]}"


def test_a_file_is_downloaded_once_and_read_offline(server: Server, tmp_path: Path) -> None:
    wanted = dataset(server.address())
    (file,) = get(wanted, tmp_path)
    assert file == {
        "origin": server.address(),
        "path": location(server.address()),
        "sha256": SHA256,
        "bytes": len(CONTENT),
    }
    assert (tmp_path / file["path"]).read_bytes() == CONTENT
    assert get(wanted, tmp_path) == [file]
    assert server.ranges == [None]
    server.shutdown()
    summary = prepare(
        wanted,
        wanted.pair("en-de"),
        data_root=".",
        downloads=tmp_path,
        output_dir=tmp_path / "out",
    )
    assert summary["splits"]["test"]["records"] == 20_000


def test_content_hash_of_a_compressed_file(server: Server, tmp_path: Path) -> None:
    content = hashlib.sha256(gzip.decompress(CONTENT)).hexdigest()
    assert get(dataset(server.address(), content_sha256=content), tmp_path)
    with pytest.raises(InputError, match="content_sha256 is"):
        get(dataset(server.address(), content_sha256="0" * 64), tmp_path)


def test_an_interrupted_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cut_after = [1000, 500]
    (file,) = get(dataset(server.address()), tmp_path)
    assert file["sha256"] == SHA256
    assert server.ranges == [None, "bytes=1000-", "bytes=1500-"]


def test_what_an_earlier_run_left_is_used(server: Server, tmp_path: Path) -> None:
    server.cut_after = [100, 100, 100, 100]
    with pytest.raises(InputError, match="the connection was closed early, after 400 of "):
        get(dataset(server.address()), tmp_path)
    get(dataset(server.address()), tmp_path)
    assert server.ranges[-1] == "bytes=400-"


def test_a_server_that_sends_everything_again(server: Server, tmp_path: Path) -> None:
    server.cut_after, server.knows_ranges = [1000], False
    (file,) = get(dataset(server.address()), tmp_path)
    assert file["sha256"] == SHA256


@pytest.mark.parametrize("left", [b"of another version", CONTENT, CONTENT + b"more"])
def test_a_wrong_rest_is_thrown_away(left: bytes, server: Server, tmp_path: Path) -> None:
    path = tmp_path / location(server.address())
    path.parent.mkdir()
    path.with_name("partial-a.tsv.gz").write_bytes(left)
    get(dataset(server.address()), tmp_path)
    assert path.read_bytes() == CONTENT


def test_a_file_that_has_changed_is_downloaded_anew(server: Server, tmp_path: Path) -> None:
    path = tmp_path / location(server.address())
    path.parent.mkdir()
    path.write_bytes(b"old")
    get(dataset(server.address()), tmp_path)
    assert path.read_bytes() == CONTENT


def test_failures_that_pass_are_tried_again(server: Server, tmp_path: Path) -> None:
    server.failures = [503, 429]
    assert get(dataset(server.address()), tmp_path)


@pytest.mark.parametrize(
    ("failures", "message"),
    [
        ([404], "the server answered 404 Not Found; a copy of the file may be put at "),
        ([403], "the server answered 403 Forbidden; a copy"),
        ([500] * 4, "cannot download: the server answered 500 .*; run again"),
    ],
)
def test_failures_that_last_are_told(
    failures: list[int], message: str, server: Server, tmp_path: Path
) -> None:
    server.failures = list(failures)
    with pytest.raises(InputError, match=message):
        get(dataset(server.address()), tmp_path)
    assert len(server.ranges) == len(failures)


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_download, "_PAUSE", 0.0)
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9/a: cannot download: .*refused"):
        get(dataset("http://127.0.0.1:9/a"), tmp_path)


def test_a_wrong_hash_leaves_nothing(server: Server, tmp_path: Path) -> None:
    found = rf"sha256 is {SHA256} \({len(CONTENT):,} bytes\), but the configuration expects 000"
    with pytest.raises(InputError, match=found):
        get(dataset(server.address(), sha256="0" * 64), tmp_path)
    assert [path.name for path in tmp_path.rglob("*.gz")] == []


def test_a_web_page_is_not_data(server: Server, tmp_path: Path) -> None:
    server.files["/login"] = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
    said = (
        r"the server sent a web page instead of data \(55 bytes, which begin with '<!DOCTYPE html>"
    )
    with pytest.raises(InputError, match=said):
        get(dataset(server.address("/login")), tmp_path)


@pytest.mark.parametrize("start", [b"<html>", b"\xef\xbb\xbf \n<!DOCTYPE HTML><html>"])
def test_a_web_page_leaves_the_next_start_nothing_either(
    start: bytes, server: Server, tmp_path: Path
) -> None:
    server.files["/a.tsv.gz"] = start + b" Please log in </html>"
    server.cut_after = [8]
    wanted = dataset(server.address())
    path = tmp_path / location(server.address())
    path.parent.mkdir()
    path.with_name("partial-a.tsv.gz").write_bytes(CONTENT[:1000])  # of an earlier start
    for _ in range(2):
        with pytest.raises(InputError, match="sent a web page instead of data"):
            get(wanted, tmp_path)
        assert [item.name for item in path.parent.iterdir()] == ["a.tsv.gz.lock"]
    server.files["/a.tsv.gz"] = CONTENT
    get(wanted, tmp_path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("host", ["a..b", "127.0.0.1:1/ä", "x" * 100])
def test_an_address_that_cannot_be(host: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a valid address"):
        get(dataset(f"http://{host}/a.tsv.gz"), tmp_path)


def url_entry(server: Server, path: str, content: bytes, **more: Any) -> dict[str, Any]:
    return {
        "url": server.address(path), "sha256": hashlib.sha256(content).hexdigest(), **more
    }  # fmt: skip


def test_further_addresses_are_tried_in_their_order(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = gzip.decompress(CONTENT)
    server.files |= {"/wrong.tsv": b"1\t2\n", "/a.tsv": text}
    first = url_entry(server, "/away.tsv.gz", CONTENT)
    mirrors = [url_entry(server, "/wrong.tsv", text), url_entry(server, "/a.tsv", text)]
    wanted = dataset(**first, mirrors=mirrors)
    (file,) = get(wanted, tmp_path)
    assert file["origin"] == server.address("/a.tsv")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].endswith(f"404 Not Found; trying {server.address('/wrong.tsv')}")
    assert said[1].endswith(f"; trying {server.address('/a.tsv')}")
    server.ranges.clear()
    assert get(wanted, tmp_path) == [file]
    assert server.ranges == []  # nothing is asked of the first address again
    summary = prepare(
        wanted, wanted.pair("en-de"), data_root=".", downloads=tmp_path, output_dir=tmp_path / "out"
    )
    assert summary["splits"]["test"]["records"] == 20_000


def test_if_all_addresses_fail_each_is_told(server: Server, tmp_path: Path) -> None:
    server.files["/wrong.tsv.gz"] = b"other"
    mirror = {"url": server.address("/wrong.tsv.gz")}  # the same file, so the same hash
    wanted = dataset(**url_entry(server, "/away", CONTENT, bytes=len(CONTENT)), mirrors=[mirror])
    with pytest.raises(InputError) as error:
        get(wanted, tmp_path)
    away, wrong, copy = str(error.value).split("; ")
    assert away == f"{server.address('/away')}: the server answered 404 Not Found"
    found = hashlib.sha256(b"other").hexdigest()
    assert wrong == (
        f"{server.address('/wrong.tsv.gz')}: sha256 is {found} (5 bytes), but the configuration "
        f"expects {SHA256} ({len(CONTENT):,} bytes)"
    )
    assert copy == f"a copy of the file may be put at 127.0.0.1:{server.server_port}/away"


def test_a_copy_in_the_data_root_is_used_instead_of_a_download(tmp_path: Path) -> None:
    wanted = dataset("http://127.0.0.1:9/wmt/a.tsv.gz")
    copy = tmp_path / "root/127.0.0.1:9/wmt/a.tsv.gz"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    places = {"data_root": str(tmp_path / "root"), "downloads": tmp_path / "downloads"}
    assert fetch(wanted, wanted.pair("en-de"), **places) == []
    summary = prepare(wanted, wanted.pair("en-de"), **places, output_dir=tmp_path / "out")
    assert summary["splits"]["test"]["records"] == 20_000
    copy.write_bytes(b"half of it")
    with pytest.raises(InputError, match=r"sha256 is .* \(10 bytes\), but the config"):
        fetch(wanted, wanted.pair("en-de"), **places)


def test_two_processes_take_turns(server: Server, tmp_path: Path) -> None:
    wanted = dataset(server.address())
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: get(wanted, tmp_path), range(2))
    assert one == other
    assert len(server.ranges) == 1


def test_the_command_line(server: Server, tmp_path: Path) -> None:
    wanted = dataset(server.address())
    entry = {"task": wanted.task, "pairs": ["en-de"], "splits": wanted.splits}
    output = tmp_path / "fetched.json"
    result = subprocess.run(
        [
            *(sys.executable, "-m", "warmup", "fetch", "data", "--dataset", json.dumps(entry)),
            *("--pair", "en-de", "--downloads", str(tmp_path / "d"), "--output", str(output)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("1 files, ")
    assert read_json(output)["files"][0]["sha256"] == SHA256


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


ONE_LINE: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "another file": (b"other", {}, r"sha256 is .* \(5 bytes\), but the configuration expects"),
    "half of the file": (half(CONTENT), {}, "sha256 is .* bytes.*, but the configuration expects"),
    "a web page": (b"<html>Log in</html>", {}, "a web page instead of data .*'<html>Log in"),
    "half of the archive": (
        half(CONTENT),
        {"sha256": hashlib.sha256(half(CONTENT)).hexdigest()},
        r"a\.tsv\.gz: cannot read: Compressed file ended",
    ),
    "not an archive": (
        b"text",
        {"sha256": hashlib.sha256(b"text").hexdigest()},
        r"a\.tsv\.gz: cannot read: Not a gzipped file",
    ),
}
"""What the server sends, what the configuration says, and what the commands say of it."""


@pytest.mark.parametrize("case", ONE_LINE)
def test_what_is_wrong_with_a_download_is_one_line(
    case: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, entry, message = ONE_LINE[case]
    server.files["/a.tsv.gz"] = content
    wanted = dataset(server.address(), **entry)
    splits = json.dumps({"task": wanted.task, "pairs": ["en-de"], "splits": wanted.splits})
    given = ["--dataset", splits, "--pair", "en-de", "--downloads", str(tmp_path / "d")]
    with pytest.raises(SystemExit) as ended:
        main(["fetch", "data", *given, "--output", str(tmp_path / "fetched.json")])
        main(["prepare", *given, "--output-dir", str(tmp_path / "out")])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(f"^error: .*{message}", line)
