"""The text that each token adds to the tokens before it."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from warmup.data.encoding import decode, shared

_INCOMPLETE = "\ufffd"
"""What a tokenizer writes for the first bytes of a character."""


def token_texts(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """Return the text that each token adds; a space belongs to the word after it.

    Joined, they are the decoded text, special tokens by name. If several tokens make one character,
    only the last adds text.
    """
    whole = decode(tokenizer, ids) if ids else ""
    texts = list(_by_neighbours(tokenizer, ids))
    if "".join(texts) == whole:
        return texts
    # a token may also change the text before it, such as bytes that turn out not to be a character
    ends = [shared(decode(tokenizer, ids[: i + 1]), whole) for i in range(len(ids) - 1)]
    ends = [0, *itertools.accumulate(ends, max), len(whole)]
    return [whole[begin:end] for begin, end in itertools.pairwise(ends)]


def _by_neighbours(tokenizer: Any, ids: Sequence[int]) -> Iterator[str]:
    """Yield what each token adds to the text of the few tokens before it."""
    begin = end = 0  # the tokens of the text so far; decoding a lone token may drop its space
    for i in range(len(ids)):
        before = _text(tokenizer, tuple(ids[begin:end]))
        text = _text(tokenizer, tuple(ids[begin : i + 1]))
        if (text.endswith(_INCOMPLETE) or text == before) and i + 1 < len(ids):
            yield ""
            continue
        yield text[len(before) :]
        begin, end = end, i + 1


@functools.lru_cache(maxsize=2**16)  # pairs of tokens recur, and decoding is slow
def _text(tokenizer: Any, ids: tuple[int, ...]) -> str:
    return decode(tokenizer, ids) if ids else ""
