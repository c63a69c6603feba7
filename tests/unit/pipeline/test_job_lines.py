"""What people see of Snakemake: records of its logger become lines."""

import io
import logging

import pytest

from warmup.pipeline.job_lines import JobLines, read_problem


@pytest.fixture
def say():
    """Return a function that gives records to a `JobLines`; it returns the lines printed so far."""
    stream = io.StringIO()
    printer = JobLines(stream, clock=lambda: "12:00:00")

    def give(message="", event=None, level=logging.INFO, **fields):
        record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
        record.__dict__.update(fields, event=event)
        printer.handle(record)
        return stream.getvalue().splitlines()

    give.printer = printer
    return give


def begin(say, number, title, reason="Missing output files: a, b"):
    return say(event="job_info", jobid=number, rule_msg=title, rule_name="rule", reason=reason)


def fail(say, number, log):
    call = {"event": "job_error", "rule_name": "rule", "log": [str(log)], "level": logging.ERROR}
    say("RuleException:\nCalledProcessError in file x, line 3:\n{json}", level=logging.ERROR)
    return say(jobid=number, shellcmd="warmup train --config '{json}'", **call)


def end(say):
    text = "WorkflowError:\nAt least one job did not complete successfully."
    say("Exiting because a job execution failed. Look above", level=logging.ERROR)
    return say(text, level=logging.ERROR)


def test_a_job_is_one_line_with_the_time_and_how_many_are_done(say):
    say("Job stats: 12", event="run_info", stats={"total": 12})
    say(event="progress", done=3, total=12)
    assert begin(say, 1, "Training sft")[-1] == "12:00:00   3/12  Training sft"


def test_an_unusual_reason_is_said_in_a_few_words(say):
    (line,) = begin(
        say, 1, "Training sft", "Params have changed since last execution:\n" + "x" * 99
    )
    assert line.startswith(
        "12:00:00       Training sft  (Params have changed since last execution: xx"
    )
    assert len(line) < 120


def test_nothing_is_said_of_shells_cores_and_graphs(say):
    for text in ("Building DAG of jobs...", "Using shell: /bin/bash", "Provided cores: 2"):
        assert say(text) == []
    assert say("Nothing to be done") == ["Nothing to be done"]


def test_errors_come_last_one_line_each(say, tmp_path):
    log = tmp_path / "train.log"
    log.write_text("starting\nerror: valid.jsonl:3: not JSON\n")
    begin(say, 7, "Training sft: t5")
    fail(say, 7, log)
    begin(say, 8, "Preparing x")
    lines = end(say)
    assert lines[-1] == f"error: Training sft: t5: valid.jsonl:3: not JSON (see {log})"
    assert lines[-2] == ""
    assert "1 job failed. Start the same command again" in lines[-3]
    assert not [line for line in lines if "RuleException" in line or "{json}" in line]


def test_a_job_that_succeeds_later_is_not_reported_as_failed(say, tmp_path):
    begin(say, 7, "Training sft: t5")
    fail(say, 7, tmp_path / "none")
    assert say("Trying to restart job 7.")[-1] == "12:00:00  once more: Training sft: t5"
    say(event="job_finished", job_id=7)
    begin(say, 8, "Preparing x")
    fail(say, 8, tmp_path / "none")
    assert [line for line in end(say) if line.startswith("error: ")] == [
        "error: Preparing x: it ended without an error message, as a process that was killed does "
        "(it wrote no log)"
    ]


def test_what_is_no_error_of_ours_is_shown_with_the_end_of_its_log(tmp_path):
    log = tmp_path / "log"
    log.write_text("\n".join(["one", "Traceback:", "ValueError: three"]) + "\n")
    assert read_problem([log]) == (
        f"ValueError: three (see {log})", ["one", "Traceback:", "ValueError: three"],
    )  # fmt: skip


def test_what_slurm_says_of_a_job_is_said_too(say, tmp_path):
    job, slurm = tmp_path / "train.log", tmp_path / "slurm.log"
    job.write_text("error: bad weights\n")
    slurm.write_text("\n".join(f"line {number}" for number in range(20)))
    begin(say, 3, "Training sft")
    message = "SLURM-job '12' failed, SLURM status is: 'FAILED'. "
    lines = say(
        event="job_error", level=logging.ERROR, jobid=3, rule_name="train", rule_msg=message,
        log=[str(job), str(slurm)],
    )  # fmt: skip
    assert lines[-2:] == ["12:00:00  failed: Training sft", message.strip()]
    assert end(say)[-1] == (
        f"error: Training sft: bad weights (see {job}); {message.strip()}"
    )  # fmt: skip


def test_a_process_that_was_killed_is_said_to_have_left_no_message(tmp_path):
    log = tmp_path / "log"
    log.write_text("update 20/240\n")
    said, shown = read_problem([log])
    assert said.startswith("it ended without an error message")
    assert said.endswith(f"its last line was: update 20/240 (see {log})")
    assert shown == []


def test_a_mistyped_target_is_one_line_that_says_where_the_names_are(say):
    text = "MissingRuleException:\nNo rule to produce shell_gme/en (if you use input functions …)."
    (line,) = say(text, level=logging.ERROR)
    assert line.startswith("error: shell_gme/en: not a run")
    assert "`warmup config runs`" in line


def test_a_dry_run_shows_its_table_once_at_the_end():
    stream = io.StringIO()
    printer = JobLines(stream, dry_run=True, closing=lambda: ["a token is missing"])

    def give(message="", event=None, **fields):
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, message, None, None)
        record.__dict__.update(fields, event=event)
        printer.handle(record)

    give("Job stats:\ntrain 1", event="run_info", stats={"total": 1})
    give(event="job_info", jobid=1, rule_msg="Training sft", rule_name="train", reason="Missing o")
    give("Job stats:\ntrain 1", event="run_info", stats={"total": 1})
    give("Reasons:\n    (check individual jobs above for details)")
    give("This was a dry-run (flag -n). The order")
    lines = stream.getvalue().splitlines()
    assert lines[-2:] == [lines[-2], "a token is missing"]
    assert lines[-2].startswith("Nothing was run.")
    assert stream.getvalue().count("Job stats") == 1
