"""All private names of `transformers` that this package uses, tested with version 5.23.

`transformers` may change them in any version, so pyproject.toml bounds it to this one. Before you
raise the bound, compare each name below with the new source. `ShardedTrainer` also sets
`is_distributed_loading_by_transformers`, an attribute that is not documented.
"""

from pathlib import Path

from transformers import TrainerState

CALLED = ("_load_best_model", "_prepare_inputs")
"""Private methods of `Trainer` that `trainer.WarmupTrainer` calls."""
OVERRIDDEN = (
    "_load_best_model",
    "_load_from_checkpoint",
    "_load_optimizer_and_scheduler",
    "_save",
    "_save_optimizer_and_scheduler",
)
"""Private methods of `Trainer` that `WarmupTrainer` or `ShardedTrainer` overrides."""


def trainer_state(checkpoint: Path) -> TrainerState:
    """Return the state that `Trainer` has written to a checkpoint."""
    return TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))


def had_ended(state: TrainerState) -> bool:
    """Return whether training had ended, by its budget or its patience, when a state was saved."""
    return bool(state.stateful_callbacks["TrainerControl"]["args"]["should_training_stop"])
