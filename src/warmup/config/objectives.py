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
    if not (sampling := method["sampling"]):
        if method["reference_kl"]:
            raise InputError(f"{where}: reference_kl: needs sampling, which is null")
        if least:
            raise InputError(f"{where}: sampling: {name} needs at least {least} samples, got null")
        return
    if (samples := sampling["samples"]) < least:
        raise InputError(f"{where}: sampling.samples: {name} needs at least {least}, got {samples}")
    if sampling["predefined"]:
        _check_predefined(sampling, name, where)
    if (drawn := sampling["backprop_samples"]) and drawn > samples:
        raise InputError(
            f"{where}: sampling.backprop_samples: {drawn} are more than the samples ({samples})"
        )
    adaptive = sampling["adaptive_samples"]
    if adaptive and not least <= (fewest := adaptive["min_samples"]) < samples:
        raise InputError(
            f"{where}: sampling.adaptive_samples.min_samples: must be at least {least} and below "
            f"samples ({samples}), got {fewest}"
        )


def _check_predefined(sampling: dict[str, Any], objective: str, where: str) -> None:
    kind = sampling["predefined"]
    if kind not in plugins.names("predefined warmup"):
        choices = ", ".join(plugins.names("predefined warmup"))
        raise InputError(f"{where}: sampling.predefined: unknown {kind!r}; choose from: {choices}")
    if sampling["samples"] != 1 or sampling["backprop_samples"] or sampling["adaptive_samples"]:
        raise InputError(
            f"{where}: predefined warmups need samples: 1, and neither backprop_samples nor "
            "adaptive_samples"
        )
    if objective != "concatenation":  # with `likelihood` the model would not learn to write them
        raise InputError(
            f"{where}: predefined warmups need the objective concatenation, not {objective}"
        )
