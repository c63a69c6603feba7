"""What metrics say of themselves."""

import math

import pytest

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.config.experiment_summary import ExperimentSummary
from warmup.data import tasks
from warmup.evaluation import metric_properties, metrics
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.score import score


def statement(**changes):
    stated = {"NAME": "odd", "LABEL": "Odd", "HIGHER_IS_BETTER": True, "RANGE": (0, 100)}
    stated |= {"KIND": "surface"} | changes
    return "".join(f"{key} = {value!r}\n" for key, value in stated.items())


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that adds the file of a metric `odd`."""
    monkeypatch.setattr(metrics, "__path__", [*metrics.__path__, str(tmp_path)])
    metric_properties.of.cache_clear()
    yield (tmp_path / "odd.py").write_text
    metric_properties.of.cache_clear()


def test_every_metric_states_what_is_needed():
    found = {name: metric_properties.of(name) for name in metrics.names()}
    found |= {name: metric_properties.of(name) for name in plugins.names("neural metric")}
    assert [name for name, item in found.items() if not item.higher_is_better] == [
        *("cer", "ser", "ter", "wer", "wer_edits")
    ]
    assert (found["ser"].low, found["ser"].high, found["ser"].best) == (0, math.inf, 0)
    assert (found["wer"].low, found["wer"].high, found["wer"].best) == (0, 100, 0)
    assert (found["bleu"].low, found["bleu"].high, found["bleu"].best) == (0, 100, 100)
    assert {name for name, item in found.items() if item.kind == "semantic"} == {
        "bertscore", "comet",
    }  # fmt: skip


def test_a_file_is_all_that_a_new_metric_needs(write):
    write(statement(HIGHER_IS_BETTER=False, RANGE=(None, 5)))
    found = metric_properties.of("odd")
    assert (found.low, found.high, found.best) == (-math.inf, 5, -math.inf)
    assert found.improvement(2.0) == -2.0
    assert metric_properties.head("odd") == "Odd ↓"
    assert metric_properties.directions(["odd", "bleu"]) == "↑ higher is better, ↓ lower is better"
    assert "odd" in metrics.names()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"LABEL": ""}, "metric odd: LABEL must be a name, not ''"),
        ({"HIGHER_IS_BETTER": "yes"}, "HIGHER_IS_BETTER must be True or False, not 'yes'"),
        ({"RANGE": (0,)}, r"RANGE must be two numbers, None for no end, not \(0,\)"),
        ({"KIND": "other"}, "KIND must be 'surface' or 'semantic', not 'other'"),
    ],
)
def test_what_a_metric_states_wrongly_is_named(write, wrong, message):
    write(statement(**wrong))
    with pytest.raises(InputError, match=message):
        metric_properties.of("odd")


def test_what_a_metric_does_not_state_is_named(write):
    write("NAME = 'odd'\nLABEL = 'Odd'\n")
    with pytest.raises(InputError, match=r"odd\.py: no literal .* HIGHER_IS_BETTER"):
        metric_properties.of("odd")


def test_a_score_outside_of_the_range_is_refused(write):
    write(
        statement(RANGE=(0, 1))
        + "import numpy as np\n"
        + "statistics = lambda corpus: np.ones((len(corpus.hypotheses), 1))\n"
        + "aggregate = lambda sums: sums[..., 0]\nsignature = lambda corpus: 'odd'\n"
    )
    assert score(Corpus(["a"], [["a"]], "en"), ["odd"])[0]["value"] == 1
    with pytest.raises(InputError, match=r"odd: the score 2 lies outside the RANGE .* 0 to 1"):
        score(Corpus(["a", "b"], [["a"], ["b"]], "en"), ["odd"])


def test_the_first_metric_of_a_task_is_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    (tmp_path / "phones.py").write_text('METRICS: tuple[str, ...] = ("ser", "chrf", "bleu")\n')
    shuffled = ["comet", "bleu", "bertscore", "ser", "chrf", "bleu"]
    expected = ["ser", "chrf", "bleu", "bertscore", "comet"]
    own = ExperimentSummary().metrics_of("phones")
    assert metric_properties.order(own, shuffled) == expected
    with pytest.raises(InputError, match="unknown task 'sounds'"):
        ExperimentSummary().metrics_of("sounds")


def test_a_data_set_may_have_metrics_of_its_own():
    experiment = ExperimentSummary(
        tasks={"words": "text_to_text", "texts": "text_to_text", "more": "text_to_text"},
        metrics={"texts": ["cer", "exact_match"], "words": ["wer_edits"]},
    )
    assert experiment.metrics_of("text_to_text", "texts") == ["cer", "exact_match"]
    assert experiment.metrics_of("text_to_text", "more") == ["exact_match", "chrf"]
    assert experiment.metrics_of("text_to_text") == ["wer_edits", "cer", "exact_match", "chrf"]
