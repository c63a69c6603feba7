"""Comparisons of methods: which rows, what is in them, what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from helpers.evaluations import RUN, evaluation
from warmup.common.errors import InputError
from warmup.common.keys import EvaluationKey
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.evaluation import compare, metrics
from warmup.evaluation.compare import planned
from warmup.evaluation.result_tables import COMPARISONS, OWN
from warmup.evaluation.significance.difference import Difference, assess_difference, mean_difference
from warmup.evaluation.significance.hypothesis_tests import holm, mcnemar

ACCURACY = metrics.load("accuracy")


def value(one):
    return float(ACCURACY.aggregate(one.statistics["accuracy"].sum(axis=0)))


def test_each_method_against_sft_and_warmup_against_each():
    names = ["filler", "warmup", "sft", "sft_continued"]
    found = planned(names, Methods(("sft", "sft_continued", "filler", "warmup")))
    assert found == [
        ("sft_continued", "sft"), ("filler", "sft"), ("warmup", "sft"),
        ("warmup", "sft_continued"), ("warmup", "filler"),
    ]  # fmt: skip
    assert planned(["b", "a"], Methods(("b", "a"))) == [("a", "b")]
    assert planned(["warmup", "a", "b"], Methods()) == [
        ("b", "a"), ("warmup", "a"), ("warmup", "b"),
    ]  # fmt: skip
    assert planned(["sft"], Methods()) == []


def test_one_seed_is_about_items():
    sft, warmup = evaluation("sft"), evaluation("warmup", share=0.65)
    (row,) = compare.compare([sft, warmup], Methods(), resamples=500)
    assert set(row) == set(COMPARISONS.columns)
    ours, theirs = (one.statistics["accuracy"][:, 0] for one in (warmup, sft))
    expected = mcnemar(int((ours > theirs).sum()), int((ours < theirs).sum()))
    assert (row["test"], row["scope"], row["seeds"], row["n"]) == ("McNemar exact", "items", 1, 120)
    assert row["p"] == row["p_holm"] == expected < 0.05
    assert row["difference"] == pytest.approx(value(warmup) - value(sft))
    assert row["low"] < row["difference"] < row["high"]
    spread = 100 * (ours - theirs).std(ddof=1)
    assert row["effect_size"] == pytest.approx(row["difference"] / spread, rel=0.15)
    assert row["detectable"] == pytest.approx(2.8016 * spread / math.sqrt(120), rel=0.15)
    # the paired bootstrap agrees, as far as its draws can tell
    assert row["p_bootstrap"] == pytest.approx(expected, abs=0.02)


def test_several_seeds_are_about_seeds_and_items():
    runs = [evaluation(name, seed, 0.5 + 0.12 * (name == "warmup"))
            for name in ("sft", "warmup") for seed in (1, 2, 3)]  # fmt: skip
    runs.append(evaluation("warmup", 9, share=0.99))  # a seed that only one of them has
    (row,) = compare.compare(runs, Methods(), resamples=1000)
    assert (row["scope"], row["test"]) == ("seeds and items", "hierarchical bootstrap")
    assert (row["seeds"], row["n"]) == (3, 120)
    gains = [value(ours) - value(theirs) for ours, theirs in zip(runs[3:6], runs[:3], strict=True)]
    assert row["difference"] == pytest.approx(np.mean(gains))
    assert math.isnan(row["p_bootstrap"])
    # the luck of seeds and the noise of items each widen the interval
    student = 4.302652729911275 * np.std(gains, ddof=1) / math.sqrt(3)
    assert (row["high"] - row["low"]) / 2 > 0.97 * student
    alone = compare.compare([runs[0], runs[3]], Methods(), resamples=1000)[0]
    assert row["high"] - row["low"] > 0.8 * (alone["high"] - alone["low"])


def test_a_metric_that_some_evaluations_lack_is_compared_among_the_others():
    def with_comet(one):
        rows = one.statistics["accuracy"] * [90, 1]
        return one._replace(
            signatures=one.signatures | {"comet": "c"}, statistics=one.statistics | {"comet": rows}
        )

    names = ("sft", "sft_continued", "warmup")
    runs = [evaluation(name, seed, 0.5 + 0.05 * i)
            for i, name in enumerate(names) for seed in (1, 2)]  # fmt: skip
    everywhere = compare.compare(runs, Methods(), resamples=1000)
    # of sft both seeds, of sft_continued none, of warmup the second
    runs = [with_comet(one) if i in (0, 1, 5) else one for i, one in enumerate(runs)]
    rows = compare.compare(runs, Methods(), resamples=1000)
    (comet,) = [row for row in rows if row["metric"] == "comet"]
    assert (comet["method"], comet["baseline"], comet["seeds"]) == ("warmup", "sft", 1)
    difference = 90 * (value(runs[5]) - value(runs[1])) / 100
    assert comet["difference"] == pytest.approx(difference)
    assert comet["tests"] == len(everywhere) + 1 == 4  # Holm's correction knows of it
    assert [row["p"] for row in rows if row is not comet] == [row["p"] for row in everywhere]


def test_no_seed_in_common_is_no_comparison():
    assert compare.compare([evaluation("sft", 1), evaluation("warmup", 2)], Methods()) == []


def test_holm_covers_one_task_split_and_decoding():
    names = ("sft", "sft_continued", "warmup")
    runs = [evaluation(name, share=0.5 + 0.06 * i, model=model, decoding=decoding)
            for decoding in ("greedy", "beam4") for model in ("a", "b")
            for i, name in enumerate(names)]  # fmt: skip
    rows = compare.compare(runs, Methods(), resamples=200)
    assert len(rows) == 12
    for decoding in ("greedy", "beam4"):
        here = [row for row in rows if row["decoding"] == decoding]
        assert [row["p_holm"] for row in here] == holm([row["p"] for row in here])
        assert {row["tests"] for row in here} == {6}


def test_enough_is_drawn_for_the_least_p_value_to_be_significant():
    runs = [evaluation(name, share=0.5, model=f"m{i}") for i in range(40)
            for name in ("sft", "warmup")]  # fmt: skip
    rows = compare.compare(runs, Methods(), resamples=100)
    assert {row["resamples"] for row in rows} == {2400}
    assert 40 / (2400 + 1) < 0.05 / 2
    assert compare.compare(runs[:2], Methods(), resamples=100)[0]["resamples"] == 100


def test_the_mean_over_pairs_is_that_of_its_parts():
    runs = [evaluation(name, share=0.5 + 0.1 * (name != "sft"), pair=pair, items=items, luck=luck)
            for name in ("sft", "warmup")
            for pair, items, luck in (("a-b", 100, 1), ("b-a", 150, 2))]  # fmt: skip
    rows = {row["pair"]: row for row in compare.compare(runs, Methods(), resamples=2000)}
    assert set(rows) == {"a-b", "b-a", "mean of 2"}
    mean, one, other = rows["mean of 2"], rows["a-b"], rows["b-a"]
    assert mean["difference"] == pytest.approx((one["difference"] + other["difference"]) / 2)
    assert (mean["n"], mean["test"]) == (250, "approximate randomization")
    # the noise of independent test sets averages out
    widths = [row["high"] - row["low"] for row in (mean, one, other)]
    assert widths[0] == pytest.approx(math.hypot(*widths[1:]) / 2, rel=0.1)
    # without one of the pairs there is no mean of all pairs
    without = [one for one in runs if one.key.pair == "a-b" or one.key.method == "sft"]
    assert {row["pair"] for row in compare.compare(without, Methods())} == {"a-b"}


def test_translations_of_the_same_items_share_their_noise():
    """Two pairs with the same differences on the same items are no better than one."""
    runs = [evaluation(name, share=0.5 + 0.1 * (name != "sft"), pair=pair)
            for name in ("sft", "warmup") for pair in ("a-b", "b-a")]  # fmt: skip
    rows = {row["pair"]: row for row in compare.compare(runs, Methods(), resamples=500)}
    assert rows["mean of 2"]["low"] == pytest.approx(rows["a-b"]["low"])
    assert rows["mean of 2"]["high"] == pytest.approx(rows["b-a"]["high"])


def test_a_control_is_compared_with_the_same_method_behind_its_own_warmups():
    decodings = Decodings(
        ("greedy", "shuffled", "empty"), dict.fromkeys(("shuffled", "empty"), "greedy")
    )
    runs = [evaluation(name, share=0.5) for name in ("sft", "warmup")]
    runs += [evaluation("warmup", share=share, luck=1, decoding=name)
             for name, share in (("shuffled", 0.3), ("empty", 0.45))]  # fmt: skip
    rows = {(row["decoding"], row["method"], row["baseline"]): row
            for row in compare.compare(runs, Methods(), decodings, resamples=200)}  # fmt: skip
    assert set(rows) == {
        ("greedy", "warmup", "sft"), ("shuffled", "warmup", OWN), ("empty", "warmup", OWN),
    }  # fmt: skip
    own, shuffled = value(runs[1]), value(runs[2])
    found = rows["shuffled", "warmup", OWN]
    assert found["difference"] == pytest.approx(shuffled - own) and shuffled < own
    # the controls are one table, the methods another
    assert [row["tests"] for row in rows.values()] == [1, 2, 2]
    # without the decoding they stand beside there is nothing to compare them with
    assert compare.compare(runs[2:], Methods(), decodings, resamples=200) == []


def test_equal_outputs_differ_by_nothing():
    sft = evaluation("sft")
    same = sft._replace(key=replace(sft.key, method="warmup"))
    (row,) = compare.compare([sft, same], Methods(), resamples=200)
    assert (row["difference"], row["low"], row["high"], row["p"]) == (0, 0, 0, 1)
    assert math.isnan(row["effect_size"]) and math.isnan(row["detectable"])


def test_one_item_has_no_interval():
    difference = Difference(1, (1,), np.array([5.0]), np.full((1, 50), 5.0), np.array([5.0, -5.0]))
    found = assess_difference(difference, 0)
    assert math.isnan(found.low) and math.isnan(found.high)
    assert found.p == 1


def test_the_mean_of_differences_keeps_their_seeds():
    parts = [Difference(10, (1, 2), np.array([1.0, 3.0]) * k, np.zeros((2, 5))) for k in (1, 3)]
    mean = mean_difference(parts)
    assert (mean.n, mean.seeds, mean.randomized) == (20, (1, 2), None)
    assert mean.observed.tolist() == [2.0, 6.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"references_sha256": "other"}, "warmup1 and sft1 differ in their items"),
        ({"signatures": {"accuracy": "x"}}, "warmup1 and sft1 differ in the signature of accuracy"),
        ({"key": EvaluationKey.from_row(RUN)}, "warmup1 and sft1 are of the same run"),
    ],
)
def test_what_does_not_compare_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        compare.compare([evaluation("sft"), evaluation("warmup")._replace(**change)], Methods())
