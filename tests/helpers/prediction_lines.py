"""Lines of predictions.jsonl."""

import itertools
from typing import Any

_NUMBERS = itertools.count()


def prediction_line(**changes: Any) -> dict[str, Any]:
    """Return a line of a method without warmups, with an id of its own and some keys changed."""
    return {
        "id": f"x{next(_NUMBERS)}", "source": "s", "references": ["A"], "warmup": "", "output": "A",
        "warmup_log_probability": None, "output_log_probability": -1.0, "warmup_tokens": 0,
        "output_tokens": 1, "meta": {},
    } | changes  # fmt: skip
