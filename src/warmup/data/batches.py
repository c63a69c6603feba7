"""Tokenised examples and batches of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.data import text_counts
from warmup.data.encoding import Encoder
from warmup.data.records import read_records

IGNORED = -100
"""Label of positions that are padding, as in `transformers`."""
Batch = dict[str, torch.Tensor]
"""`input_ids` [B, S], `mask` [B, S], `labels` [B, T] and `index` [B], the examples' numbers."""


class Examples(Dataset[dict[str, Any]]):
    """The records of a file as token ids: `index`, `input_ids`, `labels` (which end in EOS)."""

    def __init__(
        self,
        path: Path,
        task: str,
        tokenizer: PreTrainedTokenizerBase,
        *,
        control: Iterable[int] = (),
        max_source_tokens: int,
        max_target_tokens: int,
        limit: int | None = None,
    ) -> None:
        """Read and tokenise the records; longer texts are cut, but keep their end token.

        Args:
            path: records.
            task: renders records as text.
            tokenizer: any tokenizer.
            control: control tokens, besides those that the tokenizer calls special.
            max_source_tokens: the most tokens of an input, see `Encoder.inputs`.
            max_target_tokens: the most tokens of a target, its end token included.
            limit: take the first records only.

        Raises:
            InputError: the file has no record, or one does not fit the task.
        """
        render = plugins.load("task", task).render
        self.records = list(read_records(path))[:limit]
        if not self.records:
            raise InputError(f"{path}: no records")
        rendered = [render(record) for record in self.records]
        self.encoder = Encoder(tokenizer, control)
        self.targets = [text.target for text in rendered]
        inputs = self.encoder.inputs([text.input for text in rendered], max_source_tokens)
        targets = self.encoder.targets(self.targets, max_target_tokens)
        self.input_ids, self.labels = inputs.ids, targets.ids
        texts = [str(text.input) for text in rendered]
        self.counts = (
            text_counts.count(self.encoder, texts, inputs, max_source_tokens),
            text_counts.count(self.encoder, self.targets, targets, max_target_tokens),
        )
        """Counts of the inputs and of the targets."""

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {
            "index": index,
            "input_ids": self.input_ids[index],
            "labels": self.labels[index],
        }


def check_positions(network: PreTrainedModel, inputs: Sequence[Sequence[int]], where: str) -> None:
    """Raise an `InputError` if an input has more tokens than the network has positions."""
    positions = getattr(network.config, "max_position_embeddings", None)
    longest = max(map(len, inputs), default=0)
    if positions is not None and longest > positions:
        raise InputError(
            f"{where}: an input has {longest} tokens, but {network.config.model_type} has "
            f"{positions} positions (max_position_embeddings); leave out inputs that are so long "
            "without the part that may be cut"
        )


def pad(rows: Sequence[Sequence[int]], value: int, left: bool = False) -> torch.Tensor:
    """Return rows as one tensor [rows, longest], padded with `value`."""
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
