import subprocess
import sys
from pathlib import Path

import pytest

from helpers import experiment_files
from helpers.synthetic_results import METHODS, TASKS, make_scores
from warmup.__main__ import main
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods

MODULES = (
    "import sys, warmup.reporting.terminal;"
    "print('torch' in sys.modules, 'matplotlib' in sys.modules)"
)


def run(capsys, path, *more):
    main(["show", "--scores", str(path), *more])
    return capsys.readouterr().out


@pytest.fixture
def path(tmp_path):
    make_scores(seeds=3).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    return tmp_path / "scores.tsv"


def test_the_table_is_plain_and_narrow_without_a_terminal(capsys, path):
    methods = Methods(METHODS, dict.fromkeys(METHODS[1:], "sft"))
    experiment = experiment_files.write(
        path.with_name("experiment.json"), methods, Decodings(("greedy",)), TASKS
    )
    report = str(path.with_name("report.html"))
    Path(report).write_text("")
    text = run(capsys, path, "--report", report, "--experiment", str(experiment))
    assert "\x1b" not in text
    lines = text.splitlines()
    end = lines.index(f"Report: {report}")
    assert max(len(line) for line in lines[:end]) <= 100
    (row,) = [line for line in lines if "84.5 [84.0, 85.1]" in line]
    assert " ".join(row.split()) == "warmup 84.5 [84.0, 85.1] +61.1 [+60.2, +62.0] 3 500 11.00×"
    assert "Student t" in text


def test_compute_is_the_same_with_the_experiment_named_or_next_to_the_scores(capsys, path):
    methods = Methods(METHODS, dict.fromkeys(METHODS[1:], "sft"))
    alone = run(capsys, path)
    assert "10.00×" in alone
    assert "without the training of the method it starts from" in " ".join(alone.split())
    file = path.with_name("experiment.json")
    experiment_files.write(file, methods, Decodings(("greedy",)), TASKS)
    text = run(capsys, path)
    assert text == run(capsys, path, "--experiment", str(file))
    assert "11.00×" in text
    assert "including the training of the method it starts from" in " ".join(text.split())


def test_a_report_that_is_not_there_is_not_mentioned(capsys, path):
    text = run(capsys, path, "--report", str(path.with_name("report.html")))
    assert "Report" not in text


def test_one_seed_names_its_interval(capsys, tmp_path):
    make_scores(seeds=1).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    assert "bootstrap over items" in run(capsys, tmp_path / "scores.tsv")


def test_it_starts_without_torch_and_matplotlib():
    done = subprocess.run(
        [sys.executable, "-c", MODULES], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_a_missing_file_is_a_one_line_error(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "warmup", "show", "--scores", str(tmp_path / "none.tsv")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path}/none.tsv: cannot read: No such file or directory\n"
