"""The lock and the conda environments agree with each other and with what is imported."""

import ast
import importlib.metadata
import os
import platform
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
ENVS = ROOT / "envs"
LOCKS = {
    name: (ENVS / f"{name}.lock").read_text().split("\n")[:-1]
    for name in ("main", "dev", "metrics")
}
LOCK = LOCKS["main"]
CONDA = sorted(ENVS.glob("*.yaml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {
    name: {re.split("[<>=]", item)[0] for item in items}
    for name, items in PROJECT["optional-dependencies"].items()
}
DEPENDENCIES = {re.split("[<>=]", item)[0] for item in PROJECT["dependencies"]}
render = runpy.run_path(str(ENVS / "render.py"))


def pip(path):
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    (found,) = [item["pip"] for item in dependencies if isinstance(item, dict)]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_exact_version(lock):
    for line in LOCKS[lock]:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line
    names = [render["normalise"](line.split("==")[0]) for line in LOCKS[lock]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("lock", ["main", "metrics"])
def test_torch_is_pinned_without_a_build_that_no_public_index_has(lock):
    (torch,) = [line for line in LOCKS[lock] if line.startswith("torch==")]
    assert "+" not in torch


def test_neural_metrics_have_the_older_versions_that_they_need():
    pins = {name: line.partition("==")[2] for name, line in render["pins"]("metrics").items()}
    assert (pins["unbabel-comet"], pins["bert-score"]) == ("2.2.7", "0.3.13")
    limits = {"transformers": 5, "numpy": 2, "huggingface-hub": 1, "setuptools": 81}
    assert all(int(pins[name].split(".")[0]) < limit for name, limit in limits.items())


def test_the_locks_have_every_direct_dependency():
    run = {render["normalise"](name) for name in DEPENDENCIES | EXTRAS["pipeline"]}
    assert run <= set(render["pins"]())
    assert {render["normalise"](name) for name in EXTRAS["dev"]} <= set(render["pins"]("dev"))


def test_what_runs_the_pipeline_needs_nothing_of_what_tests_it():
    assert not set(render["pins"]()) & set(render["pins"]("dev"))
    both = render["pins"]() | render["pins"]("dev")
    every = render["closure"](tuple(EXTRAS["dev"]), both)
    assert set(LOCKS["dev"]) <= set(every)
    needed = render["closure"](tuple(render["pins"]()), both)
    assert needed == sorted(LOCK, key=str.lower)


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_a_plain_install_takes_no_version_that_was_not_tested(name):
    (item,) = [item for item in PROJECT["dependencies"] if re.split("[<>=]", item)[0] == name]
    allowed = Requirement(item).specifier
    major, minor, *_ = map(int, render["pins"]()[name].partition("==")[2].split("."))
    assert allowed.contains(f"{major}.{minor}.0")
    assert not allowed.contains(f"{major}.{minor + 1}.0")
    assert not allowed.contains(f"{major}.{minor - 1}.9")


def imported(folder):
    """Yield the top-level name and the place of each absolute import, also those in functions."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                yield name.partition(".")[0], f"{path.relative_to(folder)}:{node.lineno}"


def test_every_package_that_is_imported_is_a_direct_dependency():
    packages = importlib.metadata.packages_distributions()
    # `warmup.models.lora` says what to install if peft is not there
    direct = {render["normalise"](name) for name in DEPENDENCIES | EXTRAS["peft"]}
    found = {name: place for name, place in imported(ROOT / "src") if name != "warmup"}
    # of the environment of neural metrics
    others = {name: found.pop(name).partition(":")[0] for name in ("comet", "bert_score")}
    assert set(others.values()) == {
        f"warmup/evaluation/neural_metrics/{name}.py" for name in ("comet", "bertscore")
    }
    missing = {
        name: place
        for name, place in found.items()
        if name not in sys.stdlib_module_names
        and not direct & {render["normalise"](one) for one in packages.get(name, [])}
    }
    assert "torch" in found
    assert missing == {}


def test_the_lock_is_closed():
    locked = render["pins"]()
    every = render["closure"](tuple(locked), locked)
    assert len(every) == len(locked)
    for name in ("torch", "transformers", "snakemake", "pandas"):
        for line in importlib.metadata.requires(name) or []:
            if ";" in line:  # of an extra, or for another system
                continue
            needed = render["normalise"](re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0])
            assert needed in locked, f"{name} needs {needed}"


@pytest.mark.parametrize("path", CONDA, ids=lambda path: path.name)
def test_every_conda_file_pins_python_and_only_versions_of_the_lock(path):
    value = yaml.safe_load(path.read_text())
    assert set(value) == {"channels", "dependencies"}
    assert value["channels"][-1] == "nodefaults"
    assert f"python ={render['PYTHON']}" in value["dependencies"]
    assert pip(path)
    assert set(pip(path)) <= set(LOCKS.get(path.stem, LOCK))


@pytest.mark.parametrize("lock", ["main", "metrics"])
def test_an_environment_with_a_lock_of_its_own_is_the_lock(lock):
    assert pip(ENVS / f"{lock}.yaml") == LOCKS[lock]


def test_the_analysis_environment_is_what_its_modules_need_without_torch():
    found = pip(ENVS / "analysis.yaml")
    assert found == render["closure"](render["ANALYSIS"], render["pins"]())
    names = {line.split("==")[0].lower() for line in found}
    assert {"pandas", "matplotlib", "sacrebleu", "scipy", "pyyaml", "rich"} <= names
    assert not names & {"torch", "transformers", "accelerate", "datasets"}


def test_rules_name_only_environments_that_exist():
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        for name in re.findall(r'"\.\./envs/([^"]+)"', path.read_text()):
            assert (ENVS / name) in CONDA, f"{path.name}: {name}"


def test_what_is_installed_is_what_is_locked():
    locked = render["pins"]()
    for name in ("transformers", "snakemake", "sacrebleu", "numpy", "pandas", "tokenizers"):
        assert locked[name].split("==")[1] == importlib.metadata.version(name)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="settings of glibc")
def test_training_keeps_the_memory_that_each_update_needs_again():
    script = (ROOT / "workflow" / "scripts" / "train.sh").read_text()
    settings = dict(re.findall(r"(MALLOC_\w+)=(\d+)", script))
    code = (
        "import resource, numpy as np\n"
        "def count(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "np.full(5_000_000, 1.0)\n"
        "before = count()\n"
        "for _ in range(20): np.full(5_000_000, 1.0)\n"
        "print(count() - before)"
    )

    def faults(variables):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=clean | variables, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return int(done.stdout)

    assert faults(settings) < faults({}) / 10
