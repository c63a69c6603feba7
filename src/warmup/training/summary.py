"""training.json: the curves and the costs of a run."""

from typing import Any

from transformers import TrainerState

from warmup.training.validation import WARMUPS

MEASURED = "warmup_"
"""Beginning of the names that quantities of warmups have in the log, after `eval_`."""

_COSTS = ("step", "epoch", "seconds", "examples", "target_tokens", "flops", "skipped")
"""Keys of the log that the summary adds up instead of listing them."""


def summarise(state: TrainerState, validation_size: int) -> dict[str, Any]:
    """Return training.json without the settings and the counts of texts.

    Args:
        state: of a finished training. Its log covers all starts, since checkpoints contain it.
        validation_size: examples of a validation.
    """
    history = [entry for entry in state.log_history if "loss" in entry]
    validation = [entry for entry in state.log_history if "eval_loss" in entry]
    best = min(validation, key=lambda entry: entry["eval_loss"], default={"step": None})
    counted = [entry["flops"] for entry in history if "flops" in entry]
    updates = state.global_step
    return {
        "updates": updates,
        "best_update": best["step"],
        "skipped_updates": int(sum(entry.get("skipped", 0) for entry in history)),
        "stopped": "budget" if updates == state.max_steps else "early",
        "cost": {
            "seconds": sum(entry["seconds"] for entry in history),
            "flops": sum(counted) / len(counted) * updates,
            "examples": int(sum(entry["examples"] for entry in history)),
            "target_tokens": int(sum(entry["target_tokens"] for entry in history)),
        },
        "history": [
            {"update": entry["step"]} | {k: v for k, v in entry.items() if k not in _COSTS}
            for entry in history
        ],
        "validation": [
            {"update": entry["step"], "nll": entry["eval_loss"], "n": validation_size}
            | _measured(entry)
            for entry in validation
        ],
    }


def _measured(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the quantities of warmups in the log of a validation, if there are any."""
    prefix = f"eval_{MEASURED}"
    found = {k.removeprefix(prefix): v for k, v in entry.items() if k.startswith(prefix)}
    return {WARMUPS: found} if found else {}
