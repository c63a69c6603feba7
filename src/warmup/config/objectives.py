"""Check what a method says of its objective: its settings, and the warmups that it is given."""

from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.config import schema


def check(method: dict[str, Any], where: str) -> None:
    """Check a complete method's `objective_settings` and its numbers of samples.

    Args:
        method: with its defaults, as the schema wants it.
        where: begins errors.

    Raises:
        InputError: naming the key that is wrong and what it may be.
    """
    name = method["objective"]
    if name not in plugins.names("objective"):
        choices = ", ".join(plugins.names("objective"))
        raise InputError(f"{where}: objective: unknown {name!r}; choose from: {choices}")
    settings = {
        "type": "object",
        "additionalProperties": False,
        "properties": plugins.constant("objective", name, "SETTINGS"),
    }
    schema.check(method, {"properties": {"objective_settings": settings}}, where)
    least = plugins.constant("objective", name, "MIN_SAMPLES")
    if not (warmup := method["warmup"]):
        if least:
            raise InputError(f"{where}: warmup: {name} needs at least {least} samples, got null")
        return
    if (samples := warmup["samples"]) < least:
        raise InputError(f"{where}: warmup.samples: {name} needs at least {least}, got {samples}")
    if warmup["predefined"]:
        _check_predefined(warmup, name, where)
    if (drawn := warmup["backprop_samples"]) and drawn > samples:
        raise InputError(
            f"{where}: warmup.backprop_samples: {drawn} are more than the samples ({samples})"
        )
    if (adaptive := warmup["adaptive_samples"]) and not least <= adaptive["least"] < samples:
        raise InputError(
            f"{where}: warmup.adaptive_samples.least: must be at least {least} and below samples "
            f"({samples}), got {adaptive['least']}"
        )


def _check_predefined(warmup: dict[str, Any], objective: str, where: str) -> None:
    kind = warmup["predefined"]
    if kind not in plugins.names("predefined warmup"):
        choices = ", ".join(plugins.names("predefined warmup"))
        raise InputError(f"{where}: warmup.predefined: unknown {kind!r}; choose from: {choices}")
    if warmup["samples"] != 1 or warmup["backprop_samples"] or warmup["adaptive_samples"]:
        raise InputError(
            f"{where}: predefined warmups need samples: 1, and neither backprop_samples nor "
            "adaptive_samples"
        )
    if objective != "concatenation":  # with `likelihood` the model would not learn to write them
        raise InputError(
            f"{where}: predefined warmups need the objective concatenation, not {objective}"
        )
