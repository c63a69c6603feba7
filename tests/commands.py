"""The commands of the package: modules that `python -m` runs."""

import ast
from pathlib import Path

import warmup

PACKAGE = Path(warmup.__file__).parent


def _is_command(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__main__" else parts)


COMMANDS = [_module(path) for path in sorted(PACKAGE.rglob("*.py")) if _is_command(path)]
"""Such as `warmup.train`."""
