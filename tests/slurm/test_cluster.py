"""An experiment from data to report, on Slurm: where its jobs run, and what they ask for."""

import csv
import statistics

import pytest
import yaml
from controller import RESOURCES, ROOT, Start, submitted

from helpers import tiny
from warmup.common.files import sha256, write_jsonl

METHODS = ["sft", "warmup"]
HERE = {"fetch", "fetch_model", "experiment", "tables", "figure", "figures", "report", "all"}
"""Rules that run where Snakemake runs."""
ON_GPUS = {"train", "generate"}


def downloaded(folder):
    """Return the splits of a data set that is downloaded, though from files."""
    splits = {}
    for number, split in enumerate(("train", "valid", "test")):
        path = folder / f"{split}.jsonl"
        rows = [
            {"text": f"{number}{i} a b", "summary": "a b" if i % 2 else "b a"} for i in range(40)
        ]
        write_jsonl(path, rows)
        splits[split] = {
            "type": "url",
            "format": "jsonl",
            "file": {"url": path.as_uri(), "sha256": sha256(path)},
            "fields": {"source": "text", "target": "summary"},
        }
    return splits


def experiment(folder):
    config = tiny.experiment()
    config["datasets"]["letters"] = {
        "task": "summarization", "pairs": ["en"], "max_source_tokens": 8, "max_target_tokens": 6,
        "splits": downloaded(folder),
    }  # fmt: skip
    config["runs"] = [
        {"datasets": ["shell_game"], "models": ["t5"], "methods": METHODS},
        {"datasets": ["letters"], "models": ["t5"], "methods": ["sft"]},
    ]
    return config | {"resources": RESOURCES}


def test_an_experiment_runs_on_slurm(tmp_path):
    folder = tmp_path / "folder"
    status, output = Start(folder, config=experiment(tmp_path)).wait()
    assert status == 0, output
    assert (folder / "results/tiny/report.html").stat().st_size
    with (folder / "results/tiny/scores.tsv").open(newline="") as stream:
        found = {(row["dataset"], row["method"]) for row in csv.DictReader(stream, delimiter="\t")}
    assert found == {("shell_game", "sft"), ("shell_game", "warmup"), ("letters", "sft")}

    jobs = {}
    for job in submitted(folder):
        rule, _, of = job["Comment"].removeprefix("rule_").partition(",")
        jobs.setdefault(rule, {})[of] = job
    assert {job["JobState"] for of in jobs.values() for job in of.values()} == {"COMPLETED"}
    assert not HERE & jobs.keys()
    assert {"prepare", "tokenizer", "train", "generate", "score", "collect"} <= jobs.keys()
    # which run a job is of
    assert set(jobs["train"]) == {
        "task=multiple_choice,dataset=shell_game,pair=en,model=t5,method=sft,seed=1",
        "task=multiple_choice,dataset=shell_game,pair=en,model=t5,method=warmup,seed=1",
        "task=summarization,dataset=letters,pair=en,model=t5,method=sft,seed=1",
    }
    for rule, of in jobs.items():
        for job in of.values():
            asked = [job[key] for key in ("Partition", "MinMemoryNode", "TimeLimit", "NumCPUs")]
            if rule in ON_GPUS:
                assert asked == ["gpu", "1500M", "01:00:00", "1"], rule
                assert job["TresPerJob"] == "gres:gpu:1", rule
            else:
                assert asked == ["cpu", "4000M", "01:00:00", "1"], rule
                assert "TresPerJob" not in job, rule
            assert job["JobName"].startswith("warmup_")
            assert job["Requeue"] == "1"

    status, output = Start(folder).wait()
    assert status == 0, output
    assert "Nothing to be done" in output


@pytest.mark.slow
def test_the_default_experiment_runs_on_slurm(tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    folder = tmp_path / "folder"
    status, output = Start(folder, config=config | {"seeds": [21]}).wait()
    assert status == 0, output
    assert (folder / "results/default/report.html").stat().st_size
    accuracy = {}
    with (folder / "results/default/scores.tsv").open(newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            if (row["metric"], row["subset"]) == ("accuracy", "all"):
                accuracy.setdefault(row["method"], []).append(float(row["value"]))
    gain = statistics.mean(accuracy["warmup"]) - statistics.mean(accuracy["sft"])
    assert gain > 20
