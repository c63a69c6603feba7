"""Measure in each validation what warmups are like while they are learned.

The quantities are those of `warmup.evaluation.warmup_analysis.quantities`, measured as on the test
set: on warmups and outputs that the model generates by greedy search.
"""

import math
from collections.abc import Sequence
from typing import Any

from warmup.common import plugins
from warmup.config.settings import CheckpointFormat
from warmup.data.batches import Examples
from warmup.data.records import Record
from warmup.evaluation.warmup_analysis import quantities
from warmup.evaluation.warmup_analysis.quantities import Items
from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator

EXAMPLES = 200
"""Number of validation examples, the first ones: enough to see a change by."""
WARMUPS = "warmups"
"""Key of the quantities of a validation in training.json."""


class WarmupMeasure:
    """Generates for some validation examples, and measures.

    No random number is drawn and the time is not counted, so training and its cost stay as they
    are. All processes generate the same, since weights may be divided among them.

    Args:
        trainer: a `warmup.training.trainer.WarmupTrainer`.
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.form: CheckpointFormat = trainer.form
        size = trainer.args.per_device_eval_batch_size
        model = trainer.language_model
        self.generator = SequenceGenerator(
            model, self.form, beams=1, batch_size=size, progress=False
        )
        self.generate = trainer.with_full_parameters("warmup_generate", self.generator.generate)

    def __call__(self, examples: Examples, prefix: str) -> dict[str, float]:
        """Return the quantities and their number of examples, as the log has them.

        Args:
            examples: of the validation.
            prefix: of their names.
        """
        with self.trainer.compute_loss_context_manager():
            hypotheses = self.generate(examples.input_ids[:EXAMPLES])
        records = examples.first_records(EXAMPLES)
        items = items_of(records, hypotheses, self.generator, self.form.task)
        found = {"n": len(hypotheses)} | values(items)
        return {f"{prefix}{name}": value for name, value in found.items()}


def items_of(
    records: Sequence[Record],
    hypotheses: Sequence[Hypothesis],
    generator: SequenceGenerator,
    task: str,
) -> Items:
    """Return records and generated sequences in the form that
    `warmup.evaluation.warmup_analysis.quantities` takes.
    """
    module = plugins.load("task", task)
    texts = [generator.texts(hypothesis) for hypothesis in hypotheses]
    return Items(
        sources=[record.source for record in records],
        references=[module.render(record).references[0] for record in records],
        warmups=[warmup for warmup, _ in texts],
        outputs=[output for _, output in texts],
        tokens=[len(hypothesis.warmup) for hypothesis in hypotheses],
        log_probabilities=[hypothesis.warmup_log_probability for hypothesis in hypotheses],
        labelled="accuracy" in module.METRICS,
    )


def values(items: Items) -> dict[str, float]:
    """Return each quantity over all items, without those that are NaN."""
    results = {
        name: float(quantity.aggregate(quantity.statistics.sum(axis=0)))
        for name, quantity in quantities.measure(items)
    }
    return {name: value for name, value in results.items() if not math.isnan(value)}
