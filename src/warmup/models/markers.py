"""Look up the tokens that mark parts of the decoder sequence."""

import re

from transformers import PreTrainedTokenizerBase

from warmup.common.errors import InputError

_RESERVED = re.compile(r"▁?(<extra_id_\d+>|\[unused\d+\])")
"""Tokens that mT5 and BERT reserve; their tokenizers do not list them as added tokens."""
_ROLES = {
    "eos_token": "ends a text",
    "pad_token": "pads",
    "unk_token": "stands for unknown text",
    "bos_token": "begins a text",
}


def marker(tokenizer: PreTrainedTokenizerBase, key: str, token: str) -> int:
    """Return the id of a token that can mark a part of the sequence, as no text contains it.

    Args:
        tokenizer: of the model.
        key: the model entry's key that names the token; the error message begins with it.
        token: its spelling in the vocabulary.

    Raises:
        InputError: the token is not in the vocabulary, may occur in ordinary text, or has another
            role already. The message lists valid tokens.
    """
    vocabulary = tokenizer.get_vocab()
    roles = {getattr(tokenizer, name): part for name, part in _ROLES.items()}
    added = {str(each) for each in tokenizer.added_tokens_decoder.values()}
    problem = None
    if token not in vocabulary:
        problem = "is not in the vocabulary"
    elif token in roles:
        problem = f"already {roles[token]}"
    elif token not in added and not _RESERVED.fullmatch(token):
        problem = "is an ordinary token, which texts may contain"
    if problem is None:
        return int(vocabulary[token])
    free = [each for each in added if each in vocabulary and each not in roles]
    free += [each for each in vocabulary if each not in added and _RESERVED.fullmatch(each)]
    some = ", ".join(sorted(free, key=vocabulary.__getitem__)[:8])
    choices = some or "none; add a special token to the tokenizer"
    raise InputError(f"{key}: {token!r} {problem}; choose from: {choices}")
