"""Ablations: which methods train warmups as `warmup` does but for a setting, and for which."""

from typing import Any

from warmup.config.methods import FOCUS

UNTRAINED = ("likelihood", "concatenation")
"""Objectives that optimise no warmup: such a method is a control, not an ablation."""
_OF_THE_COURSE = {
    *("budget", "validate_every", "log_every", "max_tokens_per_microbatch", "patience", "sampling"),
    "objective_settings",
}
"""What is not compared as such: how long and how closely watched, and what is looked into."""


def varied(config: dict[str, Any]) -> dict[str, str]:
    """Return for each ablation the setting that it is about, such as `samples` or `tau`.

    Where several settings differ it is the first of: the start, the objective, the settings of
    warmups, those of the objective, all others, in the configuration's order.

    Args:
        config: checked, as `warmup.config.experiment.check` returns it.
    """
    found: dict[str, str] = {}
    for entry in config["runs"]:
        methods: dict[str, dict[str, Any]] = entry["methods_resolved"]
        focus = methods.get(FOCUS)
        for name, method in methods.items():
            if name == FOCUS or not focus or method["objective"] in UNTRAINED:
                continue
            if setting := _first_difference(method, focus):
                found.setdefault(name, setting)
    return found


def _first_difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    for mine, theirs in zip(_parts(one), _parts(other), strict=True):
        for key in (*mine, *theirs):
            if mine.get(key) != theirs.get(key):
                return key
    return ""


def _parts(method: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the settings of a method in the order in which they are looked at."""
    first = {key: method[key] for key in ("start", "objective")}
    rest = {key: value for key, value in method.items() if key not in _OF_THE_COURSE}
    return [first, method["sampling"] or {}, method["objective_settings"], rest]
