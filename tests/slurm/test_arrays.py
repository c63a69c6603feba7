"""Short jobs as an array of Slurm, as docs/cluster.md shows it."""

import re

import pytest
from controller import ROOT, Start, experiment, submitted

SEEDS = [1, 2, 3]
RUN = "results/tiny/runs/shell_game/en/t5/sft/seed{}"


def documented():
    """Return the arguments of the command in docs/cluster.md."""
    text = (ROOT / "docs" / "cluster.md").read_text()
    (arguments,) = re.findall(r"^snakemake … (--slurm-array-jobs=.*)$", text, re.MULTILINE)
    return arguments.split()


def of_rule(folder, rule):
    return [job for job in submitted(folder) if job["Comment"].startswith(f"rule_{rule},")]


@pytest.mark.slow
def test_jobs_that_are_ready_together_are_one_array_and_all_finish(tmp_path):
    config = experiment(seeds=SEEDS)
    config["methods"]["sft"] |= {"budget": {"updates": 20}}
    folder = tmp_path / "folder"
    trainings = [f"{RUN.format(seed)}/training.json" for seed in SEEDS]
    status, output = Start(folder, *trainings, config=config).wait()
    assert status == 0, output
    before = len(submitted(folder))
    assert not any("ArrayJobId" in job for job in submitted(folder))

    # now all predictions can be made at once
    status, output = Start(folder, *documented()).wait()
    assert status == 0, output
    tasks = of_rule(folder, "generate")
    assert len(tasks) == len(SEEDS)
    assert len({job["ArrayJobId"] for job in tasks}) == 1
    assert len({job["ArrayTaskId"] for job in tasks}) == len(SEEDS)
    comment = (
        "rule_generate,task=multiple_choice,dataset=shell_game,pair=en,model=t5,method=sft,seed={}"
    )
    assert {job["Comment"] for job in tasks} == {comment.format(seed) for seed in SEEDS}
    assert {job["JobState"] for job in submitted(folder)[before:]} == {"COMPLETED"}
    for seed in SEEDS:
        run = folder / RUN.format(seed)
        assert (run / "test.greedy.predictions.jsonl").stat().st_size
        assert (run / "test.greedy.scores.json").stat().st_size
