"""Find plug-ins: modules that are found by their name. A new file in a package is a new plug-in.

An experiment may have plug-ins of its own, in a folder (`use`) whose sub-folders are called as the
packages here: `metrics/NAME.py`, `tasks/NAME.py`.
"""

import ast
import contextlib
import importlib
import importlib.util
import os
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
VARIABLE = "WARMUP_PLUGINS"
"""Environment variable that gives a folder of plug-ins to a command."""


def use(folder: str | None) -> None:
    """Also find the plug-ins in a folder, in this process and those that it starts.

    Args:
        folder: its path; None for the built-in plug-ins only.

    Raises:
        InputError: there is no such folder, or it has something else than folders of plug-ins.
    """
    if earlier := own_folder():
        for package in filter(None, map(sys.modules.get, PACKAGES.values())):
            place = str(_own(earlier, package.__name__))
            package.__path__ = [path for path in package.__path__ if path != place]
            for name in [name for name in sys.modules if name.startswith(f"{package.__name__}.")]:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(f"{place}{os.sep}"):
                    del sys.modules[name]
    os.environ.pop(VARIABLE, None)
    if folder is None:
        return
    path = Path(folder).absolute()
    _check(path)
    os.environ[VARIABLE] = str(path)


def own_folder() -> Path | None:
    """Return the folder of an experiment's own plug-ins, if there is one."""
    return Path(given) if (given := os.environ.get(VARIABLE)) else None


def own_files() -> list[Path]:
    """Return all files of an experiment's own plug-ins, sorted."""
    folder = own_folder()
    every = folder.rglob("*") if folder else ()
    return sorted(path for path in every if path.is_file() and path.suffix != ".pyc")


def _own(folder: Path, package: str) -> Path:
    return folder / package.rpartition(".")[2]


def _check(folder: Path) -> None:
    kinds = sorted(package.rpartition(".")[2] for package in PACKAGES.values())
    if not folder.is_dir():
        raise InputError(f"plugins: no such folder: {folder}")
    for entry in sorted(folder.iterdir()):
        misplaced = entry.suffix == ".py" or (entry.is_dir() and entry.name not in kinds)
        if misplaced and not entry.name.startswith((".", "_")):
            raise InputError(
                f"plugins: {entry}: plug-ins are in folders of their kind: {', '.join(kinds)}"
            )


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
    if folder := own_folder():
        package = importlib.import_module(PACKAGES[kind])
        place = str(_own(folder, PACKAGES[kind]))
        if place not in package.__path__:
            package.__path__ = [*package.__path__, place]
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
    places = [*(loaded.__path__ if loaded else spec.submodule_search_locations)]
    folder = own_folder()
    own = str(_own(folder, package)) if folder else ""
    built_in = _modules([place for place in places if place != own])
    others = _modules([own]) if own else {}
    if both := sorted(built_in.keys() & others.keys()):
        raise InputError(f"{others[both[0]]}: there is a {kind} {both[0]!r} already; rename it")
    return built_in | others


def _modules(places: list[str]) -> dict[str, Path]:
    files = {}
    for module in pkgutil.iter_modules(places):
        spec = module.module_finder.find_spec(module.name, None)
        if not module.name.startswith("_") and spec and spec.origin:
            files[module.name] = Path(spec.origin)
    return files
