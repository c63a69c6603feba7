"""The text that each token adds to those before it."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

_INCOMPLETE = "\ufffd"
"""What a tokenizer writes for the bytes of a character that is not complete yet."""


def pieces(tokenizer: Any, ids: Sequence[int]) -> Iterator[str]:
    """Yield the text that each token adds, spaces with the word that they are in front of.

    Put together it is the decoded text, special tokens by their names. Of a character that several
    tokens make, all but the last add nothing.
    """
    begin = end = 0  # the tokens that gave the text before; a lone token may lose its space
    for i in range(len(ids)):
        before = _text(tokenizer, tuple(ids[begin:end]))
        text = _text(tokenizer, tuple(ids[begin : i + 1]))
        if text.endswith(_INCOMPLETE) and i + 1 < len(ids):
            yield ""
            continue
        yield text[len(before) :]
        begin, end = end, i + 1


@functools.lru_cache(maxsize=2**16)  # pairs of tokens come again, and decoding is slow
def _text(tokenizer: Any, ids: tuple[int, ...]) -> str:
    text: str = tokenizer.decode(ids, clean_up_tokenization_spaces=False) if ids else ""
    return text
