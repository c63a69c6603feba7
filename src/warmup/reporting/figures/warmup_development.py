"""How what warmups say changes while they are learned."""

from matplotlib.figure import Figure

from warmup.evaluation.result_tables import VALIDATION
from warmup.reporting.figures import Data
from warmup.reporting.figures._facets import MANY
from warmup.reporting.figures._warmup_curves import Quantities
from warmup.reporting.figures._warmup_curves import draw as draw_curves

TITLE = "What warmups say during training"
CAPTION = (
    "Shares against the updates of the method's own training; one line a seed, the style of the "
    "line tells models apart. Measured at each validation, on warmup and output that the model "
    "writes greedily for the first 200 validation examples. In reference: share of the warmups' "
    "words which are in the reference. Output's start: share of the output's first words, as many "
    "as the warmup has, which are in the warmup. Constant: warmups that repeat one word. Reference "
    "found: share of the reference's words which are in the warmup. New: words which are neither "
    "in the source nor in the output. Copies: warmups that are, word by word, how the output "
    "begins." + MANY + " It then has the first three quantities only."
)
_LABELS = {
    "precision_reference": "in reference",
    "agreement": "output's start",
    "constant": "constant",
    "recall_reference": "reference found",
    "novelty": "new",
    "copied_beginning": "copies",
}
_QUANTITIES = Quantities(
    {VALIDATION + name: label for name, label in _LABELS.items()}, limits=(-0.05, 1.05)
)


def draw(data: Data) -> Figure:
    """Return the figure; a column a quantity, or of many methods a column what they vary."""
    return draw_curves(data, _QUANTITIES)
