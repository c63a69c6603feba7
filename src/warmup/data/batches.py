"""Tokenised examples and batches of them."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.data import token_files
from warmup.data.encoding import Encoder
from warmup.data.records import Record, read_records
from warmup.data.token_files import Form

IGNORED = -100
"""Label of positions that are padding, as in `transformers`."""
Batch = dict[str, torch.Tensor]
"""`input_ids` [B, S], `mask` [B, S], `labels` [B, T] and `index` [B], the examples' numbers."""


class Examples(Dataset[dict[str, Any]]):
    """The records of a file as token ids: `index`, `input_ids`, `labels` (which end in EOS).

    The ids are in a token file, which is mapped into memory, see `warmup.data.token_files`.
    """

    def __init__(
        self,
        path: Path,
        form: Form,
        tokenizer: PreTrainedTokenizerBase,
        *,
        control: Iterable[int] = (),
        folder: Path,
    ) -> None:
        """Tokenise the records, if their token file is missing.

        Longer texts are cut, but keep their end token.

        Args:
            path: records.
            form: how they become token ids.
            tokenizer: any tokenizer.
            control: control tokens, besides those that the tokenizer calls special.
            folder: folder of token files.

        Raises:
            InputError: the file has no record, or one does not fit the task.
        """
        self.path = path
        self.render = plugins.load("task", form.task).render
        self.encoder = Encoder(tokenizer, control)
        tokens = token_files.tokens(path, form, self.encoder, folder)
        self.input_ids, self.labels = tokens.input_ids, tokens.labels
        self.counts = (tokens.inputs, tokens.targets)
        """Counts of the inputs and of the targets."""

    def __len__(self) -> int:
        return len(self.input_ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {
            "index": index,
            "input_ids": self.input_ids[index],
            "labels": self.labels[index],
        }

    def records(self, indices: Sequence[int]) -> list[Record]:
        """Read the records of some examples from their file, in the order of the indices."""
        records = enumerate(islice(read_records(self.path), max(indices) + 1))
        found = {index: record for index, record in records if index in {*indices}}
        return [found[index] for index in indices]

    def first_records(self, number: int) -> list[Record]:
        """Read the records of the first examples from their file: as many, or all there are."""
        return list(islice(read_records(self.path), min(number, len(self))))


def check_positions(network: PreTrainedModel, longest: int, where: str) -> None:
    """Raise an `InputError` if the longest input has more tokens than the network has positions."""
    positions = getattr(network.config, "max_position_embeddings", None)
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
