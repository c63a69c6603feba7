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
"""Such as `warmup.training.train`."""

MODULES = {
    "aggregate": "warmup.evaluation.collect",
    "config": "warmup.config.experiment",
    "fetch": "warmup.data.fetch",
    "fetch_metric": "warmup.evaluation.fetch_metric",
    "fetch_model": "warmup.models.fetch_model",
    "figures": "warmup.reporting.draw_figures",
    "generate": "warmup.generation.generate",
    "prepare": "warmup.data.prepare",
    "score": "warmup.evaluation.score",
    "show": "warmup.reporting.terminal",
    "tables": "warmup.reporting.tables.task",
    "tokenizer": "warmup.data.train_tokenizer",
    "train": "warmup.training.train",
}
"""The module of each command that tests call by a name."""
