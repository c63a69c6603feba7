"""How warmups change while they are learned."""

from matplotlib.figure import Figure

from warmup.reporting.figures import Data
from warmup.reporting.figures._facets import MANY
from warmup.reporting.figures._warmup_curves import Quantities
from warmup.reporting.figures._warmup_curves import draw as draw_curves

TITLE = "Warmups during training"
CAPTION = (
    "Quantities of the sampled warmups against the updates of the method's own training; one "
    "line a seed, the style of the line tells models apart. Reward: log of the mean probability of "
    "the target given the warmup, in nats per example; it rises when warmups help. Length: tokens. "
    "Effective sample size: how many of the N samples share the weight; at N no warmup is better "
    "than another, at 1 a single one makes the target likely. Surprisal: −log P(c|x) in nats, "
    "whose mean is the entropy of the warmups. Copied: share of warmups that are the beginning of "
    "the target." + MANY + " It then has the first three quantities only."
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


def draw(data: Data) -> Figure:
    """Return the figure; a column a quantity, or of many methods a column what they vary."""
    return draw_curves(data, _QUANTITIES)
