"""Sampled warmups during training: reward, length, effective sample size, surprisal."""

from matplotlib.figure import Figure

from warmup.reporting.figures._facets import MANY
from warmup.reporting.figures._warmup_curves import Quantities, figure_of
from warmup.reporting.results import Results

TITLE = "Warmups during training"
CAPTION = (
    "Quantities of the sampled warmups against the updates of the method's own training; one "
    "line per seed, one line style per model. Reward: log of the mean probability of "
    "the target given the warmup, in nats per example; it rises when warmups help. Length: tokens. "
    "Effective sample size: how many of the N samples share the weight; at N no warmup is better "
    "than another, at 1 a single one makes the target likely. Surprisal: −log P(c|x) in nats, "
    "whose mean is the entropy of the warmups. Copied: share of warmups that are the beginning of "
    "the target." + MANY + " There are then only the first three quantities."
)
_QUANTITIES = Quantities(
    {
        "reward": "reward (nats)",
        "warmup_length": "warmup length (tokens)",
        "effective_sample_size": "effective sample size",
        "warmup_surprisal": "surprisal (nats)",
        "warmup_copied": "copied from target",
    }
)


def draw(results: Results) -> Figure:
    """Return the figure: one column per quantity, or with many methods per varied setting."""
    return figure_of(results, _QUANTITIES)
