"""Tokenised examples and batches of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from warmup import plugins
from warmup.errors import InputError
from warmup.records import read_records

IGNORED = -100
"""Label of positions that are padding, as in `transformers`."""
Batch = dict[str, torch.Tensor]
"""`input_ids` [B, S], `mask` [B, S], `labels` [B, T] and `index` [B], the examples' numbers."""


class Examples(Dataset[dict[str, Any]]):
    """The records of a file as token ids: `index`, `input_ids`, `labels` (ending in EOS)."""

    def __init__(
        self,
        path: Path,
        task: str,
        tokenizer: PreTrainedTokenizerBase,
        *,
        max_source_tokens: int,
        max_target_tokens: int,
        limit: int | None = None,
    ) -> None:
        """Read and tokenise; longer texts are cut, an end token is always kept.

        Raises:
            InputError: the file has no record, or one does not fit the task.
        """
        render = plugins.load("task", task).render
        self.records = list(read_records(path))[:limit]
        if not self.records:
            raise InputError(f"{path}: no records")
        rendered = [render(record) for record in self.records]
        self.input_ids = encode_sources(
            [text.input for text in rendered], tokenizer, max_source_tokens
        )
        targets = tokenizer(
            [text.target for text in rendered],
            add_special_tokens=False,
            truncation=True,
            max_length=max_target_tokens - 1,
        )["input_ids"]
        self.labels = [[*ids, tokenizer.eos_token_id] for ids in targets]

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {
            "index": index,
            "input_ids": self.input_ids[index],
            "labels": self.labels[index],
        }


def encode_sources(
    texts: list[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> list[list[int]]:
    """Return the token ids of input texts, cut to `max_tokens`."""
    ids: list[list[int]] = tokenizer(texts, truncation=True, max_length=max_tokens)["input_ids"]
    return ids


def pad(rows: Sequence[Sequence[int]], value: int, left: bool = False) -> torch.Tensor:
    """Return rows as one tensor, filled up with `value`."""
    longest = max(len(row) for row in rows)
    filled = [
        [value] * (longest - len(row)) + list(row)
        if left
        else list(row) + [value] * (longest - len(row))
        for row in rows
    ]
    return torch.tensor(filled, dtype=torch.long)


class Collator:
    """Pad a list of examples to tensors `index`, `input_ids`, `mask` and `labels`."""

    def __init__(self, pad_token: int, pads_left: bool) -> None:
        self.pad_token = pad_token
        self.pads_left = pads_left

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return tensors [B] and [B, longest]."""
        inputs = [example["input_ids"] for example in examples]
        return {
            "index": torch.tensor([example["index"] for example in examples]),
            "input_ids": pad(inputs, self.pad_token, self.pads_left),
            "mask": pad([[1] * len(ids) for ids in inputs], 0, self.pads_left),
            "labels": pad([example["labels"] for example in examples], IGNORED),
        }
