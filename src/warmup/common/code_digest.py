"""Compute one hash of the code that a command runs: modules, all that they import, and data files.

Snakemake does not know what a module imports or reads. A rule with this hash among its parameters
is due again if and only if code that it runs has changed.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import warmup
from warmup.common import plugins

ROOT = Path(warmup.__file__).parent
"""Folder of this package."""
_NO_DATA = (".py", ".pyc", ".typed")


@functools.cache
def digest(*names: str, root: Path = ROOT) -> str:
    """Return the SHA-256 over the names and contents of `files`."""
    total = hashlib.sha256()
    for path in files(names, root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{_name(path, root)} {content}\n".encode())
    return total.hexdigest()


def _name(path: Path, root: Path) -> str:
    """Return a file's path in the package, or in the folder of an experiment's own plug-ins."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    folder = plugins.own_folder()
    assert folder, f"{path} is neither in {root} nor a plug-in"
    return f"plugins/{path.relative_to(folder).as_posix()}"


def files(names: Iterable[str], root: Path = ROOT) -> list[Path]:
    """Return the files of some modules and of all that they import from the package, sorted.

    They include data files whose name, or whose folder's name, is a string in one of the modules.
    Modules that are found by name at run time, such as plug-ins, have to be among the names.

    Args:
        names: dotted names. A package stands for all modules in it.
        root: folder of the package. Names and imports begin with its name.

    Raises:
        ValueError: a module does not exist.
    """
    found = _data(root, plugins.own_folder())
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
        data.update(path for text in texts for path in found.get(text, ()))
    return sorted(modules | data)


def _named(name: str, root: Path) -> Iterator[Path]:
    modules = list(_modules(name, root))
    if not modules:
        raise ValueError(f"{root}: no module {name}")
    yield from modules
    if modules[-1].name == "__init__.py":
        yield from modules[-1].parent.rglob("*.py")
        yield from (path for path in plugins.own_files() if _package(path, root) == name)


def _modules(name: str, root: Path) -> Iterator[Path]:
    """Yield the files that importing a module runs: those of its packages, and its own.

    A name that is not a module, such as that of a function or of another library, has none.
    """
    first, *parts = name.split(".")
    steps = [root.joinpath(*parts[:count]) for count in range(len(parts) + 1)]
    paths = [
        step / "__init__.py" if step.is_dir() else step.with_name(f"{step.name}.py")
        for step in steps
    ]
    if first != root.name:
        return
    if not paths[-1].is_file():
        own = (
            path for path in plugins.own_files() if f"{_package(path, root)}.{path.stem}" == name
        )
        paths[-1] = next((path for path in own if path.suffix == ".py"), paths[-1])
    if paths[-1].is_file():
        yield from (path for path in paths if path.is_file())


def _package(module: Path, root: Path) -> str:
    """Return the dotted name of the package that a file is in."""
    if module.is_relative_to(root):
        return ".".join((root.name, *module.parent.relative_to(root).parts))
    ends = {package.rpartition(".")[2]: package for package in plugins.PACKAGES.values()}
    return ends.get(module.parent.name, "")


def _imported(tree: ast.Module, module: Path, root: Path) -> Iterator[Path]:
    """Yield the modules of the package that a module imports, also within functions."""
    package = tuple(_package(module, root).split("."))
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
    """Return the last part of a string in a module that may be a path; None for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition("/")[2]
    return None


@functools.cache
def _data(root: Path, own: Path | None) -> dict[str, list[Path]]:
    """Return name -> data files with that name, or in a folder with that name.

    They are those of the package and of the folder of an experiment's own plug-ins.
    """
    by_name: dict[str, list[Path]] = {}
    for path in [*sorted(root.rglob("*")), *(plugins.own_files() if own else ())]:
        if path.is_file() and path.suffix not in _NO_DATA:
            by_name.setdefault(path.name, []).append(path)
            if not (path.parent / "__init__.py").exists():
                by_name.setdefault(path.parent.name, []).append(path)
    return by_name


def of_neural_metric(name: str) -> str:
    """Return the digest of the code that computes a neural metric."""
    package = plugins.PACKAGES["neural metric"]
    return digest("warmup.evaluation.score_neural", f"{package}.{name}")
