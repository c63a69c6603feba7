"""Predictions of a checkpoint: their order, batches, memory, the command."""

import io
import json
import sys

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from helpers import tiny
from helpers.predictions import predict
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import read_json, read_jsonl, write_jsonl
from warmup.data.records import read_records
from warmup.generation import greedy_search, prediction
from warmup.models import loading
from warmup.models.checkpoint_format import write_format

NO_MEMORY = "DefaultCPUAllocator: not enough memory: you tried to allocate 1 byte"


@pytest.fixture(scope="module")
def checkpoint(checkpoints):
    """A checkpoint as `warmup train` leaves it."""
    return checkpoints / "warmup"


def test_predictions_keep_order_and_what_is_known_of_the_records(checkpoint, data):
    records = list(read_records(data["valid"]))
    found = predict(checkpoint, records)
    assert [row["id"] for row in found] == [record.id for record in records]
    assert len({len(record.source) for record in records}) > 1  # sorted by length in between
    for row, record in zip(found, records, strict=True):
        assert row["source"] == record.source
        assert row["references"] == [record.choices[record.answer]]
        assert row["meta"] == record.meta
        assert set(row) == {
            "id", "source", "references", "warmup", "output", "warmup_log_probability",
            "output_log_probability", "warmup_tokens", "output_tokens", "warmup_by_token",
            "output_by_token", "warmup_from", "as_tokens", "meta", "task", "target_lang",
        }  # fmt: skip
        assert row["warmup_from"] == "own"


def test_the_batch_size_changes_no_output(checkpoint, data):
    records = list(read_records(data["valid"]))
    texts = [
        [(row["warmup"], row["output"]) for row in predict(checkpoint, records, batch_size=size)]
        for size in (1, 7, 64)
    ]
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError(NO_MEMORY), MemoryError()]
)
def test_memory_that_runs_out_halves_the_batches(checkpoint, data, monkeypatch, capsys, error):
    records = list(read_records(data["valid"]))
    whole = predict(checkpoint, records, batch_size=16)
    plain, sizes = greedy_search.search, []

    def search(model, source, **options):
        sizes.append(len(source.input_ids))
        if sizes[-1] > 5:
            raise error
        return plain(model, source, **options)

    monkeypatch.setattr(greedy_search, "search", search)
    halved = predict(checkpoint, records, batch_size=16)
    assert [row["output"] for row in halved] == [row["output"] for row in whole]
    assert sizes == [16, 8, *[4] * (len(records) // 4)]
    assert "out of memory: going on with batches of 4\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "error"), [(NO_MEMORY, MemoryError), ("something else", RuntimeError)]
)
def test_memory_that_never_suffices_and_other_errors_are_told(
    checkpoint, data, monkeypatch, text, error
):
    def fail(*_, **__):
        raise RuntimeError(text)

    monkeypatch.setattr(greedy_search, "search", fail)
    with pytest.raises(error):
        predict(checkpoint, list(read_records(data["valid"])))


def test_trained_twice_the_file_of_predictions_has_the_same_bytes(run, data, tmp_path):
    written = []
    for name in ("one", "other"):
        model, _ = run("warmup")
        loading.save(model, tmp_path / name)
        write_format(tmp_path / name, tiny.checkpoint_format())
        rows = predict(tmp_path / name, read_records(data["valid"]))
        write_jsonl(tmp_path / f"{name}.jsonl", rows)
        written.append((tmp_path / f"{name}.jsonl").read_bytes())
    assert written[0] == written[1]


def test_another_task_is_refused(checkpoint):
    with pytest.raises(InputError, match="was trained for multiple_choice, not translation"):
        predict(checkpoint, [], task="translation")
    assert predict(checkpoint, [], task="multiple_choice") == []


def test_the_checkpoint_says_what_form_it_writes(checkpoint):
    assert read_json(checkpoint / "warmup.json") == {
        "architecture": "encoder_decoder", "separator": "<extra_id_0>",
        "prompt_end": "<extra_id_1>", "dtype": "float32", "task": "multiple_choice",
        "max_warmup_tokens": 3, "warmup_samples": 3, "max_source_tokens": 12,
        "max_target_tokens": 6,
    }  # fmt: skip
    AutoTokenizer.from_pretrained(checkpoint)
    AutoModelForSeq2SeqLM.from_pretrained(checkpoint)
    with pytest.raises(ValueError, match="Unrecognized configuration"):
        AutoModelForCausalLM.from_pretrained(checkpoint)


@pytest.fixture
def call(checkpoint, monkeypatch, capsys):
    """Run the command; return what it prints."""

    def run(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        main(["generate", "--model", str(checkpoint), *arguments])
        return capsys.readouterr()

    return run


def test_inputs_need_no_answer_and_may_come_from_standard_input(call, tmp_path):
    lines = [
        {"source": "start A swap AB", "choices": ["A", "B", "C"]},
        {"id": "mine", "source": "start B swap AB AC", "choices": ["A", "B", "C"], "answer": 2},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    printed = call("--input", "-", "--output", "-", stdin=text)
    found = [json.loads(line) for line in printed.out.splitlines()]
    assert [row["id"] for row in found] == ["1", "mine"]
    assert [row["references"] for row in found] == [[], ["C"]]
    assert "generated 2/2" in printed.err

    (tmp_path / "in.jsonl").write_text(text)
    printed = call("--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl"))
    assert printed.out == ""
    assert list(read_jsonl(tmp_path / "out.jsonl")) == found


def test_after_an_error_there_is_no_output_file(call, tmp_path):
    with pytest.raises(SystemExit):
        call("--input", "-", "--output", str(tmp_path / "out.jsonl"), stdin='{"source": "x"}\n[]\n')
    assert list(tmp_path.iterdir()) == []


def test_predictions_are_made_for_some_inputs_at_a_time(checkpoint, data, monkeypatch):
    records = list(read_records(data["valid"]))[:23]
    whole = predict(checkpoint, records)
    monkeypatch.setattr(prediction, "WINDOW", 5)
    asked = []

    def inputs():
        for record in records:
            asked.append(record.id)
            yield record

    found = prediction.predict(checkpoint, inputs(), task=None, beams=1, batch_size=7)
    assert next(found).id == records[0].id
    assert len(asked) == 10
    rows = [one.as_row() for one in found]
    assert [row["id"] for row in rows] == [record.id for record in records[1:]]
    assert [(row["warmup"], row["output"]) for row in rows] == [
        (row["warmup"], row["output"]) for row in whole[1:]
    ]


@pytest.mark.parametrize(("size", "lengths"), [(0, []), (1, [1]), (4, [4]), (5, [5]), (9, [4, 5])])
def test_no_input_is_left_alone_after_others(size, lengths):
    found = list(prediction.windows(range(size), 4))
    assert [len(window) for window in found] == lengths
    assert [row for window in found for row in window] == list(range(size))
