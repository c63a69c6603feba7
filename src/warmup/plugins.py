"""Find a module by its name in a package: adding a file there is all that a new entry needs."""

import importlib
import importlib.util
import pkgutil
import sys
from types import ModuleType

from warmup.errors import unknown


def names(package: str) -> list[str]:
    """Return the names of the modules in `warmup.<package>`, sorted, without private ones (`_`)."""
    # found, not imported: listing models must not cost the import of torch
    loaded = sys.modules.get(f"warmup.{package}")
    spec = loaded.__spec__ if loaded else importlib.util.find_spec(f"warmup.{package}")
    assert spec and spec.submodule_search_locations, f"no package warmup.{package}"
    path = loaded.__path__ if loaded else spec.submodule_search_locations
    return sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """Import `warmup.<package>.<name>`.

    Raises:
        InputError: no such module; the message lists the valid names.
    """
    if name not in names(package):
        raise unknown(package.rstrip("s").replace("_", " "), name, names(package))
    return importlib.import_module(f"warmup.{package}.{name}")
