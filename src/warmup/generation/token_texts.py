"""The text that each token adds to those before it."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from warmup.data.encoding import decode, shared

_INCOMPLETE = "\ufffd"
"""What a tokenizer writes for the bytes of a character that is not complete yet."""


def pieces(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """Return the text that each token adds, spaces with the word that they are in front of.

    Put together it is the decoded text, special tokens by their names. Of a character that several
    tokens make, all but the last add nothing.
    """
    whole = decode(tokenizer, ids) if ids else ""
    found = list(_by_neighbours(tokenizer, ids))
    if "".join(found) == whole:
        return found
    # a token may also change what stands before it, such as bytes that are no character after all
    ends = [shared(decode(tokenizer, ids[: i + 1]), whole) for i in range(len(ids) - 1)]
    ends = [0, *itertools.accumulate(ends, max), len(whole)]
    return [whole[begin:end] for begin, end in itertools.pairwise(ends)]


def _by_neighbours(tokenizer: Any, ids: Sequence[int]) -> Iterator[str]:
    """Yield what each token adds to the text of the few tokens before it."""
    begin = end = 0  # the tokens that gave the text before; a lone token may lose its space
    for i in range(len(ids)):
        before = _text(tokenizer, tuple(ids[begin:end]))
        text = _text(tokenizer, tuple(ids[begin : i + 1]))
        if (text.endswith(_INCOMPLETE) or text == before) and i + 1 < len(ids):
            yield ""
            continue
        yield text[len(before) :]
        begin, end = end, i + 1


@functools.lru_cache(maxsize=2**16)  # pairs of tokens come again, and decoding is slow
def _text(tokenizer: Any, ids: tuple[int, ...]) -> str:
    return decode(tokenizer, ids) if ids else ""
