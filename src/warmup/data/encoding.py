"""Text as token ids and back: no text becomes a control token, and decoding changes nothing.

A control token, such as an end or padding token or the separator, belongs to the form of a
sequence. If a text contains the name of one, such as `</s>`, it is spelled with other tokens.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from warmup.common.files import sha256
from warmup.common.provenance import digest
from warmup.data.tasks import Input

Ids = list[int]


class Encoded(NamedTuple):
    """Texts as token ids, and what was lost of each of them."""

    ids: list[Ids]
    """As a model reads them: with the tokens that the tokenizer adds, and cut."""
    lengths: list[int]
    """Tokens of each text before it was cut."""
    unknown: list[int]
    """Unknown tokens of each text, which the vocabulary cannot spell."""

    @property
    def cut(self) -> list[int]:
        """How many tokens of each text were left out."""
        return [length - len(row) for length, row in zip(self.lengths, self.ids, strict=True)]

    def excess(self, limit: int) -> list[int]:
        """Return by how many tokens each text is longer than a limit."""
        return [max(len(row) - limit, 0) for row in self.ids]


class Encoder:
    """Turns texts into token ids.

    Args:
        tokenizer: any tokenizer of `transformers`.
        control: ids of control tokens besides those that the tokenizer calls special.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, control: Iterable[int] = ()) -> None:
        self.tokenizer = tokenizer
        self._control = frozenset({*tokenizer.all_special_ids, *control})
        self._backend = None  # for a tokenizer written in Python
        if isinstance(tokenizer, PreTrainedTokenizerFast):
            self._backend = _nameless(tokenizer.backend_tokenizer, self._control)

    def inputs(self, inputs: Sequence[Input], limit: int) -> Encoded:
        """Encode what a model reads.

        An input of more than `limit` tokens loses the end of the part that may be cut. The text
        around that part is kept; if this alone is too long, the input stays too long.
        """
        rows = self._encode([str(one) for one in inputs])
        long = [i for i, row in enumerate(rows) if len(row) > limit]
        kept = list(rows)
        before = self._encode([inputs[i].before for i in long])
        after = self._encode([inputs[i].after for i in long])
        for i, head, tail in zip(long, before, after, strict=True):
            end = len(rows[i]) - shared(rows[i][::-1], tail[::-1])
            begin = max(end - (len(rows[i]) - limit), min(shared(rows[i], head), end))
            kept[i] = rows[i][:begin] + rows[i][end:]
        return self._encoded(kept, rows)

    def targets(self, texts: Sequence[str], limit: int | None = None) -> Encoded:
        """Encode what a model writes, with an end token; cut to `limit` tokens, if there is one."""
        end = self.tokenizer.eos_token_id
        rows = [[*ids, end] for ids in self._encode(texts, add_special_tokens=False)]
        room = max(map(len, rows), default=0) if limit is None else limit
        kept = [row if len(row) <= room else [*row[: room - 1], end] for row in rows]
        return self._encoded(kept, rows)

    def decoded(self, texts: Sequence[str]) -> list[str]:
        """Encode texts and decode them as outputs, without control tokens."""
        rows = self.targets(texts).ids
        return [decode(self.tokenizer, row, skip_special_tokens=True).strip() for row in rows]

    def unknown_part(self, text: str) -> str:
        """Return the first word of a text that the vocabulary cannot spell, or the whole text."""
        words = text.split()
        found = self.targets(words).unknown
        return next((word for word, number in zip(words, found, strict=True) if number), text)

    def fingerprint(self) -> str:
        """Return a hash of all that the ids of a text depend on."""
        tokenizer = self.tokenizer
        with tempfile.TemporaryDirectory() as folder:
            tokenizer.save_pretrained(folder)
            files = sha256(Path(folder))
        ends = [tokenizer.eos_token_id, tokenizer.unk_token_id]
        return digest([type(tokenizer).__name__, files, ends, sorted(self._control)])

    def _encoded(self, kept: list[Ids], rows: list[Ids]) -> Encoded:
        unknown = self.tokenizer.unk_token_id
        end = self.tokenizer.eos_token_id  # some tokenizers have one token for both
        numbers = [0 if unknown == end else row.count(unknown) for row in rows]
        return Encoded(kept, [len(row) for row in rows], numbers)

    def _encode(self, texts: Sequence[str], add_special_tokens: bool = True) -> list[Ids]:
        if not texts:
            return []
        if self._backend is not None:
            found = self._backend.encode_batch_fast(
                list(texts), add_special_tokens=add_special_tokens
            )
            return [one.ids for one in found]
        unknown = self.tokenizer.unk_token_id
        rows = self.tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True)[
            "input_ids"
        ]
        rows = [[unknown if token in self._control else token for token in row] for row in rows]
        if not add_special_tokens:
            return rows
        return [self.tokenizer.build_inputs_with_special_tokens(row) for row in rows]


def decode(tokenizer: Any, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
    """Return the text of token ids, with its spaces, whatever the tokenizer's settings."""
    text: str = tokenizer.decode(
        list(ids), skip_special_tokens=skip_special_tokens, clean_up_tokenization_spaces=False
    )
    return text


def _nameless(backend: Tokenizer, control: Iterable[int]) -> Tokenizer:
    """Return a tokenizer with the same ids, whose control tokens have names that no text has.

    `split_special_tokens` of `transformers` is not enough: a name may be a piece of the vocabulary
    itself (word-level and Unigram), or be put together by merges.
    """
    spec = json.loads(backend.to_str())
    spec["truncation"] = spec["padding"] = None
    hidden = {backend.id_to_token(token): f"\uffff{token}\uffff" for token in control}
    for token in spec["added_tokens"]:
        if token["content"] in hidden:
            # not normalized: a normalizer might keep only the number of the name
            token |= {"content": hidden[token["content"]], "normalized": False}
    model = spec["model"]
    vocabulary = model["vocab"]
    if isinstance(vocabulary, dict):
        model["vocab"] = {hidden.get(name, name): token for name, token in vocabulary.items()}
    else:
        model["vocab"] = [[hidden.get(name, name), score] for name, score in vocabulary]
    if model.get("unk_token") in hidden:
        model["unk_token"] = hidden[model["unk_token"]]
    if "merges" in model:
        prefix = len(model.get("continuing_subword_prefix") or "")
        model["merges"] = [
            [one, other]
            for one, other in model["merges"]
            if not {one, other, one + other[prefix:]} & hidden.keys()
        ]
    return Tokenizer.from_str(json.dumps(spec))


def shared(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return the length of the common beginning of two sequences."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length
