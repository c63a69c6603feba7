"""Data sets that are part of the package: they are there, unchanged, with their licence."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.data.sources import Context, packaged

SPEC = {
    "type": "packaged", "format": "tsv", "file": "dut_test.tsv.gz",
    "fields": {"source": 0, "target": 1}, "characters": ["source"],
}  # fmt: skip
CONTEXT = Context("test", "data", Path("downloads"))
DUTCH = parse_pair("nl")


def test_dutch_pronunciations_are_those_of_the_shared_task():
    sizes = {"train": 8000, "dev": 1000, "test": 1000}
    readme = (packaged.ROOT / "README.md").read_text(encoding="utf-8")
    for split, size in sizes.items():
        file = f"dut_{split}.tsv.gz"
        text = gzip.decompress((packaged.ROOT / file).read_bytes())
        assert hashlib.sha256(text).hexdigest() in readme
        assert len(list(packaged.read({**SPEC, "file": file}, DUTCH, CONTEXT))) == size


def test_the_data_root_does_not_matter(tmp_path):
    there = list(packaged.read(SPEC, DUTCH, replace(CONTEXT, data_root=str(tmp_path))))
    assert there == list(packaged.read(SPEC, DUTCH, CONTEXT))
    assert (there[2].source, there[2].targets) == ("aanbesteden", ["aː n b ə s t eː d ə n"])


def test_every_file_has_its_licence():
    readme = (packaged.ROOT / "README.md").read_text(encoding="utf-8")
    licence = (packaged.ROOT / "CC-BY-SA-3.0.txt").read_text(encoding="utf-8")
    files = {path.name for path in packaged.ROOT.iterdir()} - {"README.md"}
    assert all(name in readme for name in files)
    assert "Attribution-ShareAlike 3.0 Unported" in licence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": "fin.trn.gz"}, r"no such file: .*packaged/fin\.trn\.gz"),
        ({"url": "x"}, "unknown key 'url'"),
        ({"characters": ["output"]}, "characters\.0: 'output' is not one of: source, target"),
        ({"characters": "source"}, "characters: 'source' is not of type 'array'"),
        ({"characters": [["source"]]}, r"characters\.0: \[\'source\'\] is not one of"),
    ],
)
def test_wrong_settings_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        list(packaged.read(SPEC | change, DUTCH, CONTEXT))
