"""The repository itself: documentation agrees with the code, links resolve, files are tidy."""

import ast
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from warmup import config

ROOT = Path(__file__).parents[2]
FOLDERS = (
    ".ci", "benchmarks", "configs", "docs", "envs", "profiles", "src", "tests", "workflow",
)  # fmt: skip
FILES = sorted(
    path
    for path in [*ROOT.iterdir(), *(p for name in FOLDERS for p in (ROOT / name).rglob("*"))]
    # .gitignore has paths that begin at the root of the repository
    if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".git")
)
MODULES = sorted((ROOT / "src").rglob("*.py"))
PAGES = [path for path in FILES if path.suffix == ".md"]
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def schema_keys(
    schema: dict[str, Any], root: dict[str, Any], path: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield each key as the documentation writes it, and its default or `required`."""
    parts = [schema, *schema.get("allOf", [])]
    parts += [root["$defs"][p["$ref"].rpartition("/")[2]] for p in parts if "$ref" in p]
    parts += [p for part in parts[1:] for p in part.get("allOf", [])]
    parts += [root["$defs"][p["$ref"].rpartition("/")[2]] for p in parts[2:] if "$ref" in p]
    required = {key for part in parts for key in part.get("required", [])}
    for part in parts:
        for key, sub in part.get("properties", {}).items():
            where = f"{path}.{key}".strip(".")
            default = json.dumps(sub["default"]) if "default" in sub else "–"
            yield where, "required" if key in required else f"`{default}`".replace("`–`", "–")
            if key != "override":  # the keys of a method once more
                yield from schema_keys(sub, root, where)
        if isinstance(part.get("items"), dict):
            yield from schema_keys(part["items"], root, f"{path}[]")
        if isinstance(part.get("additionalProperties"), dict):
            yield from schema_keys(part["additionalProperties"], root, f"{path}.<name>")
