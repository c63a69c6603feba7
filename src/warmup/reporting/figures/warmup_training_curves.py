"""Sampled warmups during training: reward, length, effective sample size, surprisal."""

from matplotlib.figure import Figure

from warmup.reporting.figures._facets import MANY
from warmup.reporting.figures._panels import SEEDS
from warmup.reporting.figures._warmup_curves import ONE, figure_of
from warmup.reporting.results import Results

TITLE = "How the sampled warmups change in training"
CAPTION = (
    "Quantities of the sampled warmups against the updates of the method's own training. Reward: "
    "log of the mean probability of the target given the warmup, in nats per example; it rises "
    "when warmups help. Effective sample size: how many of the N samples share the weight; at N "
    "no warmup is better than another, at 1 a single one makes the target likely. Warmup "
    "surprisal: −log P(c|x) in nats, whose mean is the entropy of the warmups. Warmup copied: "
    "share of warmups that are the beginning of the target." + SEEDS + MANY + ONE
)
_QUANTITIES = (
    "reward",
    "warmup_length",
    "effective_sample_size",
    "warmup_surprisal",
    "warmup_copied",
)


def draw(results: Results) -> Figure:
    """Return the figure: one panel per quantity, or with many methods per varied setting."""
    return figure_of(TITLE, results, _QUANTITIES)
