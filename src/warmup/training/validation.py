"""What warmups say while they are learned: the quantities of
`warmup.evaluation.warmup_analysis.quantities` at each validation.

They are measured as on the test set, on warmups and outputs that the model writes greedily.
"""

import math
from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback

from warmup.common import plugins
from warmup.data.records import Record
from warmup.evaluation.warmup_analysis import quantities
from warmup.evaluation.warmup_analysis.quantities import Items
from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator

EXAMPLES = 200
"""Validation examples that are written, the first ones: enough to see a change by."""
WARMUPS = "warmups"
"""Key of the quantities in the log of a validation."""


class ValidationWarmups(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Adds the quantities to the log of each validation.

    No random number is drawn, and the time is not counted: training and its cost stay as they are.
    All processes write the same, as weights may be divided among them.

    Args:
        trainer: a `warmup.training.trainer.WarmupTrainer`.
        form: as a checkpoint's `warmup.json`.
    """

    def __init__(self, trainer: Any, form: dict[str, Any]) -> None:
        self.trainer = trainer
        self.form = form
        size = trainer.args.per_device_eval_batch_size
        model = trainer.language_model
        self.generator = SequenceGenerator(model, form, beams=1, batch_size=size, progress=False)
        self.generate = trainer.with_whole_weights("warmup_generate", self.generator.generate)

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write, measure, and add to the log what was found."""
        examples = self.trainer.eval_dataset
        with self.trainer.compute_loss_context_manager():
            hypotheses = self.generate(examples.input_ids[:EXAMPLES])
        items = items_of(examples.records[:EXAMPLES], hypotheses, self.generator, self.form["task"])
        state.log_history[-1][WARMUPS] = {"n": len(hypotheses)} | values(items)


def items_of(
    records: Sequence[Record],
    hypotheses: Sequence[Hypothesis],
    generator: SequenceGenerator,
    task: str,
) -> Items:
    """Return records and what was written for them as
    `warmup.evaluation.warmup_analysis.quantities` takes them.
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
    """Return the number of each quantity over all items; those that have none are left out."""
    found = {
        name: float(quantity.aggregate(quantity.statistics.sum(axis=0)))
        for name, quantity in quantities.measure(items)
    }
    return {name: value for name, value in found.items() if not math.isnan(value)}
