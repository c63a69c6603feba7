"""Which GPUs the jobs of a pipeline see."""

import subprocess

import pytest
from pipeline import ROOT, command, environment

from helpers import tiny

SNAKEFILE = f"""
include: "{ROOT}/workflow/rules/common.smk"

rule seen:
    output: "seen"
    shell: "echo ${{{{CUDA_VISIBLE_DEVICES-all}}}} > {{output}}"
"""


@pytest.mark.parametrize(("gpus", "seen"), [(0, ""), (1, "2,3")])
def test_jobs_see_gpus_only_where_the_configuration_has_some(tmp_path, gpus, seen):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    start = command(tmp_path, tiny.experiment(), "--config", f"resources={{gpus: {gpus}}}")
    start[start.index("--snakefile") + 1] = str(tmp_path / "Snakefile")
    there = {"CUDA_VISIBLE_DEVICES": "2,3", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        start, env=environment() | there, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "seen").read_text().strip() == seen
