"""Whether a gain is one of words: contrast of two metrics, its rows and its table."""

import numpy as np
import pandas as pd
import pytest

from helpers.synthetic_results import make_scores
from helpers.tables import table_of
from warmup.common.keys import EvaluationKey
from warmup.config.experiment_summary import ExperimentSummary
from warmup.config.methods import Methods
from warmup.evaluation import compare
from warmup.evaluation.item_statistics import ItemStatistics
from warmup.evaluation.metrics import mean
from warmup.evaluation.result_tables import COMPARISONS, against, compared_metrics
from warmup.evaluation.significance.difference import (
    BOOTSTRAP,
    HIERARCHICAL,
    Difference,
    assess_difference,
    paired_differences,
    standardised_contrast,
)
from warmup.reporting.results import Results

NAME = "rouge1 against bertscore"
RUN = {"experiment": "e", "task": "summarization", "dataset": "d", "pair": "en", "model": "m",
       "split": "test", "decoding": "greedy"}  # fmt: skip


def means(values):
    return np.stack([values, np.ones(len(values))], axis=-1)


def two_metrics(generator, n, gains=(0.0, 0.0), shared=0.5, seeds=1):
    """Return the differences on two metrics whose items' differences have spread 10 and 2."""
    noise = np.random.default_rng(generator.integers(2**32)).normal(size=(3, n))
    found = []
    for column, (gain, spread) in enumerate(zip(gains, (10, 2), strict=True)):
        items = np.sqrt(shared) * noise[0] + np.sqrt(1 - shared) * noise[1 + column]
        statistics = {}
        for seed in range(seeds):
            statistics["a", seed] = means(50 + spread * (items + gain))
            statistics["b", seed] = means(np.full(n, 50.0))
        found += paired_differences(statistics, [("a", "b")], mean, 400, 0)
    return found


def test_it_is_the_difference_of_two_effect_sizes():
    one, other = two_metrics(np.random.default_rng(0), 300, gains=(0.6, 0.1))
    found = standardised_contrast(one, other)
    sizes = [assess_difference(item, 0).effect_size for item in (one, other)]
    assert found.observed[0] == pytest.approx(sizes[0] - sizes[1])
    result = assess_difference(found, 0)
    assert (result.test, result.p) == (BOOTSTRAP, result.p_bootstrap)
    assert result.low > 0
    assert result.p < 0.05
    back = assess_difference(standardised_contrast(other, one), 0)
    assert (back.difference, back.p) == (pytest.approx(-result.difference), result.p)


def test_what_is_not_of_the_same_draws_or_has_no_spread_is_not_compared():
    one, other = two_metrics(np.random.default_rng(0), 100)
    still = Difference(100, (0,), np.zeros(1), np.zeros((1, 400)))
    assert standardised_contrast(one, still) is None
    assert standardised_contrast(one, Difference(99, (0,), other.observed, other.resampled)) is None
    assert (
        standardised_contrast(one, Difference(100, (7,), other.observed, other.resampled)) is None
    )


@pytest.mark.parametrize("gains", [(0.0, 0.0), (0.3, 0.3)])
def test_intervals_hold_the_truth_and_p_values_err_in_five_of_a_hundred(gains):
    generator, trials = np.random.default_rng(21), 400
    held, small = 0, 0
    for _ in range(trials):
        result = assess_difference(standardised_contrast(*two_metrics(generator, 120, gains)), 0)
        held += result.low <= 0 <= result.high
        small += result.p <= 0.05
    assert 0.92 <= held / trials <= 0.98  # three standard errors about 95%
    assert 0.02 <= small / trials <= 0.08


def evaluation(method, seed, words, meaning, items=200):
    generator = np.random.default_rng([seed, len(method)])
    rows = {
        "rouge1": means(50 + words + 10 * generator.normal(size=items)),
        "bertscore": means(80 + meaning + 2 * generator.normal(size=items)),
        "rougeL": means(40 + words + 10 * generator.normal(size=items)),
    }
    run = RUN | {"method": method, "seed": seed}
    return ItemStatistics(
        f"{method}{seed}", run["experiment"], run["task"], EvaluationKey.from_row(run), "hash",
        dict.fromkeys(rows, "s"), rows,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[1, 3])
def rows(request):
    seeds = range(1, request.param + 1)
    runs = [evaluation("sft", seed, 0, 0) for seed in seeds]
    runs += [evaluation("warmup", seed, 12, 0) for seed in seeds]
    runs += [evaluation("filler", seed, 0, 2) for seed in seeds]
    return compare.compare(runs, Methods(("sft", "filler", "warmup")), resamples=1000)


def test_each_gain_over_sft_has_a_row_in_a_table_of_its_own(rows):
    found = {row["method"]: row for row in rows if compared_metrics(row["metric"])}
    assert {row["metric"] for row in found.values()} == {NAME} == {against("rouge1", "bertscore")}
    assert {row["baseline"] for row in found.values()} == {"sft"}
    assert found.keys() == {"warmup", "filler"}
    assert {row["tests"] for row in found.values()} == {2}
    others = [row for row in rows if row not in found.values()]
    assert {row["tests"] for row in others} == {9}  # as without these rows
    assert found["warmup"]["low"] > 0 > found["filler"]["high"]
    test = BOOTSTRAP if found["warmup"]["seeds"] == 1 else HIERARCHICAL
    assert {row["test"] for row in found.values()} == {test}


def lexical_table(comparisons):
    methods = Methods(("sft", "filler", "warmup"))
    results = Results(make_scores(), ExperimentSummary("e", methods), comparisons=comparisons)
    return table_of("words_and_meaning", results, "summarization")


def test_the_table_shows_both_gains_and_marks_what_is_significant(rows, tmp_path):
    COMPARISONS.write(tmp_path / "comparisons.tsv", rows)
    tested = COMPARISONS.read(tmp_path / "comparisons.tsv")
    table = lexical_table(tested)
    assert table.header[:7] == [
        "data", "model", "method", "metrics", "words", "meaning", "words − meaning",
    ]  # fmt: skip
    assert [row[2].text for row in table.rows] == ["filler", "warmup"]
    warmup = table.rows[1]
    assert warmup[3].text == "ROUGE-1 − BERTScore"
    assert warmup[6].value == pytest.approx(warmup[4].value - warmup[5].value, abs=1e-6)
    p = next(row["p_holm"] for row in rows if row["metric"] == NAME and row["method"] == "warmup")
    assert ("*" in warmup[6].text) == (p < 0.05)
    assert (warmup[-2].value, warmup[-1].value) == (rows[0]["seeds"], 200)


def test_without_a_metric_of_meaning_there_is_no_table(rows):
    few = pd.DataFrame([row for row in rows if not compared_metrics(row["metric"])])
    assert lexical_table(few) is None
