"""All controls compared with warmup: those of training, and those at test time."""

from warmup.common.grouping import group
from warmup.config.methods import FOCUS
from warmup.reporting.display_names import decoding_label, task_label
from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _to_warmup
from warmup.reporting.tables._to_warmup import Row

SECTION = Section.CONTROLS
PLACE = 1
_AT_TEST_TIME = "warmup; at test time {}"


def table(results: Results) -> Table | None:
    """Return the controls of a task; None if there are only SFT and warmup."""
    trained = [row for row in _to_warmup.trained(results) if not row.aspect]
    at_test_time = group(_at_test_time(results), lambda row: row.score.setting)
    rows = [
        row
        for setting, methods in group(trained, lambda row: row.score.setting).items()
        for row in (*methods, *at_test_time.get(setting, []))
    ]
    if len({row.name for row in rows}) < 3:
        return None
    title = f"{task_label(results.task)}: all controls, compared with warmup"
    return _to_warmup.table_of(rows, results, title, ablations=False)


def _at_test_time(results: Results) -> list[Row]:
    """Return a row for warmup with each control of the first decoding."""
    first = {(score.metric, score.decoding) for score in results.primary(results.estimates)}
    controls = results.decodings.controls
    differences = {
        (item.setting, item.method, item.decoding, item.metric): item
        for item in results.to_own_warmup
    }
    scores = [
        score
        for score in results.estimates
        if score.method == FOCUS and (score.metric, controls.get(score.decoding)) in first
    ]
    return [
        Row(
            _AT_TEST_TIME.format(decoding_label(score.decoding)),
            "",
            score,
            differences.get((score.setting, score.method, score.decoding, score.metric)),
            None,
        )
        for score in sorted(scores, key=lambda score: results.decodings.order.index(score.decoding))
    ]
