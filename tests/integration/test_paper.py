"""The experiment of the paper's size, which no test can run: it is planned."""

import subprocess
import sys

from pipeline import ROOT, environment, planned

from warmup.config import experiment
from warmup.pipeline.forecast.jobs import count_jobs


def test_the_grid_of_the_paper_is_planned_for_slurm(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
         "--directory", str(tmp_path), "--configfile", str(ROOT / "config/experiments/paper.yaml"),
         "--workflow-profile", str(ROOT / "profiles/slurm"), "--dry-run"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    # one job per run for greedy and a beam, of FLORES and, in the other rule, of the test sets
    of_flores, others = jobs["generate"], jobs.pop("generate_2")
    assert (of_flores, others) == (4 * 3 * 8, 4 * 3 * 3)
    jobs["generate"] += others
    config = experiment.load(ROOT / "config/experiments/paper.yaml")
    assert jobs == count_jobs(config)  # what `warmup plan` says
    # four methods with three seeds of eight directions of translation and three other grids
    assert jobs["train"] == 4 * 3 * (8 + 3) == 132
    assert (jobs["prepare"], jobs["fetch"], jobs["fetch_model"]) == (10, 10, 3)
    assert (jobs["fetch_metric"], jobs["score_neural"]) == (2, 4 * 3 * (8 + 1) * 2)
