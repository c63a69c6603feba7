"""Files experiment.json of invented experiments."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from warmup.common.files import write_json
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods


def write(
    path: Path,
    methods: Methods,
    decodings: Decodings,
    tasks: Mapping[str, str] | None = None,
    runs: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write what is said of an experiment; return the path."""
    value = {
        "experiment": "test",
        "methods": {
            name: {
                "label": methods.label(name),
                "role": methods.role(name),
                "start": methods.starts.get(name),
                "varies": methods.varied.get(name),
            }
            for name in methods.order
        },
        "decodings": {
            name: {"control_of": decodings.controls.get(name)} for name in decodings.order
        },
        "tasks": tasks or {},
        "runs": runs or {},
    }
    write_json(path, value)
    return path
