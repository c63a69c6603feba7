"""What warmups say during training: how often they repeat reference, source and output."""

from matplotlib.figure import Figure

from warmup.evaluation.result_tables import VALIDATION
from warmup.reporting.figures._facets import MANY
from warmup.reporting.figures._panels import SEEDS
from warmup.reporting.figures._warmup_curves import ONE, figure_of
from warmup.reporting.results import Results

TITLE = "How what warmups say changes in training"
CAPTION = (
    "Shares against the updates of the method's own training. Measured at each validation, on "
    "warmup and output that the model generates greedily for the first 200 validation examples. "
    "Precision: share of the warmups' words that are in the reference. Agreement: share of the "
    "output's first words, as many as the warmup has, that are in the warmup. Constant: warmups "
    "that repeat one word. Recall: share of the reference's words that are in the warmup. "
    "Novelty: words that are neither in the source nor in the output. Copied beginning: warmups "
    "that are, word by word, how the output begins." + SEEDS + MANY + ONE
)
_QUANTITIES = [
    VALIDATION + name
    for name in (
        *("precision_reference", "agreement", "constant", "recall_reference", "novelty"),
        "copied_beginning",
    )
]


def draw(results: Results) -> Figure:
    """Return the figure: one panel per quantity, or with many methods per varied setting."""
    return figure_of(TITLE, results, _QUANTITIES)
