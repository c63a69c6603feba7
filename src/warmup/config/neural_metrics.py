"""Check what a schema cannot: the entries of `neural_metrics` in a configuration."""

from collections.abc import Mapping
from typing import Any

from warmup.common import code_digest, plugins
from warmup.common.errors import InputError, unknown

MODEL = ("hub", "revision", "local", "encoder_revision")
"""Keys that say which model it is."""
_OF_SOME = ("encoder_revision", "layer")


def check(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Check the metrics, their tasks, and that each has the keys it needs and no others.

    Raises:
        InputError: naming the key.
    """
    for name, entry in entries.items():
        where = f"config: neural_metrics.{name}"
        if name not in plugins.names("neural metric"):
            raise unknown("neural metric", name, plugins.names("neural metric"))
        for task in entry["tasks"]:
            if task not in plugins.names("task"):
                choices = ", ".join(plugins.names("task"))
                raise InputError(f"{where}.tasks: unknown {task!r}; choose from: {choices}")
        if ("hub" in entry) == ("local" in entry):
            raise InputError(f"{where}: needs exactly one of hub and local")
        if ("hub" in entry) != ("revision" in entry):
            raise InputError(f"{where}: hub and revision go together")
        needed = {plugins.constant("neural metric", name, "NEEDS")}
        if "hub" in entry:
            needed.add(plugins.constant("neural metric", name, "HUB_NEEDS"))
        for key in _OF_SOME:
            if key in needed and key not in entry:
                raise InputError(f"{where}: missing key {key!r}")
            if key in entry and key not in needed:
                raise InputError(f"{where}: {key} has no meaning here")


def code(metric: str) -> str:
    """Return the SHA-256 of the code that computes a neural metric."""
    package = plugins.PACKAGES["neural metric"]
    return code_digest.digest("warmup.evaluation.score_neural", f"{package}.{metric}")
