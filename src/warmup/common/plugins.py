"""Find plug-ins: modules that are found by their name. A new file in a package is a new plug-in."""

import ast
import contextlib
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from warmup.common.errors import InputError, unknown

PACKAGES = {
    "architecture": "warmup.models.architectures",
    "decoding": "warmup.generation.strategies",
    "figure": "warmup.reporting.figures",
    "generator": "warmup.data.generators",
    "metric": "warmup.evaluation.metrics",
    "neural metric": "warmup.evaluation.neural_metrics",
    "objective": "warmup.method.objectives",
    "predefined warmup": "warmup.method.predefined",
    "quantity": "warmup.evaluation.warmup_analysis.quantities",
    "source": "warmup.data.sources",
    "table": "warmup.reporting.tables",
    "task": "warmup.data.tasks",
}
"""Kind of plug-in -> the package whose modules are the plug-ins."""


def names(kind: str) -> list[str]:
    """Return the names of all plug-ins of a kind, sorted. Private modules (`_`) are none."""
    return sorted(_files(kind))


def load(kind: str, name: str) -> ModuleType:
    """Import a plug-in.

    Raises:
        InputError: it does not exist; the message lists the valid names.
    """
    if name not in names(kind):
        raise unknown(kind, name, names(kind))
    return importlib.import_module(f"{PACKAGES[kind]}.{name}")


_REQUIRED = object()


def constant(kind: str, name: str, key: str, default: Any = _REQUIRED) -> Any:
    """Return the value that a plug-in assigns to `key`, without importing it.

    The value has to be a literal: a number, a string, a boolean, None, or a list or mapping of
    literals.

    Args:
        kind: of the plug-in.
        name: its name.
        key: what is assigned to.
        default: the value if the plug-in assigns no literal to `key`.

    Raises:
        InputError: the plug-in does not exist, or it assigns no literal to `key` and there is no
            default.
    """
    path, tree = _parse(kind, name)
    for statement in tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name_)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name_), value=ast.expr() as value)
            ) if name_ == key:
                with contextlib.suppress(ValueError):  # not a literal
                    return ast.literal_eval(value)
    if default is not _REQUIRED:
        return default
    raise InputError(f"{path}: no literal is assigned to {key}")


def summary(kind: str, name: str) -> str:
    """Return the first paragraph of a plug-in's docstring as one line, without importing it.

    Raises:
        InputError: the plug-in does not exist.
    """
    _, tree = _parse(kind, name)
    return " ".join((ast.get_docstring(tree) or "").partition("\n\n")[0].split())


def _parse(kind: str, name: str) -> tuple[Path, ast.Module]:
    files = _files(kind)
    if name not in files:
        raise unknown(kind, name, files)
    try:
        return files[name], ast.parse(files[name].read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise InputError(f"{files[name]}:{error.lineno}: {error.msg}") from None


def _files(kind: str) -> dict[str, Path]:
    # without importing the modules: listing architectures must not import torch
    package = PACKAGES[kind]
    loaded = sys.modules.get(package)
    spec = loaded.__spec__ if loaded else importlib.util.find_spec(package)
    assert spec and spec.submodule_search_locations, f"no package {package}"
    path = loaded.__path__ if loaded else spec.submodule_search_locations
    files = {}
    for module in pkgutil.iter_modules(path):
        spec = module.module_finder.find_spec(module.name, None)
        if not module.name.startswith("_") and spec and spec.origin:
            files[module.name] = Path(spec.origin)
    return files
