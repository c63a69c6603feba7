"""Which GPUs the jobs of a pipeline see."""

import re
import subprocess

import pytest
from pipeline import ROOT, command, environment, snakemake

from helpers import tiny

SNAKEFILE = f"""
include: "{ROOT}/workflow/rules/common.smk"

rule seen:
    output: "seen"
    shell: GPUS + "sh -c 'echo ${{{{CUDA_VISIBLE_DEVICES-all}}}}' > {{output}}"
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


def test_every_job_that_can_use_a_gpu_starts_with_that(tmp_path):
    config = tiny.experiment(neural_metrics={"comet": {"tasks": ["multiple_choice"], "local": "x"}})
    status, output = snakemake(tmp_path, config, "--dry-run", "--printshellcmds")
    assert status == 0, output
    commands = re.findall(
        r"^ +(.*warmup (?:train|generate-run|score-neural) .*)", output, re.MULTILINE
    )
    assert len(commands) == 3 * 4
    assert all("CUDA_VISIBLE_DEVICES= " in line for line in commands)
