"""Files of segment scores: written, read, checked against the outputs, and made a metric of."""

import json
import math

import numpy as np
import pytest

from warmup.common.errors import InputError
from warmup.evaluation import metrics, segment_scores
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.segment_scores import NotComputed, SegmentScores

CORPUS = Corpus(["ein Hund", "", "猫"], [["ein Hund"], ["eine Katze"], ["猫"]], "de")
FOUND = SegmentScores("comet", [90.5, -1.25, 101.0], "comet|model:tiny|lang:de")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "test.greedy.comet.segments.json"
    segment_scores.write(path, FOUND, CORPUS, {"python": "3.11"})
    return path


def test_what_is_written_is_read(path):
    assert segment_scores.read(path, CORPUS) == FOUND
    assert json.loads(path.read_text())["provenance"] == {"python": "3.11"}


def test_they_are_a_metric_whose_score_is_the_mean():
    rows = FOUND.statistics(CORPUS)
    assert rows.tolist() == [[90.5, 1], [-1.25, 1], [101, 1]]
    assert FOUND.aggregate(rows.sum(axis=0)) == pytest.approx((90.5 - 1.25 + 101) / 3)
    assert FOUND.aggregate(rows[None, [0, 2]].sum(axis=1)).tolist() == [95.75]
    assert FOUND.signature(CORPUS) == FOUND.stated_signature


def test_sums_of_every_metric_can_be_aggregated_by_its_name():
    sums = np.array([180.0, 2.0])
    assert segment_scores.aggregate_of("comet")(sums) == 90
    assert segment_scores.aggregate_of("bertscore")(sums) == 90
    assert segment_scores.aggregate_of("accuracy") is metrics.load("accuracy").aggregate
    with pytest.raises(InputError, match="unknown metric 'bleurt'"):
        segment_scores.aggregate_of("bleurt")


def test_a_reason_is_one_line_of_bounded_length(tmp_path):
    path = tmp_path / "x.json"
    segment_scores.write_reason(path, NotComputed("comet", "no\n\tmodel"))
    assert segment_scores.read(path, CORPUS) == NotComputed("comet", "no model")
    segment_scores.write_reason(path, NotComputed("comet", "why " * 1000))
    assert len(segment_scores.read(path, CORPUS).reason) <= segment_scores.LONGEST


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_not_written(tmp_path, score):
    bad = SegmentScores("comet", [1.0, score, 2.0], "x")
    with pytest.raises(InputError, match="comet: the score of item 2 is"):
        segment_scores.write(tmp_path / "x.json", bad, CORPUS, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": None}, "metric must be a str"),
        ({"signature": 1}, "signature must be a str"),
        ({"scores": [1.0, 2.0]}, "2 scores for 3 outputs"),
        ({"scores": [1.0, 2.0, "x"]}, "scores must be finite numbers"),
        ({"hypotheses_sha256": "0"}, "is about other outputs; compute it again"),
    ],
)
def test_a_file_that_is_wrong_is_refused(path, change, message):
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=message):
        segment_scores.read(path, CORPUS)
