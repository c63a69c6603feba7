"""Warmup Generations: train a model to write a short sequence that makes its output more likely.

`WarmupTrainer` and `WarmupConfig` train, `WarmupModel` generates. They are imported when they are
first used, since torch and transformers take seconds to import; `__init__.pyi` has their types.
"""

import importlib
from typing import Any

from warmup.common.errors import InputError

__version__ = "0.1.0"
__all__ = ["InputError", "WarmupConfig", "WarmupModel", "WarmupTrainer", "__version__"]

_MODULES = {
    "WarmupConfig": "training.arguments",
    "WarmupModel": "generation.warmup_model",
    "WarmupTrainer": "training.trainer",
}


def __getattr__(name: str) -> Any:
    """Import a class when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'warmup' has no attribute {name!r}")
    return getattr(importlib.import_module(f"warmup.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return __all__
