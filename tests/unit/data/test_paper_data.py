"""The data of the paper's configurations, read from small files of the same names and formats."""

from pathlib import Path
from typing import Any

import pytest

from helpers import paper_files
from warmup.common.files import read_jsonl
from warmup.config import files
from warmup.data.dataset import Dataset, parse
from warmup.data.fetch import fetch
from warmup.data.prepare import prepare

ROOT = Path(__file__).parents[3] / "config/experiments"
EXPERIMENTS = {
    "paper": [ROOT / "paper.yaml"],
    "paper_large": [ROOT / "paper.yaml", ROOT / "paper-large.yaml"],
}
SAMPLE = 5
SIZES = {"paper": paper_files.LINES - 2, "paper_large": 2 * (paper_files.LINES - 2)}
"""Complete pairs of News Commentary, and of this and another corpus."""


def datasets(name: str) -> dict[str, Any]:
    """Return the data sets of an experiment."""
    found: dict[str, Any] = files.read(EXPERIMENTS[name])["datasets"]
    return found


@pytest.fixture(scope="module", params=EXPERIMENTS)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return an experiment's name, its data sets with small samples, and a data root with files."""
    pytest.importorskip("pandas")
    root = tmp_path_factory.mktemp(request.param)
    entries = datasets(request.param)
    paper_files.write_copies(entries, root)
    for entry in entries.values():
        if "sample" in entry["splits"]["train"]:
            entry["splits"]["train"]["sample"]["size"] = SAMPLE
    return request.param, entries, root


def described(entry: dict[str, Any]) -> Dataset:
    return parse({key: entry[key] for key in ("task", "pairs", "splits")})


def made(dataset: Dataset, pair: str, root: Path) -> tuple[dict[str, Any], Path]:
    """Return the summary of a prepared pair, and its folder."""
    places: Any = {"data_root": str(root), "downloads": root / "downloads"}
    fetch(dataset, dataset.pair(pair), **places)
    folder = root / "out" / pair
    return prepare(dataset, dataset.pair(pair), **places, output_dir=folder)["splits"], folder


@pytest.mark.parametrize("language", ["de", "fr", "ru", "zh"])
def test_both_directions_train_on_the_same_pairs(language: str, small: Any) -> None:
    name, entries, root = small
    dataset = described(entries[f"wmt_{language}"])
    pairs = []
    for pair in (f"en-{language}", f"{language}-en"):
        found, folder = made(dataset, pair, root)
        left_out = found["train"]["left_out_of_source"]
        assert found["train"]["records"] == SAMPLE
        assert left_out["incomplete"] == 2 * SIZES[name] // (paper_files.LINES - 2)
        assert left_out["not_sampled"] == SIZES[name] - SAMPLE
        assert (found["valid"]["records"], found["flores"]["records"]) == (paper_files.LINES,) * 2
        rows = [(row["source"], row["targets"][0]) for row in read_jsonl(folder / "train.jsonl")]
        pairs.append(rows if pair.startswith("en") else [(two, one) for one, two in rows])
    assert pairs[0] == pairs[1]
    for one, two in pairs[0]:  # line by line
        assert one.split()[1] == two.split()[1]


def test_the_other_tasks(small: Any) -> None:
    _, entries, root = small
    found, _ = made(described(entries["xsum"]), "en", root)
    assert {split: facts["records"] for split, facts in found.items()} == {
        "train": 8, "valid": 8, "test": 8
    }  # fmt: skip
    assert found["train"]["left_out_of_source"]["incomplete"] == 1
    found, _ = made(described(entries["logiqa2"]), "en", root)
    assert [facts["records"] for facts in found.values()] == [9, 9, 9]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_language_has_the_same_number_of_pairs(name: str) -> None:
    samples = [
        entry["splits"]["train"]["sample"]
        for entry in datasets(name).values()
        if entry["task"] == "translation"
    ]
    assert len(samples) == 4
    assert all(sample == samples[0] for sample in samples)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_that_is_downloaded_is_pinned(name: str) -> None:
    for entry in datasets(name).values():
        for spec in entry["splits"].values():
            assert spec["type"] in ("url", "hub")
            for file in paper_files.url_entries(spec.get("files", spec.get("file", {}))):
                assert "sha256" in file or "content_sha256" in file
                assert all("sha256" in mirror for mirror in file.get("mirrors", []))
