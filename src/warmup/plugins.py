"""Find a module by its name in a package: adding a file there is all that a new entry needs."""

import importlib
import pkgutil
from types import ModuleType

from warmup.errors import unknown


def names(package: str) -> list[str]:
    """Return the names of the modules in `warmup.<package>`, sorted, without private ones (`_`)."""
    path = importlib.import_module(f"warmup.{package}").__path__
    return sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """Import `warmup.<package>.<name>`.

    Raises:
        InputError: no such module; the message lists the valid names.
    """
    if name not in names(package):
        raise unknown(package.rstrip("s").replace("_", " "), name, names(package))
    return importlib.import_module(f"warmup.{package}.{name}")
