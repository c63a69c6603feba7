"""Names of files and folders with characters that a shell or Python has a use for."""

import pytest
from pipeline import copy_of_the_project, snakemake

from helpers import tiny
from warmup.common.files import write_jsonl

PLAIN = '"q" $HOME * é;&#% <a> ~'
ODD = f"it's {PLAIN} \\ a:b\nc".replace("<a>", "")


def test_an_experiment_works_whatever_its_files_and_folders_are_called(tmp_path):
    root, folder = copy_of_the_project(tmp_path / PLAIN), tmp_path / f"w {{v2}} {ODD}"
    rows = [{"text": f"some text {number}", "headline": "short"} for number in range(40)]
    write_jsonl(folder / f"-{ODD}" / f"train {ODD}.jsonl", rows)
    generated = {"type": "synthetic", "generator": "tally", "size": 10}
    splits = {
        "train": {
            "type": "local",
            "format": "jsonl",
            "file": f"train {ODD}.jsonl",
            "fields": {"source": "text", "target": "headline"},
        },
        "valid": {**generated, "seed": 2},
        "test": {**generated, "seed": 3},
    }
    dataset = {
        "task": "summarization",
        "pairs": ["en"],
        "splits": splits,
        "max_unknown_targets": 1.0,
    }
    config = tiny.experiment(data_root=f"-{ODD}", datasets={"h": dataset})
    config["runs"] = [{"datasets": ["h"], "models": ["t5"], "methods": ["sft"]}]
    status, output = snakemake(folder, config, root=root)
    assert status == 0, output
    assert "some text 7" in (folder / "results/tiny/data/h/en/train.jsonl").read_text()
    assert (folder / "results/tiny/report.html").exists()
    assert "Nothing to be done" in snakemake(folder, config, root=root)[1]


@pytest.mark.parametrize("name", ["a:b", "a\\b", "a\nb", "it's $HOME", "proj {v2}"])
def test_a_folder_that_jobs_cannot_be_started_from_is_named(tmp_path, name):
    root = copy_of_the_project(tmp_path / name)
    status, output = snakemake(tmp_path, tiny.experiment(), "--dry-run", root=root)
    assert status != 0
    (line,) = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "jobs cannot be started from a folder with" in line
    assert "Traceback" not in output


@pytest.mark.parametrize("root", ["{v2}", "x}"])
def test_braces_in_data_root_matter_to_nobody_without_local_files(tmp_path, root):
    status, output = snakemake(tmp_path, tiny.experiment(data_root=root), "--dry-run")
    assert status == 0, output
