"""The machine, packages and code that a benchmark ran on."""

import argparse
import datetime
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import torch

from warmup.common import provenance

PACKAGES = ("torch", "transformers", "trl")


def describe(options: argparse.Namespace) -> dict[str, Any]:
    """Return machine, packages, code and settings of a benchmark.

    Args:
        options: of its command line, with `device` and `threads`.
    """
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "git": provenance.revision(),
        "machine": torch.cuda.get_device_name() if options.device == "cuda" else processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "settings": {
            key: value for key, value in vars(options).items() if not isinstance(value, Path)
        },
    }


def processor() -> str:
    """Return the processor's name."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
