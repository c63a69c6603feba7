"""The workflow as a module of another one, which gives it a configuration of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pipeline import EXPERIMENT, environment, planned

ROOT = Path(__file__).parents[2]
SNAKEFILE = f"""
configfile: "mine.yaml"

module warmup:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: config["warmup"]

use rule * from warmup as warmup_*

rule mine:
    default_target: True
    input:
        rules.warmup_tables.output,
    output:
        "mine.txt",
    shell:
        "wc -l {{input}} > {{output}}"
"""


@pytest.fixture
def other(tmp_path):
    """A folder with a workflow that uses this one; returns a function that runs it."""
    run = {"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft", "warmup"]}
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"warmup": EXPERIMENT | {"runs": [run]}}))

    def snakemake(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=tmp_path, env=environment(), text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    return snakemake


def test_another_workflow_sees_the_jobs_of_its_own_configuration(other):
    jobs = planned(other("--dry-run"))
    assert (jobs["warmup_train"], jobs["mine"]) == (2, 1)
    assert "warmup_figure" not in jobs  # which it does not ask for


def test_another_workflow_gets_the_results_in_its_own_folder(other, tmp_path):
    tokenizer = "results/tiny/tokenizers/shell_game/en/t5"
    other(tokenizer)
    assert (tmp_path / tokenizer / "tokenizer.json").is_file()
