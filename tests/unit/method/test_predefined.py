"""Hand-designed warmups."""

import pytest

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.models.interface import Tokens

TOKENS = Tokens(start=0, separator=9, end=1, pad=0, excluded=(0, 1, 2))
TARGETS = [[5, 6, 1], [5, 7, 7, 1], [5, 6, 8, 1], [6, 5, 1]]


def rule(name, max_tokens, targets=TARGETS):
    return plugins.load("predefined warmup", name).rule(targets, TOKENS, max_tokens)


@pytest.mark.parametrize("name", plugins.names("predefined warmup"))
@pytest.mark.parametrize("longest", [0, 1, 3])
def test_a_warmup_keeps_to_its_limit_and_has_no_special_token(name, longest):
    make = rule(name, longest)
    for target in [*TARGETS, [1], [9, 2, 7, 1]]:
        c = make(target)
        assert len(c) <= longest
        assert not {*TOKENS.excluded, TOKENS.separator} & set(c)


def test_filler_is_one_token_whatever_the_target_is():
    make = rule("filler", 4)
    assert make([7, 8, 1]) == make([1]) == [5] * 4
    with pytest.raises(InputError, match="no target has a token"):
        rule("filler", 4, [[1], [1]])


def test_keywords_are_the_rarest_tokens_in_the_target_s_order():
    make = rule("keywords", 2)
    assert make([5, 8, 6, 7, 1]) == [8, 7]  # in one target each; 6 is in three, 5 in four
    assert make([5, 6, 6, 1]) == [5, 6]
    assert make([8, 5, 8, 1]) == [8, 5]  # each once
    assert make([4, 5, 1]) == [4, 5]  # never seen is rarest
