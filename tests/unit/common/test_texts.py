"""One Unicode form at every door, and what counts as empty."""

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.local_files import JSONL, TEXT, TSV, write, write_rows
from warmup.common.errors import InputError
from warmup.common.files import read_json, write_json, write_jsonl
from warmup.common.texts import Normaliser, is_blank, nfc
from warmup.data import predictions
from warmup.data.dataset import parse
from warmup.data.prepare import prepare
from warmup.data.records import Record, read_records
from warmup.evaluation.metrics import Corpus, bleu
from warmup.evaluation.result_tables import EVALUATION_COLUMNS
from warmup.evaluation.warmup_analysis import analyse
from warmup.generation.prediction import read_inputs

COMPOSED = ["Tiếng Việt là ngôn ngữ của người Việt Nam.", "Größere Übungen für Schüler fördern."]
DECOMPOSED = [unicodedata.normalize("NFD", text) for text in COMPOSED]
BLANK = [
    "", " ", "\t\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\ufeff", "\u00ad", "\u2060", "\u200d",
    "\u202e", "\x00", "\x85", "\u2028", "\u115f", "\u3164", "\uffa0", "\ufe0f", "\u2800", "\u180e",
    "\U000e0020", "\u200b \ufeff\u2800", "\u034f",
]  # fmt: skip


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_invisible_characters_make_no_text(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}.{text}")
    for change in ({"source": text}, {"targets": [text]}, {"targets": ["a", text]}):
        with pytest.raises(InputError, match="record '1' has an empty"):
            Record(**{"id": "1", "source": "a", "targets": ["b"], **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["a", "0", "-", "\u0600", "\u06dd", "\ufffd", "\U0001f600", "\u0301"]
)
def test_what_is_seen_is_text(text: str) -> None:
    assert not is_blank(text)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_texts_that_are_changed_are_counted(texts: list[str]) -> None:
    normalise = Normaliser()
    found = [normalise(text) for text in texts]
    assert found == [unicodedata.normalize("NFC", text) for text in texts]
    assert [nfc(text) for text in found] == found
    assert normalise.changed == sum(a != b for a, b in zip(texts, found, strict=True))
    assert bool(normalise.note()) == (found != texts)


def prepared(root: Path, spec: dict[str, Any]) -> tuple[dict[str, Any], list[Record]]:
    task = "translation" if spec is not JSONL else "summarization"
    pair = "en-de" if spec is not JSONL else "de"
    dataset = parse({"task": task, "pairs": [pair], "splits": {"test": spec}})
    places = {"data_root": str(root), "downloads": root / "downloads", "output_dir": root / "out"}
    summary = prepare(dataset, dataset.pair(pair), **places)  # type: ignore[arg-type]
    return summary, list(read_records(root / "out" / "test.jsonl"))


@pytest.mark.parametrize("spec", [TEXT, TSV, JSONL], ids=["text", "tsv", "jsonl"])
def test_records_of_files_are_in_one_form(tmp_path: Path, spec: dict[str, Any]) -> None:
    def write_all(sources: list[str], targets: list[str]) -> None:
        pairs = list(zip(sources, targets, strict=True))
        write(
            tmp_path,
            a_en="".join(f"{text}\n" for text in sources),
            a_de="".join(f"{text}\n" for text in targets),
            a_tsv="".join(f"{one}\t{other}\n" for one, other in pairs),
        )
        write_rows(tmp_path, *({"document": one, "summary": other} for one, other in pairs))

    write_all(COMPOSED, COMPOSED)
    composed, wanted = prepared(tmp_path, spec)
    write_all(DECOMPOSED, [COMPOSED[0], DECOMPOSED[1]])
    decomposed, found = prepared(tmp_path, spec)
    assert found == wanted
    assert [record.source for record in found] == COMPOSED
    assert composed["splits"]["test"].pop("normalised") == 0
    assert decomposed["splits"]["test"].pop("normalised") == 3
    assert decomposed == composed  # hashes included


def test_options_and_answers_are_in_one_form(tmp_path: Path) -> None:
    fields = {"source": "text", "choices": "options", "answer": "answer", "question": "question"}
    spec = {"type": "local", "format": "jsonl", "file": "a.jsonl", "fields": fields}
    row = {"text": "?", "options": ["nein", DECOMPOSED[1]], "question": DECOMPOSED[0]}
    write_rows(tmp_path, row | {"answer": COMPOSED[1]})
    dataset = parse({"task": "multiple_choice", "pairs": ["de"], "splits": {"test": spec}})
    places = {"data_root": str(tmp_path), "downloads": tmp_path, "output_dir": tmp_path / "out"}
    prepare(dataset, dataset.pair("de"), **places)  # type: ignore[arg-type]
    (record,) = read_records(tmp_path / "out" / "test.jsonl")
    assert (record.choices, record.answer) == (["nein", COMPOSED[1]], 1)
    assert record.question == COMPOSED[0]


def test_prepared_records_that_are_not_in_one_form_are_refused(tmp_path: Path) -> None:
    sources = [COMPOSED[0], DECOMPOSED[0]]
    rows = [Record(str(i), source, ["a"]).to_dict() for i, source in enumerate(sources)]
    write_jsonl(tmp_path / "train.jsonl", rows)
    with pytest.raises(InputError, match=r"train\.jsonl:2: not in Unicode's form NFC; `warmup p"):
        list(read_records(tmp_path / "train.jsonl"))


def test_inputs_to_generate_from_are_in_one_form(tmp_path: Path) -> None:
    row = {
        "source": DECOMPOSED[0],
        "question": DECOMPOSED[1],
        "choices": [COMPOSED[0], DECOMPOSED[0]],
    }
    write_jsonl(tmp_path / "in.jsonl", [row])
    normalise = Normaliser()
    (record,) = read_inputs(tmp_path / "in.jsonl", normalise)
    assert (record.source, record.question) == tuple(COMPOSED)
    assert record.choices == [COMPOSED[0]] * 2
    assert normalise.changed == 3


def run_score(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "warmup", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_texts_are_scored_in_one_form(tmp_path: Path) -> None:
    write(tmp_path, nfc_txt="\n".join(COMPOSED), nfd_txt="\n".join(DECOMPOSED))
    files = ["--hyp", str(tmp_path / "nfc.txt"), "--ref", str(tmp_path / "nfd.txt")]
    done = run_score(
        "score-text", "--format", "json", "--task", "translation", "--target-lang", "vi", *files
    )
    found = json.loads(done.stdout)
    assert found["normalised"] == 2
    assert done.stderr == "2 texts were brought into Unicode's form NFC\n"
    assert [row["value"] for row in found["scores"]] == pytest.approx([100, 100, 100])


def test_predictions_are_read_in_one_form(tmp_path: Path) -> None:
    path = tmp_path / "d/en-de/m/sft/seed1/test.greedy.predictions.jsonl"
    row = {
        "id": "1", "source": DECOMPOSED[0], "references": [DECOMPOSED[1]], "output": COMPOSED[1],
        "warmup": DECOMPOSED[1], "warmup_tokens": 1, "warmup_log_probability": -1.0, "meta": {},
        "output_log_probability": -1.0, "output_tokens": 1,
    }  # fmt: skip
    write_jsonl(path, [row, row | {"id": "2"}])
    corpus = Corpus.of(predictions.read(path, normalise := Normaliser()), "de")
    assert normalise.changed == 6
    assert bleu.aggregate(bleu.statistics(corpus).sum(axis=0)) == pytest.approx(100)
    items = analyse.read(path, "e", "translation").items
    assert (items.references, items.warmups) == ([COMPOSED[1]] * 2, [COMPOSED[1]] * 2)
    run = dict.fromkeys(EVALUATION_COLUMNS, "x") | {"task": "translation", "seed": 1}
    write_json(tmp_path / "run.json", run | {"target_lang": "de"})
    places = ["--run", str(tmp_path / "run.json"), "--output", str(tmp_path / "scores.json")]
    done = run_score("score", "--predictions", str(path), *places)
    assert done.stderr == "6 texts were brought into Unicode's form NFC\n"
    assert read_json(tmp_path / "scores.json")["normalised"] == 6


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("line", ["A tab\there.\tEin Tab\tHier.", "Hello."])
def test_a_row_with_more_or_fewer_cells_is_refused(tmp_path: Path, line: str, header: bool) -> None:
    write(tmp_path, a_tsv=f"en\tde\nHello.\tHallo.\n{line}\n")
    first = "the header" if header else "line 1"
    fields = {"en": "en", "de": "de"} if header else {"en": 0, "de": 1}
    count = line.count("\t") + 1
    with pytest.raises(InputError, match=rf"a\.tsv:3: {count} columns, but {first} has 2"):
        prepared(tmp_path, {**TSV, "header": header, "fields": fields})


def test_a_line_of_invisible_characters_is_empty(tmp_path: Path) -> None:
    write(tmp_path, a_en="one\ntwo\n", a_de="eins\n\u200b\n", a_tsv="one\teins\ntwo\t\u200b\n")
    with pytest.raises(InputError, match=r"a\.de:2: empty line"):
        prepared(tmp_path, TEXT)
    with pytest.raises(InputError, match=r"a\.tsv:2: record '2' has an empty target"):
        prepared(tmp_path, TSV)
