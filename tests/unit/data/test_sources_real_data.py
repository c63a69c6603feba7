"""The real data sets are read with nothing but a configuration; skipped where they are absent."""

from pathlib import Path
from typing import Any

import pytest

from helpers.configurations import configurations
from helpers.metrics_data import data_file
from warmup.config import experiment
from warmup.data.dataset import Dataset, parse
from warmup.data.prepare import prepare
from warmup.data.records import Record, read_records
from warmup.data.sources._archive import content_sha256


def text(**files: str | list[str]) -> dict[str, Any]:
    return {"type": "local", "format": "text", "files": files}


def table(kind: str, file: str, **fields: Any) -> dict[str, Any]:
    return {"type": "local", "format": kind, "file": file, "fields": fields}


def newstest(folder: str, *years: int) -> dict[str, list[str]]:
    return {
        code: [f"wmt_newstest/{folder}/newstest{year}.{code}.gz" for year in years]
        for code in ("en", "ru")
    }


def dialogsum(name: str, **target: Any) -> dict[str, Any]:
    return table(
        "jsonl", f"dialogsum/dialogsum.{name}.jsonl.gz", id="fname", source="dialogue", **target
    )


def scitldr(name: str) -> dict[str, Any]:
    file = f"scitldr/SciTLDR-A.{name}.jsonl.gz"
    return table("jsonl", file, id="paper_id", source="source", target="target")


def choices(file: str, source: str) -> dict[str, Any]:
    names = {"question": "question", "choices": "options", "answer": "answer"}
    return table("jsonl", file, source=source, **names)


def symbols(file: str, characters: list[str], **fields: Any) -> dict[str, Any]:
    return {**table("tsv", file, **fields), "characters": characters}


DATASETS: dict[str, tuple[str, str, dict[str, Any], dict[str, int]]] = {
    "multi30k": (
        "translation",
        "fr-en",
        {
            split: text(**{code: f"multi30k/{name}.{code}.gz" for code in ("en", "de", "fr")})
            for split, name in [("valid", "val"), ("test", "test_2016_flickr")]
        },
        {"valid": 1014, "test": 1000},
    ),
    "flores": (
        "translation",
        "en-zh",
        {"test": text(en="flores/devtest/eng.devtest.gz", zh="flores/devtest/zho_Hans.devtest.gz")},
        {"test": 1012},
    ),
    "wmt_newstest": (
        "translation",
        "ru-en",
        {
            "valid": text(**newstest("en-ru", 2017, 2018)),
            "test": text(**newstest("en-ru", 2020)),
        },
        {"valid": 6001, "test": 2002},
    ),
    "tatoeba": (
        "translation",
        "zh-en",
        {
            split: table("tsv", f"tatoeba/en-zh.{split}.tsv.gz", en=0, zh=1)
            for split in ("valid", "test")
        },
        {"valid": 1495, "test": 1444},
    ),
    "dialogsum": (
        "summarization",
        "en",
        {
            "valid": dialogsum("dev", target="summary"),
            "test": dialogsum("test", targets=["summary1", "summary2", "summary3"]),
        },
        {"valid": 493, "test": 500},  # 7 dialogues of dev are in test but for punctuation
    ),
    "scitldr": (
        "summarization",
        "en",
        {"valid": scitldr("dev"), "test": scitldr("test")},
        {"valid": 618, "test": 618},
    ),
    "logiqa2": (
        "multiple_choice",
        "en",
        {
            "train": choices("logiqa2/dev.txt.gz", "text"),
            "test": choices("logiqa2/test.txt.gz", "text"),
        },
        {"train": 1569 - 45, "test": 1572},  # its overlaps.tsv counts 30 + 15
    ),
    "logical_deduction": (
        "multiple_choice",
        "en",
        {
            split: choices(f"logical_deduction/{split}.jsonl.gz", "context")
            for split in ("train", "valid", "test")
        },
        {"train": 1201, "valid": 130, "test": 169},
    ),
    "g2p": (
        "transduction",
        "ko",
        {
            split: symbols(f"g2p/kor_{name}.tsv.gz", ["source"], source=0, target=1)
            for split, name in [("train", "train"), ("valid", "dev"), ("test", "test")]
        },
        {"train": 8000, "valid": 1000, "test": 1000},
    ),
    "inflection": (
        "transduction",
        "tr",
        {
            split: symbols(
                f"inflection/tur.{name}.gz", ["source", "target"], source=0, features=1, target=2
            )
            for split, name in [("train", "trn"), ("valid", "dev"), ("test", "tst")]
        },
        {"train": 10000, "valid": 1000, "test": 1000},
    ),
}


def prepared(name: str, folder: Path) -> tuple[Dataset, dict[str, list[Record]]]:
    root = data_file(name).parent
    task, pair, splits, _ = DATASETS[name]
    dataset = parse({"task": task, "pairs": [pair], "splits": splits})
    prepare(
        dataset,
        dataset.pair(pair),
        data_root=str(root),
        downloads=folder / "none",
        output_dir=folder,
    )
    return dataset, {split: list(read_records(folder / f"{split}.jsonl")) for split in splits}


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_is_read(name: str, tmp_path: Path) -> None:
    _, records = prepared(name, tmp_path)
    assert {split: len(some) for split, some in records.items()} == DATASETS[name][3]


def test_summaries_have_several_references(tmp_path: Path) -> None:
    _, records = prepared("dialogsum", tmp_path)
    assert {len(record.targets) for record in records["test"]} == {3}
    assert records["test"][0].id == "test_0"


def test_a_list_of_sentences_is_one_text(tmp_path: Path) -> None:
    _, records = prepared("scitldr", tmp_path)
    assert records["test"][0].source.endswith("audio classification (AudioSet) benchmarks.")
    assert {len(record.targets) for record in records["test"]} == {2, 3, 4}


def test_letters_are_taken_off_the_options(tmp_path: Path) -> None:
    _, records = prepared("logical_deduction", tmp_path)
    record = records["test"][0]
    assert record.choices[0] == "Rob finished second."
    assert {len(record.choices) for record in records["train"]} == {3, 5, 7}
    assert not any(choice.startswith("A)") for r in records["train"] for choice in r.choices)


def test_features_and_spaces_of_a_form_are_kept(tmp_path: Path) -> None:
    _, records = prepared("inflection", tmp_path)
    first = next(record for record in records["train"] if "INTR" in record.features)
    assert first.features.startswith("V;")
    assert any("␣" in record.targets[0].split() for record in records["train"])


def test_files_and_addresses_of_the_shared_tasks_have_the_same_texts() -> None:
    """Every file of sigmorphon_local.yaml has the hash that sigmorphon.yaml states."""
    online, local = (
        experiment.load(*configurations()[name]).datasets
        for name in ("sigmorphon", "sigmorphon_local")
    )
    assert online.keys() == local.keys()
    for name in local.keys() - {"g2p"}:  # which is part of the package
        for split, spec in local[name].splits.items():
            stated = online[name].splits[split]["file"]
            found = content_sha256(data_file(spec["file"]), None)
            assert found == stated["content_sha256"], spec["file"]
            assert spec["file"].split("/")[1].removesuffix(".gz") == Path(stated["url"]).name
