"""The code that a command runs, as one hash: its modules, all that they import, and their data.

Snakemake sees neither what a module imports nor what it reads. A rule with this hash among its
parameters is due again when code that it runs has changed, and only then.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import warmup

ROOT = Path(warmup.__file__).parent
"""Folder of this package."""
_NO_DATA = (".py", ".pyc", ".typed")


@functools.cache
def digest(*names: str, root: Path = ROOT) -> str:
    """Return the SHA-256 over the names and contents of `files`."""
    found = hashlib.sha256()
    for path in files(names, root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return found.hexdigest()


def files(names: Iterable[str], root: Path = ROOT) -> list[Path]:
    """Return the files of some modules and of all that they import from the package, sorted.

    A module's data are the files that a text in it names, or those of a folder that it names.
    Modules that are only found by name at run time, as plug-ins are, have to be among the names.

    Args:
        names: dotted names. A package stands for all that is in it.
        root: folder of the package, which names and imports begin with.

    Raises:
        ValueError: there is no such module.
    """
    waiting = [module for name in names for module in _named(name, root)]
    modules: set[Path] = set()
    data: set[Path] = set()
    while waiting:
        module = waiting.pop()
        if module in modules:
            continue
        modules.add(module)
        tree = ast.parse(module.read_text(encoding="utf-8"), str(module))
        waiting += _imported(tree, module, root)
        texts = {text for node in ast.walk(tree) if (text := _text(node))}
        data.update(path for text in texts for path in _data(root).get(text, ()))
    return sorted(modules | data)


def _named(name: str, root: Path) -> Iterator[Path]:
    found = list(_modules(name, root))
    if not found:
        raise ValueError(f"{root}: no module {name}")
    yield from found
    if found[-1].name == "__init__.py":
        yield from found[-1].parent.rglob("*.py")


def _modules(name: str, root: Path) -> Iterator[Path]:
    """Yield what importing a module runs: the packages that it is in, and itself.

    Nothing for a name that is no module, such as that of a function or of another library.
    """
    first, *parts = name.split(".")
    steps = [root.joinpath(*parts[:count]) for count in range(len(parts) + 1)]
    paths = [
        step / "__init__.py" if step.is_dir() else step.with_name(f"{step.name}.py")
        for step in steps
    ]
    if first == root.name and paths[-1].is_file():
        yield from (path for path in paths if path.is_file())


def _imported(tree: ast.Module, module: Path, root: Path) -> Iterator[Path]:
    """Yield the modules of the package that a module imports, be it within a function."""
    package = (root.name, *module.parent.relative_to(root).parts)
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            origin = ".".join((*above, *([node.module] if node.module else [])))
            names = [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
        for name in names:
            yield from _modules(name, root)


def _text(node: ast.AST) -> str | None:
    """Return the last part of a path that is written in a module."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition("/")[2]
    return None


@functools.cache
def _data(root: Path) -> dict[str, list[Path]]:
    """Return name -> data files of the package: of that name, or in a folder of that name."""
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix not in _NO_DATA:
            found.setdefault(path.name, []).append(path)
            if not (path.parent / "__init__.py").exists():
                found.setdefault(path.parent.name, []).append(path)
    return found
