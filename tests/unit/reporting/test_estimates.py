import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.synthetic_results import ORDER, make_curves, make_results, make_scores
from warmup.common.keys import Setting
from warmup.config.methods import Methods
from warmup.reporting.costs import costs_of
from warmup.reporting.estimates import ITEMS, NONE, SEEDS, is_mean, separated

SHELL_GAME = Setting("multiple_choice", "shell_game", "en", "t5_tiny", "test")


def one(items, **wanted):
    (found,) = [
        item
        for item in items
        if all(getattr(item, name) == value for name, value in wanted.items())
    ]
    return found


def scores_of(scores):
    return make_results(scores).estimates


def gains_of(scores):
    return make_results(scores).gains


def test_several_seeds_give_the_t_interval_over_seeds():
    scores = make_scores(seeds=3)
    rows = scores[
        (scores["model"] == "t5_tiny")
        & (scores["method"] == "warmup")
        & (scores["metric"] == "accuracy")
        & (scores["subset"] == "all")
    ]
    values = rows["value"].tolist()
    found = one(scores_of(scores), setting=SHELL_GAME, method="warmup", metric="accuracy")
    mean = sum(values) / 3
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / 2)
    assert found.mean == pytest.approx(mean)
    assert found.high - mean == pytest.approx(4.302652729911275 * deviation / math.sqrt(3))
    assert (found.interval, found.seeds, found.n) == (SEEDS, 3, 500)


def test_one_seed_keeps_the_interval_over_items():
    found = one(
        scores_of(make_scores(seeds=1)),
        setting=SHELL_GAME,
        method="sft",
        metric="accuracy",
    )
    assert (found.low, found.high) == (found.mean - 2, found.mean + 2)
    assert (found.interval, found.seeds) == (ITEMS, 1)


def test_one_seed_without_interval_says_so():
    scores = make_scores(seeds=1)
    scores["low"] = math.nan
    assert {item.interval for item in scores_of(scores)} == {NONE}


def test_an_interval_ends_where_the_metric_does_but_not_that_of_a_gain():
    scores = make_scores(seeds=2)
    warmup = (scores["method"] == "warmup") & (scores["metric"] == "accuracy")
    scores.loc[warmup, "value"] = scores["seed"][warmup].map({1: 99.0, 2: 100.0})
    wanted = {"setting": SHELL_GAME, "method": "warmup", "metric": "accuracy"}
    found = one(scores_of(scores), **wanted)
    assert found.mean == 99.5
    assert found.low == pytest.approx(99.5 - 12.706204736432095 * 0.5)
    assert found.high == 100
    gain = one(gains_of(scores), **wanted)
    assert gain.high - gain.mean == pytest.approx(gain.mean - gain.low)
    comet = scores[warmup].assign(metric="comet")
    assert one(scores_of(comet), setting=SHELL_GAME).high > 100


def test_gains_are_paired_by_seed():
    scores = make_scores(seeds=3)
    # the same shift of both methods in one seed widens their intervals but not that of the gain
    shifted = scores.copy()
    shifted.loc[shifted["seed"] == 2, "value"] += 30
    before = one(gains_of(scores), setting=SHELL_GAME, method="warmup", metric="accuracy")
    after = one(gains_of(shifted), setting=SHELL_GAME, method="warmup", metric="accuracy")
    assert after.mean == pytest.approx(before.mean)
    assert after.high == pytest.approx(before.high)


def test_gain_with_one_seed_adds_the_intervals_as_independent():
    found = one(
        gains_of(make_scores(seeds=1)),
        setting=SHELL_GAME,
        method="warmup",
        metric="accuracy",
    )
    assert found.high - found.mean == pytest.approx(2 * math.sqrt(2))
    assert found.interval == ITEMS


def test_gain_leaves_out_a_seed_that_the_baseline_lacks():
    scores = make_scores(seeds=3)
    scores = scores[(scores["method"] != "sft") | (scores["seed"] != 3)]
    found = one(gains_of(scores), setting=SHELL_GAME, method="warmup", metric="accuracy")
    assert found.seeds == 2


def test_no_gain_without_the_baseline():
    scores = make_scores(seeds=2)
    assert gains_of(scores[scores["method"] != "sft"]) == []


def test_mean_over_pairs_is_taken_per_seed():
    scores = make_scores(seeds=2)
    here = scores_of(scores)
    pairs = {
        item.setting.pair: item
        for item in here
        if (item.setting.model, item.method, item.metric) == ("t5_tiny", "sft", "bleu")
    }
    assert set(pairs) == {"qaa-qab", "qab-qaa", "mean of 2"}
    mean = (pairs["qaa-qab"].mean + pairs["qab-qaa"].mean) / 2
    assert pairs["mean of 2"].mean == pytest.approx(mean)
    assert (pairs["mean of 2"].n, pairs["mean of 2"].seeds) == (1000, 2)


def test_mean_over_pairs_needs_every_pair():
    scores = make_scores(seeds=1)
    gone = (scores["pair"] == "qab-qaa") & (scores["method"] == "warmup")
    means = {item.method for item in scores_of(scores[~gone]) if is_mean(item.setting)}
    assert means == {"sft", "sft_continued", "sft_compute"}


def test_subsets_and_training_are_not_among_the_scores():
    here = scores_of(make_scores(seeds=1))
    assert all(item.lookahead is None for item in here)
    assert {item.setting.split for item in here} == {"test"}
    assert {item.lookahead for item in make_results(make_scores(1)).lookahead} == {1, 2, 3, 4, 5, 6}


def test_costs_include_the_start_where_it_is_known():
    scores = make_scores(seeds=2)
    setting = SHELL_GAME._replace(split="train")
    alone = one(costs_of(scores, Methods()), setting=setting, method="warmup")
    whole = one(costs_of(scores, ORDER), setting=setting, method="warmup")
    assert (alone.updates, alone.relative) == (2000, 10)
    assert (whole.updates, whole.relative) == (3000, 11)
    assert whole.seconds.mean == pytest.approx(alone.seconds.mean + 1000 * 0.02 + 1.5)
    assert whole.seconds.low < whole.seconds.mean < whole.seconds.high
    assert all(math.isnan(item.seconds.low) for item in costs_of(make_scores(1), ORDER))


def test_primary_is_the_first_metric_and_greedy():
    results = make_results(make_scores(seeds=1, beam=True))
    found = results.primary(results.estimates)
    assert {(item.setting.task, item.metric, item.decoding) for item in found} == {
        ("translation", "bleu", "greedy"),
        ("summarization", "rouge1", "greedy"),
        ("multiple_choice", "accuracy", "greedy"),
    }


def test_separated_is_above_all_others_and_never_where_an_interval_is_unknown():
    results = make_results()
    estimates = results.primary(results.estimates)
    assert {item.method for item in separated(estimates)} == {"warmup"}
    unknown = [
        item if item.method != "sft" else type(item)(**{**vars(item), "high": math.nan})
        for item in estimates
    ]
    assert list(separated(unknown)) == []


def test_order_is_task_data_model_then_sft_controls_warmup():
    scores = make_scores(seeds=1).sample(frac=1, random_state=0)
    results = make_results(scores)
    found = results.primary(results.estimates)
    assert [item.method for item in found[:4]] == ["sft", "sft_compute", "sft_continued", "warmup"]
    translation = [item.setting.pair for item in found if item.setting.task == "translation"]
    assert translation[-1] == "mean of 2"


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(random):
    scores = make_scores(seeds=2, lookahead=False)
    some = scores[scores["task"] == "multiple_choice"]
    mixed = some.loc[random.sample(some.index.tolist(), len(some))]
    assert scores_of(mixed) == scores_of(some)


def test_a_part_has_what_the_whole_has_of_its_task_and_decoding():
    results = make_results(make_scores(seeds=2, beam=True), curves=make_curves(seeds=1))
    part = results.of("translation").of(decoding="beam4")
    assert (part.task, part.decoding) == ("translation", "beam4")
    for name in ("estimates", "gains", "of_warmup", "to_warmup"):
        expected = [
            item
            for item in getattr(results, name)
            if (item.setting.task, item.decoding) == ("translation", "beam4")
        ]
        assert expected
        assert getattr(part, name) == expected
    whole = {id(item) for item in (*results.estimates, *results.differences)}
    assert all(id(item) in whole for item in (*part.estimates, *part.differences))  # not made anew
    assert part.costs == [cost for cost in results.costs if cost.setting.task == "translation"]
    for frame in (part.scores, part.curves, part.claims):
        assert set(frame["task"]) == {"translation"}
    assert set(part.scores["decoding"]) == {"beam4", "-"}  # costs are of no decoding
