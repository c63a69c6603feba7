"""Experiments of any size: no command of the workflow names every run's files."""

import re

from pipeline import snakemake

from helpers import tiny

READERS = ("collect", "compare", "analyse-warmups", "report")


def commands(folder, seeds):
    """Return what a dry run would type for each rule that reads the files of all runs."""
    status, output = snakemake(folder, tiny.experiment() | {"seeds": seeds}, "-n", "-p")
    assert status == 0, output
    found = {name: re.findall(rf"python -m warmup {name} .*", output) for name in READERS}
    assert {name: len(lines) for name, lines in found.items()} == dict.fromkeys(READERS, 1)
    return found


def test_commands_do_not_grow_with_the_experiment(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "more").mkdir()
    # Linux takes 131,072 bytes for one argument, and Snakemake gives Bash a command as one
    assert commands(tmp_path / "one", [1]) == commands(tmp_path / "more", [1, 2, 3])


def test_commands_do_not_name_the_files_of_the_data(tmp_path):
    config = tiny.experiment(data_root=".")
    for split, source in config["datasets"]["shell_game"]["splits"].items():
        names = [f"{split}-{number}.jsonl" for number in range(3)]
        for name in names:
            (tmp_path / name).write_text("")
        fields = {key: key for key in ("source", "choices", "answer")}
        source.clear()
        source |= {"type": "local", "format": "jsonl", "file": names, "fields": fields}
    status, output = snakemake(tmp_path, config, "-n", "-p")
    assert status == 0, output
    assert "-m warmup prepare" in output
    assert "train-0.jsonl" not in output
