from hypothesis import given
from hypothesis import strategies as st

from warmup.config.methods import Methods


def test_controls_keep_the_given_order_between_sft_and_warmup():
    methods = Methods(("warmup", "zeta", "alpha", "sft"))
    names = ["unknown", "alpha", "sft", "warmup", "zeta"]
    assert methods.sort(names) == ["sft", "zeta", "alpha", "unknown", "warmup"]


@given(st.lists(st.sampled_from(["sft", "warmup", "a", "b", "c"]), unique=True))
def test_without_an_order_it_is_by_name_and_stable(names):
    found = Methods().sort(names)
    assert sorted(found) == sorted(names)
    assert found == Methods().sort(reversed(names))
    assert not found or "sft" not in found or found[0] == "sft"
    assert not found or "warmup" not in found or found[-1] == "warmup"
