"""The packages: imports go one way, in no circle, and torch is needed only where networks are."""

import ast
import functools
import graphlib
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"
ORDER = (
    "common", "config", "data", "models", "method",
    "generation", "evaluation", "training", "reporting", "pipeline",
)  # fmt: skip
"""A package imports from itself and from those before it."""
WITH_NETWORKS = {
    "models", "method", "generation", "training",
    "data.batches", "data.encoding", "data.token_files", "data.tokenizer_training",
}  # fmt: skip
"""Packages and modules that may import torch and transformers when they are imported."""
HEAVY = {"accelerate", "torch", "transformers"}


def name_of(path: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted((SRC / "warmup").rglob("*.py"))}


def package_of(module: str) -> str:
    return module.split(".")[1]


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def statements(node: ast.AST, lazy: bool) -> Iterator[ast.AST]:
    """Yield what a module consists of; without `lazy`, what runs when it is imported."""
    for child in ast.iter_child_nodes(node):
        if not lazy and (
            isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            or is_for_types(child)
        ):
            continue
        yield child
        yield from statements(child, lazy)


@functools.cache
def imports(module: str, lazy: bool) -> frozenset[str]:
    """Return what a module imports: modules of ours, and names of other libraries."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in statements(tree, lazy):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: write imports in full"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.add(whole if whole in MODULES else str(node.module))
    return frozenset(name if name in MODULES else name.split(".")[0] for name in names)


def test_the_packages_are_those_of_the_list() -> None:
    folders = {path.name for path in (SRC / "warmup").iterdir() if (path / "__init__.py").exists()}
    assert folders == set(ORDER)
    assert {path.name for path in (SRC / "warmup").glob("*.py")} <= {"__init__.py", "__main__.py"}


def test_imports_go_down_the_list() -> None:
    up = [
        f"{module} imports {other}"
        for module in MODULES
        if module.count(".") and package_of(module) in ORDER
        for other in sorted(imports(module, lazy=True))
        if other.startswith("warmup.")
        and ORDER.index(package_of(other)) > ORDER.index(package_of(module))
    ]
    assert up == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        module: {other for other in imports(module, lazy=True) if other in MODULES}
        for module in MODULES
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_what_needs_no_network_imports_no_torch() -> None:
    """Scoring, tables and the plan run where torch is not installed, and begin at once."""
    wrong = []
    for start in MODULES:
        parts = start.split(".")
        if {".".join(parts[1:end]) for end in (2, 3)} & WITH_NETWORKS:
            continue
        seen, waiting = {start}, [start]
        while waiting:
            module = waiting.pop()
            found = imports(module, lazy=False)
            wrong += [f"{start}: by way of {module}: {name}" for name in sorted(found & HEAVY)]
            above = {module.rpartition(".")[0]} & MODULES.keys()  # imported with it
            new = ({name for name in found if name in MODULES} | above) - seen
            seen |= new
            waiting += new
    assert wrong == []


def test_files_of_tests_have_names_of_their_own() -> None:
    """Pytest imports them by their names, and refuses two of the same name."""
    names = [path.name for path in Path(__file__).parents[1].rglob("test_*.py")]
    assert [name for name in names if names.count(name) > 1] == []
