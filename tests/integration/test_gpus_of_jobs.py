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
    resources: gpu=PLAN.resources.gpus
    shell: GPUS + "sh -c 'echo ${{{{CUDA_VISIBLE_DEVICES-all}}}}' > {{output}}"
"""
SCRIPT = ROOT / "workflow/scripts/gpus.sh"


@pytest.mark.parametrize(("gpus", "seen"), [(0, ""), (1, "2"), (2, "2,3")])
def test_jobs_see_as_many_gpus_as_the_configuration_says(tmp_path, gpus, seen):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    limits = ("--resources", "gpu=2", "--config", f"resources={{gpus: {gpus}}}")
    start = command(tmp_path, tiny.experiment(), *limits)
    start[start.index("--snakefile") + 1] = str(tmp_path / "Snakefile")
    there = {"CUDA_VISIBLE_DEVICES": "2,3", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        start, env=environment() | there | {"TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "seen").read_text().strip() == seen


@pytest.fixture
def job(tmp_path):
    """Return a function that starts the script, with a command that prints the GPUs it sees."""

    here = {"TMPDIR": str(tmp_path), "CUDA_VISIBLE_DEVICES": "4,7"}

    def start(count, seconds=0, **variables):
        command = f"echo $CUDA_VISIBLE_DEVICES; sleep {seconds}"
        return subprocess.Popen(
            ["bash", SCRIPT, str(count), "sh", "-c", command], env=environment() | here | variables,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


def test_jobs_of_one_machine_have_gpus_of_their_own(job):
    first, second = job(1, seconds=3), job(1, seconds=3)
    seen = [one.stdout.readline().strip() for one in (first, second)]
    assert sorted(seen) == ["4", "7"]
    third = job(1)
    assert third.stderr.readline() == "waits for 1 of the GPUs 4 7\n"
    assert third.communicate()[0].strip() in seen
    assert all(one.wait() == 0 for one in (first, second, third))


def test_a_free_gpu_is_used_again(job):
    assert job(2).communicate()[0] == "4,7\n"
    assert job(2).communicate()[0] == "4,7\n"
    assert job(0).communicate()[0] == "\n"


def test_more_gpus_than_there_are_end_in_one_line(job):
    found = job(3)
    assert found.communicate()[1] == (
        "error: a job needs 3 GPUs (resources.gpus), and it sees 2: 4 7\n"
    )
    assert found.returncode == 2


def test_slurm_assigns_gpus_itself(job):
    assert job(1, SLURM_JOB_ID="5").communicate()[0] == "4,7\n"


def test_every_job_that_can_use_a_gpu_starts_with_that(tmp_path):
    config = tiny.experiment(neural_metrics={"comet": {"tasks": ["multiple_choice"], "local": "x"}})
    status, output = snakemake(tmp_path, config, "--dry-run", "--printshellcmds")
    assert status == 0, output
    commands = re.findall(
        r"^ +(.*warmup (?:train|generate-run|score-neural) .*)", output, re.MULTILINE
    )
    assert len(commands) == 3 * 4
    assert all("CUDA_VISIBLE_DEVICES= " in line for line in commands)
