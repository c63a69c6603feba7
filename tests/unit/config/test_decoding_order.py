"""Which decoding comes first, and which are controls of which."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from warmup.config.decodings import UNKNOWN, Decodings


@given(st.lists(st.sampled_from(["greedy", "beam4", "a", "b"]), unique=True))
def test_without_an_order_greedy_is_first_and_the_rest_by_name(names):
    found = UNKNOWN.sort(names)
    assert found == sorted(names, key=lambda name: (name != "greedy", name))
    assert UNKNOWN.sort(reversed(names)) == found


def test_scores_lose_their_controls():
    scores = pd.DataFrame(
        [("-", 0), ("beam4", 1), ("greedy", 2), ("beam4", 3), ("shuffled", 4), ("more", 5)],
        columns=["decoding", "value"],
    )
    decodings = Decodings(("greedy", "shuffled", "beam4"), {"shuffled": "greedy"})
    found = decodings.without_controls(scores)
    assert [*found["value"]] == [0, 1, 2, 3, 5]
    assert [*UNKNOWN.without_controls(scores)["value"]] == [0, 1, 2, 3, 4, 5]
    assert UNKNOWN.without_controls(scores[:0]).empty
