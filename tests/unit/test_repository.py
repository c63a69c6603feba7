"""The repository itself: the documentation agrees with the code, links resolve, files are tidy."""

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

from helpers.schema_parts import SCHEMA, parts
from warmup.common import plugins
from warmup.config import experiment
from warmup.data import tasks
from warmup.data.records import Record
from warmup.evaluation import metrics

ROOT = Path(__file__).parents[2]
FOLDERS = (
    ".ci", "benchmarks", "config", "docs", "examples", "profiles", "src", "tests", "workflow",
)  # fmt: skip
# .gitignore has paths that begin at the root of the repository
FILES = sorted(
    path
    for path in [*ROOT.iterdir(), *(p for name in FOLDERS for p in (ROOT / name).rglob("*"))]
    if path.is_file()
    and not path.is_symlink()
    and not path.name.startswith(".git")
    and not any(part == "__pycache__" or part.endswith(".egg-info") for part in path.parts)
)
MODULES = sorted((ROOT / "src").rglob("*.py"))
PAGES = [path for path in FILES if path.suffix == ".md"]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def schema_keys(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each key as the documentation writes it, and its default."""
    required = {key for part in parts(schema) for key in part.get("required", [])}
    for part in parts(schema):
        for key, sub in part.get("properties", {}).items():
            default = f"`{json.dumps(sub['default'])}`" if "default" in sub else "–"
            yield f"{path}{key}", "required" if key in required else default
            if key != "override":  # it has the keys of a method once more
                yield from schema_keys(sub, f"{path}{key}.")
        if isinstance(part.get("items"), dict):
            yield from schema_keys(part["items"], f"{path.removesuffix('.')}[].")
        if isinstance(part.get("additionalProperties"), dict):
            yield from schema_keys(part["additionalProperties"], f"{path}<name>.")


def test_every_key_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([^`]+)` \| (required|–|`[^`]*`) \| ", page, re.MULTILINE)
    assert sorted(documented) == sorted(schema_keys(SCHEMA))


def examples(page: Path) -> dict[str, str]:
    """Return the files that a page shows, by name: `name`: and a block of code."""
    text = page.read_text(encoding="utf-8")
    return dict(re.findall(r"`([\w/]+\.\w+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL))


def merged(base: Any, change: Any) -> Any:
    """Return what Snakemake makes of two configurations: mappings are merged, at any depth."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    return base | {key: merged(base.get(key), value) for key, value in change.items()}


def test_examples_of_extending_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = examples(ROOT / "docs" / "extending.md")
    assert len(files) == 5
    for package in (tasks, metrics):
        folder = package.__name__.rpartition(".")[2]
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / folder)])
    for path in ("src/warmup/data/tasks/correction.py", "mydata/plugins/metrics/first_word.py"):
        (tmp_path / "/".join(path.split("/")[-2:])).write_text(files[path], encoding="utf-8")
    record = Record(id="1", source="Anna and Ben walks.", targets=["Anna and Ben walk."])
    rendered = plugins.load("task", "correction").render(record)
    assert str(rendered.input) == "correct: Anna and Ben walks."
    assert rendered.target == record.targets[0]
    metric = metrics.load("first_word")
    rows = metric.statistics(metrics.Corpus(["good x", "bad"], [["fair", "good"], ["good"]], "en"))
    assert metric.aggregate(rows.sum(axis=0)) == 50
    for name_, base, methods in (
        ("mydata", "config.yaml", 16),
        ("t5_base", "config/experiments/paper.yaml", 4),
        ("correction", "config.yaml", 2),
    ):
        change = yaml.safe_load(files[f"{name_}.yaml"])
        whole = merged(yaml.safe_load((ROOT / base).read_text(encoding="utf-8")), change)
        assert len(experiment.run_names(experiment.check(whole))) == methods


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_resolve(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: no such file"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        assert not anchor or anchor in headings(target), f"{link}: no such heading"


@pytest.mark.parametrize("folder", ["docs", "config"])
def test_every_page_is_linked(folder: str) -> None:
    """Each page of documentation can be reached from the README, at most by way of another."""
    reached, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        reached.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        queue += {(page.parent / link).resolve() for link in links if "://" not in link} - reached
    assert set((ROOT / folder).glob("*.md")) <= reached


def test_no_file_names_a_folder_of_a_machine() -> None:
    folders = "|".join(("work", "root", "home", "Users"))
    texts = {name(path): path.read_text(encoding="utf-8", errors="replace") for path in FILES}
    # a path that begins there, not one that goes on from something else
    pattern = re.compile(rf"(?<![\w.}})\]>])/({folders})/")
    assert {path for path, text in texts.items() if pattern.search(text)} == set()


def test_modules_have_docstrings() -> None:
    trees = {name(path): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
    assert [path for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"] == "Apache-2.0"
    (paper,) = citation["references"]
    assert paper["identifiers"][0]["value"] == "arXiv:2502.12304"


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_continuous_integration_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert "make test" in script.read_text(encoding="utf-8").splitlines()
