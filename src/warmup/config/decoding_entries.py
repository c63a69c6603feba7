"""The entries of `decodings` in a configuration: their check, and what they are decodings of."""

from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError

Entries = dict[str, dict[str, Any]]


def check(entries: Entries) -> None:
    """Check where the warmups of each decoding come from.

    Raises:
        InputError: naming the key that is wrong and what it may be.
    """
    for name, entry in entries.items():
        where = f"config: decodings.{name}"
        if entry["warmup"] not in plugins.names("decoding"):
            choices = ", ".join(plugins.names("decoding"))
            raise InputError(f"{where}.warmup: unknown {entry['warmup']!r}; choose from: {choices}")
        if entry["samples"] and not plugins.constant("decoding", entry["warmup"], "SAMPLES"):
            raise InputError(f"{where}.samples: warmup {entry['warmup']} takes no samples")
    if all(_is_control(entry) for entry in entries.values()):
        raise InputError("config: decodings: one at least must have warmup: own")


def fits(entry: dict[str, Any], method: dict[str, Any]) -> bool:
    """Return whether models of a method can be decoded so."""
    has_warmups = method["sampling"] is not None and method["sampling"]["max_tokens"] > 0
    return has_warmups or not _is_control(entry)


def compared_with(entries: Entries) -> dict[str, str | None]:
    """Return for each decoding, if it is a control, the one that it is compared with, else None.

    That is the first decoding with the model's own warmups, preferably of the same beam width.
    """
    own = {name: entry for name, entry in entries.items() if not _is_control(entry)}
    found: dict[str, str | None] = {}
    for name, entry in entries.items():
        alike = [other for other in own if own[other]["beams"] == entry["beams"]]
        found[name] = None if name in own else [*alike, *own][0]
    return found


def _is_control(entry: dict[str, Any]) -> bool:
    return bool(plugins.constant("decoding", entry["warmup"], "NEEDS_WARMUPS"))
