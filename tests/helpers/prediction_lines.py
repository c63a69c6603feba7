"""Lines of predictions.jsonl."""

from typing import Any


def prediction_line(**changes: Any) -> dict[str, Any]:
    """Return a line of a method without warmups, with some keys changed."""
    return {
        "id": "x", "source": "s", "references": ["A"], "warmup": "", "output": "A",
        "warmup_log_probability": None, "output_log_probability": -1.0, "warmup_tokens": 0,
        "output_tokens": 1, "meta": {},
    } | changes  # fmt: skip
