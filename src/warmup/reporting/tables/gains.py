"""Gains over SFT of all other methods."""

from warmup.config.methods import BASELINE
from warmup.evaluation import metric_properties
from warmup.reporting import missing_scores, notes
from warmup.reporting.display_names import task_label
from warmup.reporting.estimates import ITEMS
from warmup.reporting.gains import is_tested
from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _measured

SECTION = Section.SCORES
PLACE = 2
_GAIN = (
    "Score minus that of SFT with the same seed, in points; an interval that excludes 0 is "
    "evidence of a difference; {}."
)
_ONE_SEED = (
    "With one seed the two bootstrap intervals are treated as independent. Both methods answered "
    "the same items, so the interval of the gain is too wide rather than too narrow."
)


def table(results: Results) -> Table | None:
    """Return the gains with one decoding, if there are any."""
    gains, gaps = results.gains, results.gaps
    if not gains:
        return None
    metrics = _measured.metrics_of(results, gains, gaps)
    rows = []
    for setting, method, of_metrics in _measured.by_method(gains):
        not_computed = missing_scores.metrics_of(gaps, setting, method, BASELINE)
        rows.append(
            [
                *_measured.names(setting, method, results),
                *_measured.values(of_metrics, metrics, gains, not_computed, sign=True),
            ]
        )
    return Table(
        f"{task_label(results.task)}: gain over SFT (measured), {results.decoding} decoding",
        _measured.header(metrics),
        rows,
        len(_measured.LABELS),
        [
            *notes.intervals(gains),
            _GAIN.format(metric_properties.directions(metrics)),
            *([notes.significance(), notes.UNCORRECTED] if is_tested(gains) else []),
            *([_ONE_SEED] if any(gain.interval == ITEMS for gain in gains) else []),
            *notes.pair_means(gains),
            *missing_scores.notes(gaps),
        ],
    )
