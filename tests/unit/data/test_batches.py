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
from warmup.data.tasks import Input


@pytest.fixture(scope="module")
def tokenizer(data):
    return AutoTokenizer.from_pretrained(data["t5"])


def examples(data, tokenizer, source=20, target=10, limit=None):
    return Examples(
        data["train"],
        "multiple_choice",
        tokenizer,
        max_source_tokens=source,
        max_target_tokens=target,
        limit=limit,
    )


def test_inputs_and_targets_are_the_rendered_texts(data, tokenizer):
    every = examples(data, tokenizer)
    assert len(every) == 200
    record = every.records[3]
    assert every[3]["index"] == 3
    assert tokenizer.decode(every[3]["input_ids"]) == f"answer: {record.source} </s>"
    answer = record.choices[record.answer]
    assert tokenizer.decode(every[3]["labels"]) == f"{answer} {record.explanation} </s>"


@pytest.mark.parametrize("longest", [2, 3, 4])
def test_longer_texts_are_cut_and_still_end(data, tokenizer, longest):
    whole, cut = examples(data, tokenizer), examples(data, tokenizer, source=4, target=longest)
    lengths = set()
    for long, short in zip(whole, cut, strict=True):
        assert short["input_ids"] == [*long["input_ids"][:3], tokenizer.eos_token_id]
        expected = long["labels"][: longest - 1]
        if expected[-1] == tokenizer.eos_token_id:  # short enough
            expected = expected[:-1]
        assert short["labels"] == [*expected, tokenizer.eos_token_id]
        lengths.add(len(short["labels"]))
    assert max(lengths) == longest


def test_a_limit_takes_the_first_records(data, tokenizer):
    few = examples(data, tokenizer, limit=5)
    assert len(few) == 5
    assert few.labels == examples(data, tokenizer).labels[:5]


def test_no_records_and_records_of_another_task_are_refused(tmp_path, tokenizer):
    lengths = {"max_source_tokens": 9, "max_target_tokens": 9}
    path = tmp_path / "x.jsonl"
    path.write_text("\n")
    with pytest.raises(InputError, match=r"x\.jsonl: no records"):
        Examples(path, "multiple_choice", tokenizer, **lengths)
    path.write_text(json.dumps({"id": "7", "source": "x", "targets": ["y"]}))
    with pytest.raises(InputError, match="record '7' has 0 choices"):
        Examples(path, "multiple_choice", tokenizer, **lengths)
    with pytest.raises(InputError, match="unknown task 'chat'"):
        Examples(path, "chat", tokenizer, **lengths)


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
