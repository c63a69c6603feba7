"""What warmups say during training: how often they repeat reference, source and output."""

from matplotlib.figure import Figure

from warmup.evaluation.result_tables import VALIDATION
from warmup.reporting.figures._facets import MANY
from warmup.reporting.figures._warmup_curves import Quantities, figure_of
from warmup.reporting.results import Results

TITLE = "What warmups say during training"
CAPTION = (
    "Shares against the updates of the method's own training; one line per seed, one line style "
    "per model. Measured at each validation, on warmup and output that the model generates "
    "greedily for the first 200 validation examples. In reference: share of the warmups' "
    "words that are in the reference. Output's start: share of the output's first words, as many "
    "as the warmup has, that are in the warmup. Constant: warmups that repeat one word. Reference "
    "found: share of the reference's words that are in the warmup. New: words that are neither "
    "in the source nor in the output. Copies: warmups that are, word by word, how the output "
    "begins." + MANY + " There are then only the first three quantities."
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


def draw(results: Results) -> Figure:
    """Return the figure: one column per quantity, or with many methods per varied setting."""
    return figure_of(results, _QUANTITIES)
