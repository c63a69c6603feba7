"""Find a module by its name in a package: adding a file there is all that a new entry needs."""

import ast
import contextlib
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from warmup.errors import InputError, unknown


def names(package: str) -> list[str]:
    """Return the names of the modules in `warmup.<package>`, sorted, without private ones (`_`)."""
    return sorted(_files(package))


def load(package: str, name: str) -> ModuleType:
    """Import `warmup.<package>.<name>`.

    Raises:
        InputError: no such module; the message lists the valid names.
    """
    if name not in names(package):
        raise _unknown(package, name)
    return importlib.import_module(f"warmup.{package}.{name}")


def constant(package: str, name: str, key: str) -> Any:
    """Return the plain value that `warmup.<package>.<name>` assigns to `key`, without importing it.

    Plain is what is written out: numbers, text, true, false, null, lists and mappings of these.

    Raises:
        InputError: no such module, or it assigns no plain value to `key`.
    """
    files = _files(package)
    if name not in files:
        raise _unknown(package, name)
    try:
        tree = ast.parse(files[name].read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise InputError(f"{files[name]}:{error.lineno}: {error.msg}") from None
    for statement in tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=found)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value)
            ) if found == key:
                with contextlib.suppress(ValueError):  # not a literal
                    return ast.literal_eval(value)
    raise InputError(f"{files[name]}: no plain value is assigned to {key}")


def _unknown(package: str, name: str) -> InputError:
    return unknown(package.rstrip("s").replace("_", " "), name, names(package))


def _files(package: str) -> dict[str, Path]:
    # found, not imported: listing models must not cost the import of torch
    loaded = sys.modules.get(f"warmup.{package}")
    spec = loaded.__spec__ if loaded else importlib.util.find_spec(f"warmup.{package}")
    assert spec and spec.submodule_search_locations, f"no package warmup.{package}"
    path = loaded.__path__ if loaded else spec.submodule_search_locations
    found = {}
    for module in pkgutil.iter_modules(path):
        spec = module.module_finder.find_spec(module.name, None)
        if not module.name.startswith("_") and spec and spec.origin:
            found[module.name] = Path(spec.origin)
    return found
