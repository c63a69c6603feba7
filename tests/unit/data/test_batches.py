"""Records as token ids, and batches of them."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from helpers import tiny
from warmup.common.errors import InputError
from warmup.data.batches import IGNORED, Collator, Examples, pad
from warmup.data.encoding import Encoder
from warmup.data.records import read_records
from warmup.data.tasks import Input
from warmup.data.token_files import Form


@pytest.fixture(scope="module")
def tokenizer(data):
    return AutoTokenizer.from_pretrained(data["t5"])


@pytest.fixture(scope="module")
def examples(data, tokenizer, tmp_path_factory):
    """Return a function that returns the training examples."""
    folder = tmp_path_factory.mktemp("tokens")

    def read(source=20, target=10, limit=None):
        form = Form("multiple_choice", source, target, limit)
        return Examples(data["train"], form, tokenizer, folder=folder)

    return read


def test_inputs_and_targets_are_the_rendered_texts(examples, tokenizer):
    every = examples()
    assert len(every) == 200
    (record,) = every.records([3])
    assert every[3]["index"] == 3
    assert tokenizer.decode(every[3]["input_ids"]) == f"answer: {record.source} </s>"
    answer = record.choices[record.answer]
    assert tokenizer.decode(every[3]["labels"]) == f"{answer} {record.explanation} </s>"


@pytest.mark.parametrize("longest", [2, 3, 4])
def test_longer_texts_are_cut_and_still_end(examples, tokenizer, longest):
    lengths = set()
    for long, short in zip(examples(), examples(source=4, target=longest), strict=True):
        assert short["input_ids"] == [*long["input_ids"][:3], tokenizer.eos_token_id]
        expected = long["labels"][: longest - 1]
        if expected[-1] == tokenizer.eos_token_id:  # short enough
            expected = expected[:-1]
        assert short["labels"] == [*expected, tokenizer.eos_token_id]
        lengths.add(len(short["labels"]))
    assert max(lengths) == longest


def test_a_limit_takes_the_first_records(examples, data):
    every, few = examples(), examples(limit=5)
    assert len(few) == 5
    assert list(few.labels) == every.labels[:5] == [every.labels[i] for i in range(5)]
    assert every.input_ids.longest == max(map(len, every.input_ids))
    first = list(read_records(data["train"]))[:9]
    assert few.first_records(9) == first[:5]
    assert every.records([8, 2]) == [first[8], first[2]]


def test_no_records_and_records_of_another_task_are_refused(tmp_path, tokenizer):
    path, form = tmp_path / "x.jsonl", Form("multiple_choice", 9, 9)
    path.write_text("\n")
    with pytest.raises(InputError, match=r"x\.jsonl: no records"):
        Examples(path, form, tokenizer, folder=tmp_path)
    path.write_text(json.dumps({"id": "7", "source": "x", "targets": ["y"]}))
    with pytest.raises(InputError, match="record '7' has 0 choices"):
        Examples(path, form, tokenizer, folder=tmp_path)
    with pytest.raises(InputError, match="unknown task 'chat'"):
        Examples(path, Form("chat", 9, 9), tokenizer, folder=tmp_path)


@given(st.lists(st.lists(st.integers(1, 99), max_size=6), min_size=1, max_size=5), st.booleans())
def test_padding_keeps_rows_and_fills_one_side(rows, left):
    padded = pad(rows, -7, left)
    longest = max(len(row) for row in rows)
    assert padded.shape == (len(rows), longest)
    assert padded.dtype == torch.long
    for row, full in zip(rows, padded.tolist(), strict=True):
        fill = [-7] * (longest - len(row))
        assert full == (fill + row if left else row + fill)


@pytest.mark.parametrize("left", [False, True])
def test_a_batch_says_where_its_tokens_are(left):
    batch = Collator(pad_token=0, pads_left=left)(
        [
            {"index": 5, "input_ids": [7, 8, 9], "labels": [3, 1]},
            {"index": 2, "input_ids": [7], "labels": [4, 5, 1]},
        ]
    )
    assert batch["index"].tolist() == [5, 2]
    assert batch["input_ids"].tolist() == [[7, 8, 9], [0, 0, 7] if left else [7, 0, 0]]
    assert batch["mask"].tolist() == [[1, 1, 1], [0, 0, 1] if left else [1, 0, 0]]
    assert batch["labels"].tolist() == [[3, 1, IGNORED], [4, 5, 1]]  # always on the right


def test_a_prompt_is_cut_to_its_limit(data):
    tokenizer = AutoTokenizer.from_pretrained(tiny.tokenizer(data["train"].parent / "x", "llama"))
    (ids,) = Encoder(tokenizer).inputs([Input("", "a b c d")], 3).ids
    assert tokenizer.decode(ids) == "a b c"
