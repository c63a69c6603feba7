"""From outputs to comparisons.tsv: which rows, what is in them, what is refused."""

import csv
import json
import math
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from warmup import compare, comparisons, item_statistics, metrics, score
from warmup import files as files_of
from warmup.compare import planned
from warmup.control_table import OWN
from warmup.decoding_order import Decodings
from warmup.errors import InputError
from warmup.item_statistics import ItemStatistics
from warmup.methods import Methods
from warmup.metrics import Corpus
from warmup.significance.comparison import Difference, assess, mean_of
from warmup.significance.holm import holm
from warmup.significance.mcnemar import mcnemar

RUN = {"experiment": "e", "task": "multiple_choice", "dataset": "d", "pair": "en", "model": "m",
       "method": "sft", "seed": 1, "split": "test", "decoding": "greedy"}  # fmt: skip
ACCURACY = metrics.load("accuracy")


def evaluation(method, seed=1, share=0.5, items=120, luck=0, **run):
    """Return accuracy of a made-up method: hard items are hard for all methods and seeds."""
    hard = np.random.default_rng(0).random(items)
    own = np.random.default_rng([len(method), ord(method[-1]), seed, luck]).random(items)
    right = 0.6 * hard + 0.4 * own < share
    rows = np.stack([right, np.ones(items)], axis=-1).astype(float)
    name = f"{method}{seed}"
    return ItemStatistics(
        name, RUN | {"method": method, "seed": seed} | run, "hash", {"accuracy": "s"},
        {"accuracy": rows},
    )  # fmt: skip


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
    assert set(row) == set(comparisons.COLUMNS)
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
    without = [one for one in runs if one.run["pair"] == "a-b" or one.run["method"] == "sft"]
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
    same = sft._replace(run=sft.run | {"method": "warmup"})
    (row,) = compare.compare([sft, same], Methods(), resamples=200)
    assert (row["difference"], row["low"], row["high"], row["p"]) == (0, 0, 0, 1)
    assert math.isnan(row["effect_size"]) and math.isnan(row["detectable"])


def test_one_item_has_no_interval():
    difference = Difference(1, (1,), np.array([5.0]), np.full((1, 50), 5.0), np.array([5.0, -5.0]))
    found = assess(difference, 0)
    assert math.isnan(found.low) and math.isnan(found.high)
    assert found.p == 1


def test_the_mean_of_differences_keeps_their_seeds():
    parts = [Difference(10, (1, 2), np.array([1.0, 3.0]) * k, np.zeros((2, 5))) for k in (1, 3)]
    mean = mean_of(parts)
    assert (mean.n, mean.seeds, mean.randomized) == (20, (1, 2), None)
    assert mean.observed.tolist() == [2.0, 6.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"references_sha256": "other"}, "warmup1 and sft1 differ in their items"),
        ({"signatures": {"accuracy": "x"}}, "warmup1 and sft1 differ in the signature of accuracy"),
        ({"run": RUN}, "warmup1 and sft1 are of the same run"),
    ],
)
def test_what_does_not_compare_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        compare.compare([evaluation("sft"), evaluation("warmup")._replace(**change)], Methods())


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Score predictions of two methods as the pipeline does; return the files of statistics."""
    monkeypatch.chdir(tmp_path)
    shuffler, paths = random.Random(0), []
    references = [" ".join(shuffler.choices(["ka", "lo", "mi", "su"], k=9)) for _ in range(40)]
    for method, share in (("sft", 0.7), ("warmup", 0.9)):
        rows = [
            {
                **{"id": str(i), "source": "s", "references": [text], "meta": {}},
                "output": " ".join(w if shuffler.random() < share else "xx" for w in text.split()),
            }
            for i, text in enumerate(references)
        ]
        files_of.write_jsonl(Path(f"{method}.jsonl"), rows)
        run = RUN | {"task": "translation", "pair": "qaa-de", "method": method, "target_lang": "de"}
        paths.append(f"{method}.statistics.json")
        call(monkeypatch, score, "--predictions", f"{method}.jsonl", "--run", json.dumps(run),
             "--output", f"{method}.scores.json", "--statistics", paths[-1])  # fmt: skip
    return paths


def call(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


def test_statistics_of_items_add_up_to_the_scores(files, tmp_path):
    for path in files:
        found = item_statistics.read(tmp_path / path)
        scores = json.loads((tmp_path / path.replace("statistics", "scores")).read_text())
        assert found.run == scores["run"]
        for row in scores["scores"]:
            metric = metrics.load(row["metric"])
            sums = found.statistics[row["metric"]].sum(axis=0)
            assert float(metric.aggregate(sums)) == row["value"]
            assert found.signatures[row["metric"]] == row["signature"]
            assert found.references_sha256 == row["references_sha256"]


def test_command_writes_the_same_table_each_time(files, tmp_path, monkeypatch):
    arguments = ["--statistics", *files, "--resamples", 300]
    call(monkeypatch, compare, *arguments, "--output", "one.tsv")
    call(monkeypatch, compare, *arguments[:2], files[1], *arguments[3:], "--output", "two.tsv")
    call(monkeypatch, compare, *arguments, "--output", "other.tsv", "--seed", 1)
    one, two, other = ((tmp_path / f"{n}.tsv").read_bytes() for n in ("one", "two", "other"))
    assert one == two != other
    with Path("one.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [row["metric"] for row in rows] == ["bleu", "chrf", "chrf++"]
    assert {(row["resamples"], row["resampling_seed"]) for row in rows} == {("300", "0")}
    table = comparisons.read(tmp_path / "one.tsv")
    assert table["p_holm"].dtype == float and table["n"].tolist() == [40] * 3
    outputs = {name: list(files_of.read_jsonl(Path(f"{name}.jsonl"))) for name in ("warmup", "sft")}
    corpora = [
        Corpus([row["output"] for row in rows], [row["references"] for row in rows], "de")
        for rows in outputs.values()
    ]
    ours, theirs = (score.score(corpus, ["bleu"])[0]["value"] for corpus in corpora)
    assert table["difference"][0] == pytest.approx(ours - theirs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("run"), "run must be a dict"),
        (lambda d: d["run"].pop("seed"), "missing key 'seed'"),
        (lambda d: d["metrics"]["bleu"].pop("signature"), "metric bleu: no signature"),
        (lambda d: d["metrics"]["bleu"].update(statistics=[[1, 2], [3]]), "metric bleu"),
        (lambda d: d["metrics"]["bleu"].update(statistics=[]), "a row of numbers an item"),
        (lambda d: d["metrics"]["bleu"].update(statistics=[[math.nan]]), "a row of numbers"),
        (lambda d: d["metrics"]["chrf"]["statistics"].pop(), "number of items"),
    ],
)
def test_a_broken_file_of_statistics_is_named(files, tmp_path, monkeypatch, change, message):
    document = json.loads((tmp_path / files[0]).read_text())
    change(document)
    (tmp_path / files[0]).write_text(json.dumps(document))
    with pytest.raises(InputError, match=rf"sft\.statistics\.json.*{message}"):
        call(monkeypatch, compare, "--statistics", *files, "--output", "x.tsv")


def test_too_few_resamples_are_refused(files, monkeypatch):
    with pytest.raises(InputError, match="--resamples must be 100 or more"):
        call(monkeypatch, compare, "--statistics", *files, "--output", "x", "--resamples", 10)


def test_a_single_method_makes_an_empty_table(files, tmp_path, monkeypatch):
    call(monkeypatch, compare, "--statistics", files[0], "--output", "x.tsv")
    assert len(comparisons.read(tmp_path / "x.tsv")) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("p_holm", "p_bonferroni"), ":1: the columns must be"),
        (lambda text: text.replace("\t40\t", "\tmany\t"), "column 'n'"),
        (lambda text: text + "a\tb\n", ":5: 2 cells"),
    ],
)
def test_a_broken_table_is_named(files, tmp_path, monkeypatch, change, message):
    call(monkeypatch, compare, "--statistics", *files, "--output", "x.tsv", "--resamples", 100)
    path = tmp_path / "x.tsv"
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=message):
        comparisons.read(path)
