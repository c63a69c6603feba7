"""What goes wrong on a cluster: what people see, what is lost, and how it goes on.

Snakemake looks after its jobs at growing intervals, so that most of these tests take minutes.
"""

import copy
import os
import signal
import subprocess

import pytest
from controller import (
    FOLDER,
    LOG,
    RESOURCES,
    TRAINING,
    WORK,
    Start,
    answers,
    experiment,
    hold,
    jobs,
    queued,
    slurm,
    submitted,
    trainings,
    until,
)


def test_sigint_ends_the_jobs_and_the_next_start_goes_on(folder, same_model):
    first = Start(folder, TRAINING)
    hold(first, folder)
    status, output = first.end(signal.SIGINT)
    assert status == 1
    assert "Terminating processes on user request" in output
    assert not jobs("PENDING", "RUNNING")
    assert not (folder / FOLDER / "model").exists()

    status, output = Start(folder, TRAINING).wait()
    assert status == 0, output
    assert "resuming from checkpoint-" in (folder / LOG).read_text()
    same_model(folder)


@pytest.mark.slow
def test_sigterm_waits_for_what_runs_and_begins_nothing_more(folder, same_model):
    first = Start(folder, f"{FOLDER}/test.greedy.predictions.jsonl")
    (process,) = hold(first, folder)
    first.process.send_signal(signal.SIGTERM)
    first.until(lambda: "Will exit after finishing currently running jobs" in first.output)
    os.kill(process, signal.SIGCONT)
    status, _ = first.wait()
    assert status == 1
    assert [job["JobState"] for job in submitted(folder)] == ["COMPLETED"]  # the training alone
    same_model(folder)

    status, output = Start(folder, f"{FOLDER}/test.greedy.predictions.jsonl").wait()
    assert status == 0, output
    assert len(submitted(folder)) == 2  # and now what comes behind it


def test_sigkill_leaves_jobs_whose_results_the_next_start_takes_over(folder, same_model):
    first = Start(folder, TRAINING)
    (process,) = hold(first, folder)
    first.end(signal.SIGKILL)
    (job,) = submitted(folder)
    assert job["JobState"] == "RUNNING"

    # Snakemake's locks are left; without them the job of the first start is what keeps the second
    status, output = Start(folder, TRAINING).wait()
    assert status == 1
    assert "LockException" in output
    status, output = Start(folder, "--unlock").wait()
    assert status == 0, output
    status, output = Start(folder, TRAINING).wait()
    assert status == 1
    assert f"Slurm still has jobs of an earlier start in this folder: {job['JobId']} run" in output
    assert f"scancel --name={job['JobName']}" in output
    assert len(submitted(folder)) == 1

    os.kill(process, signal.SIGCONT)
    until(lambda: not queued())
    before = (folder / TRAINING).stat()
    status, output = Start(folder, TRAINING).wait()
    assert status == 0, output
    assert "Nothing to be done" in output
    assert (folder / TRAINING).stat() == before
    assert len(submitted(folder)) == 1
    same_model(folder)


def test_a_training_that_ended_after_sigkill_is_not_trained_again(folder, same_model):
    first = Start(folder, TRAINING)
    (process,) = hold(first, folder)
    first.end(signal.SIGKILL)
    os.kill(process, signal.SIGCONT)
    until(lambda: not queued())
    assert "update 200/200" in (folder / LOG).read_text()

    Start(folder, "--unlock").wait()
    status, output = Start(folder, TRAINING).wait()
    assert status == 0, output
    assert len(submitted(folder)) == 1
    same_model(folder)

    # Snakemake has no record of it, and yet other settings are noticed
    config = experiment()
    config["methods"]["sft"]["learning_rate"] = 0.02
    status, output = Start(folder, TRAINING, "--dry-run", config=config).wait()
    assert status == 0, output
    assert "Training sft" in output

    # should its outputs go, they are put in place
    (folder / TRAINING).unlink()
    status, output = Start(folder, TRAINING, config=experiment()).wait()
    assert status == 0, output
    assert "was finished before: put in place" in (folder / LOG).read_text()
    assert (folder / LOG).read_text().count("update 200/200") == 1
    same_model(folder)
    assert not (folder / WORK / "finished").exists()


@pytest.mark.slow
def test_after_sigkill_and_scancel_the_next_start_goes_on(folder, same_model):
    first = Start(folder, TRAINING)
    hold(first, folder)
    first.end(signal.SIGKILL)
    (job,) = submitted(folder)
    slurm("scancel", f"--name={job['JobName']}")
    until(lambda: not queued())
    assert not (folder / TRAINING).exists()

    Start(folder, "--unlock").wait()
    status, output = Start(folder, TRAINING).wait()
    assert status == 0, output
    assert "resuming from checkpoint-" in (folder / LOG).read_text()
    same_model(folder)


@pytest.mark.slow
def test_two_jobs_do_not_train_one_run(folder, same_model):
    first = Start(folder, TRAINING)
    (process,) = hold(first, folder)
    first.end(signal.SIGKILL)
    (job,) = submitted(folder)

    # a second start that looks neither for locks nor for jobs
    status, output = Start(folder, TRAINING, "--nolock", "--no-hooks").wait()
    assert status == 1
    assert f"{WORK}: in use by process {process} on node1, Slurm job {job['JobId']}" in output
    assert len(submitted(folder)) == 4  # and three attempts

    slurm("scancel", job["JobId"])
    until(lambda: not queued())
    status, output = Start(folder, TRAINING, "--nolock").wait()
    assert status == 0, output
    assert "resuming from checkpoint-" in (folder / LOG).read_text()
    same_model(folder)


@pytest.mark.slow
def test_a_cancelled_job_is_tried_again_with_more_of_everything(folder, same_model):
    start = Start(folder, TRAINING)
    hold(start, folder)
    (job,) = submitted(folder)
    slurm("scancel", job["JobId"])
    status, output = start.wait()
    assert status == 0, output
    assert f"SLURM-job '{job['JobId']}' failed, SLURM status is: 'CANCELLED'" in output
    first, second = submitted(folder)
    assert [first["MinMemoryNode"], second["MinMemoryNode"]] == ["1500M", "3000M"]
    assert [first["TimeLimit"], second["TimeLimit"]] == ["01:00:00", "02:00:00"]
    assert "resuming from checkpoint-" in (folder / LOG).read_text()
    same_model(folder)


@pytest.mark.slow
def test_a_training_that_ran_into_its_time_limit_goes_on(folder, same_model):
    start = Start(folder, TRAINING, config=experiment(resources=RESOURCES | {"runtime": 2}))
    hold(start, folder)
    status, output = start.wait()
    assert status == 0, output
    assert [job["JobState"] for job in submitted(folder)] == ["TIMEOUT", "COMPLETED"]
    assert "SLURM status is: 'TIMEOUT'" in output
    assert "resuming from checkpoint-" in (folder / LOG).read_text()
    same_model(folder)


@pytest.mark.slow
def test_a_job_that_needs_more_memory_gets_it(folder, same_model):
    start = Start(folder, TRAINING, config=experiment(resources=RESOURCES | {"mem_mb": 300}))
    status, output = start.wait()
    assert status == 0, output
    *killed, done = submitted(folder)
    assert killed and {job["JobState"] for job in killed} == {"FAILED"}
    assert done["JobState"] == "COMPLETED"
    asked = [job["MinMemoryNode"] for job in (*killed, done)]
    assert asked == ["300M", "600M", "900M"][: len(asked)]
    same_model(folder)


@pytest.mark.slow
@pytest.mark.parametrize("cause", ["preempted", "node lost"])
def test_a_requeued_training_goes_on(folder, same_model, cause):
    start = Start(folder, TRAINING)
    hold(start, folder)
    if cause == "preempted":
        slurm(
            "sbatch",
            "--partition=urgent",
            "--nodes=2",
            "--exclusive",
            "--wrap=sleep 1",
            "--output=/dev/null",
        )
    else:
        slurm("scontrol", "update", "nodename=node1", "state=down", "reason=test")
        slurm("scontrol", "update", "nodename=node1", "state=resume")
    status, output = start.wait()
    assert status == 0, output
    (job,) = submitted(folder)  # the same job, once more
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    assert "resuming from checkpoint-" in (folder / LOG).read_text()
    same_model(folder)


@pytest.mark.slow
def test_a_run_that_cannot_be_trained_stops_nothing_else(folder):
    config = experiment()
    config["models"]["broken"] = copy.deepcopy(config["models"]["t5"])
    config["models"]["broken"]["scratch"]["d_model"] = "wide"  # only training makes networks
    config["runs"][0]["models"] = ["t5", "broken"]
    target = f"{FOLDER}/test.greedy.predictions.jsonl"
    status, output = Start(folder, target, TRAINING.replace("t5", "broken"), config=config).wait()
    assert status == 1
    assert output.count("scratch.d_model: 'wide': no encoder_decoder network of type t5") >= 1
    comments = [job["Comment"] for job in submitted(folder)]
    assert sum("model=broken,method=sft,seed=1" in comment for comment in comments) == 3
    assert (folder / target).exists()


@pytest.mark.slow
def test_slurm_may_be_away_for_a_while(folder, same_model):
    start = Start(folder, TRAINING)
    (process,) = hold(start, folder)
    slurm("scontrol", "shutdown", "slurmctld")
    start.until(lambda: not answers())
    os.kill(process, signal.SIGCONT)
    start.until(lambda: not trainings(folder))
    slurm("slurmctld")
    try:
        status, output = start.wait(60)
    except subprocess.TimeoutExpired:  # it asked while Slurm was away: the plug-in forgot the job
        until(lambda: answers() and not queued())
        start.end(signal.SIGKILL)
        Start(folder, "--unlock").wait()
        status, output = Start(folder, TRAINING).wait()
    assert status == 0, output
    same_model(folder)


def test_what_slurm_refuses_is_said(folder):
    status, output = Start(
        folder, TRAINING, "--set-resources", "train:slurm_partition=nowhere"
    ).wait()
    assert status == 1
    assert "sbatch: error: invalid partition specified: nowhere" in output
    assert not submitted(folder)
