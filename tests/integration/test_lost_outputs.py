"""Outputs that somebody has deleted or damaged: the same command makes them again."""

import os
import shutil

from pipeline import EXPERIMENT, planned, snakemake

from warmup.common.files import sha256

RUNS = "results/tiny/runs"
TOKENIZER = f"{RUNS}/shell_game/en/llama/warmup/seed1/model/tokenizer.json"
RUN = f"{RUNS}/tally/en/t5/sft/seed1"
SPLIT = "results/tiny/data/agreement/qaa-qab/test.jsonl"
TABLE = "results/tiny/tables/translation.md"
PREDICTIONS = f"{RUNS}/shell_game/en/t5/sft/seed1/test.greedy.predictions.jsonl"


def test_what_was_lost_is_due_and_named(copy):
    os.truncate(copy / TOKENIZER, 100)
    os.truncate(copy / PREDICTIONS, 100)
    (copy / SPLIT).unlink()
    shutil.rmtree(copy / RUN)
    status, output = snakemake(copy, EXPERIMENT, "--dry-run")
    assert status == 0, output
    for problem in (
        f"{TOKENIZER} is damaged (another hash)",
        f"{PREDICTIONS} is damaged (another hash)",
        f"{SPLIT} is missing",
        f"{RUN}/model is missing",
    ):
        assert f"{problem}: it is made again" in output
    jobs = planned(output)
    assert (jobs["prepare"], jobs["train"], jobs["generate"]) == (1, 2, 3)


def test_lost_files_are_made_again_as_they_were(copy, warm):
    paths = [copy / SPLIT, copy / PREDICTIONS]
    before = [sha256(path) for path in paths]
    paths[0].unlink()
    os.truncate(paths[1], 100)
    targets = ["results/tiny/data/agreement/qaa-qab/summary.json", PREDICTIONS]
    status, output = snakemake(copy, EXPERIMENT, *targets, programs=warm)
    assert status == 0, output
    assert [sha256(path) for path in paths] == before
    assert "Nothing to be done" in snakemake(copy, EXPERIMENT, "--dry-run", *targets)[1]


def test_an_old_table_stays_until_the_new_one_is_whole(copy, warm):
    scores, table = copy / "results/tiny/scores.tsv", copy / TABLE
    times, text, old = scores.stat(), scores.read_text(), table.read_text()
    scores.write_text("broken\n")
    status, output = snakemake(copy, EXPERIMENT, TABLE, programs=warm)
    assert status == 1
    assert "error: Writing the tables: results/tiny/scores.tsv:1: missing column" in output
    assert "Restored" not in output
    assert table.read_text() == old
    scores.write_text(text)
    os.utime(scores, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert planned(snakemake(copy, EXPERIMENT, "--dry-run", TABLE)[1]) == {"tables": 1}
