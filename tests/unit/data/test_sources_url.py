"""Files at an address: where they are kept, their hashes, and archives."""

import gzip
import hashlib
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.data.sources import Context, url

CONTENT = b"one\teins\ntwo\tzwei\n"
FIELDS = {"en": 0, "de": 1}
PAIR = parse_pair("en-de")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def spec(**entry: Any) -> dict[str, Any]:
    return {"type": "url", "format": "tsv", "file": entry, "fields": FIELDS}


def sources(root: Path, spec: dict[str, Any]) -> list[str]:
    context = Context("test", str(root), root / "downloads")
    return [record.source for record in url.read(spec, PAIR, context)]


def tar(members: dict[str, bytes], kind: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, link_type in (("data/link.tsv", tarfile.SYMTYPE), ("hard.tsv", tarfile.LNKTYPE)):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = link_type, "/etc/passwd"
            archive.addfile(link)
    return buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("address", ["a.tsv", "{root}/a.tsv", "file://{root}/a.tsv"])
def test_a_path_is_read_in_place_and_checked(address: str, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(CONTENT)
    address = address.format(root=tmp_path)
    assert sources(tmp_path, spec(url=address, sha256=digest(CONTENT))) == ["one", "two"]
    with pytest.raises(InputError, match=r"a\.tsv: sha256 is .*, but the configuration expects "):
        sources(tmp_path, spec(url=address, sha256="0" * 64))


def test_parallel_text_with_one_file_a_language(tmp_path: Path) -> None:
    entries = {}
    for code, content in [("en", b"one\n"), ("de", b"eins\n")]:
        (tmp_path / f"a.{code}").write_bytes(content)
        entries[code] = {"url": f"a.{code}", "sha256": digest(content)}
    text = {"type": "url", "format": "text", "files": entries}
    assert sources(tmp_path, text) == ["one"]


def test_the_hash_of_the_content_survives_another_compression(tmp_path: Path) -> None:
    for level in (1, 9):
        (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(CONTENT * 99, level))
        entry = spec(url="a.tsv.gz", content_sha256=digest(CONTENT * 99))
        assert len(sources(tmp_path, entry)) == 198
    with pytest.raises(InputError, match="content_sha256 is "):
        sources(tmp_path, spec(url="a.tsv.gz", content_sha256=digest(CONTENT)))


OUTSIDE = Path(tempfile.gettempdir(), "warmup-outside-of-the-archive.tsv").absolute()
MEMBERS = {"data/x.tsv": CONTENT, "../x.tsv": CONTENT, str(OUTSIDE): CONTENT}
ARCHIVES = {
    "a.tar": tar(MEMBERS, ""),
    "a.tar.gz": tar(MEMBERS, "gz"),
    "a.tar.xz": tar(MEMBERS, "xz"),
    "a.zip": zipped({**MEMBERS, "data/": b""}),
}
"""With members that an unpacked archive would write outside its folder, and links out of it."""


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_member_of_an_archive_is_read_and_nothing_is_unpacked(name: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / name).write_bytes(ARCHIVES[name])
    whole = spec(url=name, sha256=digest(ARCHIVES[name]), member="data/x.tsv")
    content = spec(url=name, content_sha256=digest(CONTENT), member="data/x.tsv")
    assert sources(root, whole) == sources(root, content) == ["one", "two"]
    assert list(tmp_path.rglob("*")) == [root, root / name]
    assert not OUTSIDE.exists()


@pytest.mark.parametrize("stored", ["data/x.tsv", "./data/x.tsv"])
@pytest.mark.parametrize("asked", ["data/x.tsv", "./data/x.tsv"])
def test_a_point_before_the_name_of_a_member_does_not_matter(
    stored: str, asked: str, tmp_path: Path
) -> None:
    members = {"./data/a.tsv": b"", stored: CONTENT, "./data/z.tsv": b""}
    for name, archive in (("a.tgz", tar(members, "gz")), ("a.zip", zipped(members))):
        (tmp_path / name).write_bytes(archive)
        entry = spec(url=name, sha256=digest(archive), member=asked)
        assert sources(tmp_path, entry) == ["one", "two"]


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.xz", "a.zip"])
def test_half_of_an_archive_is_one_line(name: str, tmp_path: Path) -> None:
    text = b"".join(b"%d\t%d\n" % (n, n * n) for n in range(9999))
    whole = {"a.zip": zipped}.get(name, lambda members: tar(members, name[6:]))({"x.tsv": text})
    half = whole[: len(whole) // 2]
    (tmp_path / name).write_bytes(half)
    for pinned in ({"sha256": digest(half)}, {"content_sha256": digest(text)}):
        with pytest.raises(InputError, match=rf"{name}:x\.tsv: cannot read: "):
            sources(tmp_path, spec(url=name, member="x.tsv", **pinned))


def test_a_compressed_member(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"x.tsv.gz": gzip.compress(CONTENT)}))
    entry = spec(url="a.zip", content_sha256=digest(CONTENT), member="x.tsv.gz")
    assert sources(tmp_path, entry) == ["one", "two"]


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("../x.tsv", "member '../x.tsv' leads out of the archive"),
        (str(OUTSIDE), f"member '{OUTSIDE}' leads out of the archive"),
        ("/etc/passwd", "member '/etc/passwd' leads out of the archive"),
        ("data/y.tsv", "no file 'data/y.tsv' in the archive; it has data/x.tsv"),
        ("data/", "no file 'data/' in the archive"),
        ("data/link.tsv", "no file 'data/link.tsv' in the archive"),
        ("hard.tsv", "no file 'hard.tsv' in the archive"),
    ],
)
def test_wrong_members_are_refused(name: str, member: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(ARCHIVES[name])
    with pytest.raises(InputError, match=message):
        sources(tmp_path, spec(url=name, sha256=digest(ARCHIVES[name]), member=member))


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.xz", "a.zip"])
def test_broken_archives_are_named(name: str, tmp_path: Path) -> None:
    content = b"this is no archive" * 99
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}:x\.tsv: cannot read: "):
        sources(tmp_path, spec(url=name, sha256=digest(content), member="x.tsv"))


def test_a_plain_file_has_no_members(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(CONTENT)
    with pytest.raises(InputError, match=r"a\.tsv: has no members; an archive is one of \.tar"):
        sources(tmp_path, spec(url="a.tsv", sha256=digest(CONTENT), member="x.tsv"))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"url": "a.tsv"}, "a.tsv: needs sha256 or content_sha256"),
        ({"sha256": "0" * 64}, r"splits\.test \(url\): 'url' is a required property"),
        (
            {"url": "a.tsv", "sha256": "0" * 63},
            r"sha256: .* does not match .*64 hexadecimal digits",
        ),
        (
            {"url": "a.tsv", "md5": "0"},
            "unknown key 'md5'; valid keys: bytes, content_sha256, member, mirrors,",
        ),
        ({"url": "b.tsv", "sha256": "0" * 64}, r"b\.tsv: no such file: .*b\.tsv$"),
        (
            {"url": "a.tsv", "sha256": "0" * 64, "mirrors": ["b.tsv"]},
            r"mirrors\.0: 'b\.tsv' is not of type 'object'",
        ),
        (
            {"url": "a.tsv", "sha256": "0" * 64, "mirrors": [{"url": "b", "format": "tsv"}]},
            r"mirrors\.0: unknown key 'format'; valid keys: bytes, content_sha256, member, sha256",
        ),
        ({"url": "ftp://host/a", "sha256": "0" * 64}, "must be http, https, file, or a path"),
        ({"url": "http://[::1/a", "sha256": "0" * 64}, "not a valid address"),
        (
            {"url": "http://host/a.tsv", "sha256": "0" * 64},
            r"a\.tsv; `warmup fetch data`",
        ),
    ],
)
def test_wrong_entries_are_refused(entry: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(CONTENT)
    with pytest.raises(InputError, match=message):
        sources(tmp_path, spec(**entry))


def test_an_entry_must_have_a_hash_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a file must be \{url: …, sha256: …\}, not 'a\.tsv'"):
        sources(tmp_path, {**spec(), "file": "a.tsv"})
