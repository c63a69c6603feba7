"""Warmups that somebody has thought of."""

import pytest

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.models.interface import Tokens

TOKENS = Tokens(start=0, separator=9, end=1, pad=0, excluded=(0, 1, 2))
TARGETS = [[5, 6, 1], [5, 7, 7, 1], [5, 6, 8, 1], [6, 5, 1]]


def writer(name, max_tokens, targets=TARGETS):
    return plugins.load("predefined warmup", name).writer(targets, TOKENS, max_tokens)


@pytest.mark.parametrize("name", plugins.names("predefined warmup"))
@pytest.mark.parametrize("longest", [0, 1, 3])
def test_a_warmup_keeps_to_its_limit_and_has_no_special_token(name, longest):
    write = writer(name, longest)
    for target in [*TARGETS, [1], [9, 2, 7, 1]]:
        c = write(target)
        assert len(c) <= longest
        assert not {*TOKENS.excluded, TOKENS.separator} & set(c)


def test_filler_is_one_token_whatever_the_target_is():
    write = writer("filler", 4)
    assert write([7, 8, 1]) == write([1]) == [5] * 4
    with pytest.raises(InputError, match="no target has a token"):
        writer("filler", 4, [[1], [1]])


def test_keywords_are_the_rarest_tokens_in_the_target_s_order():
    write = writer("keywords", 2)
    assert write([5, 8, 6, 7, 1]) == [8, 7]  # in one target each; 6 is in three, 5 in four
    assert write([5, 6, 6, 1]) == [5, 6]
    assert write([8, 5, 8, 1]) == [8, 5]  # each once
    assert write([4, 5, 1]) == [4, 5]  # never seen is rarest
