"""What a checkpoint says of itself in `warmup.json`, for those who write sequences with it."""

from typing import Any


def model_format(config: dict[str, Any]) -> dict[str, Any]:
    """Return what `warmup.generate` has to know of a checkpoint."""
    warmup, dataset = config["method"]["warmup"], config["dataset"]
    return {
        "architecture": config["model"]["architecture"],
        "separator": config["model"]["separator"],
        "prompt_end": config["model"]["prompt_end"],
        "dtype": config["model"]["dtype"],
        "task": dataset["task"],
        "max_warmup_tokens": warmup["max_tokens"] if warmup else None,
        "warmup_samples": warmup["samples"] if warmup else None,
        "max_source_tokens": dataset["max_source_tokens"],
        "max_target_tokens": dataset["max_target_tokens"],
    }
