"""Tables and figures are the same bytes in each process, in whatever order its sets are.

The results that are published stay comparable with what is made of their numbers later.
"""

import os
import subprocess
import sys

import pytest

from helpers import experiment_files, synthetic_results
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.evaluation.result_tables import COMPARISONS, WARMUPS

METHODS = ("sft", "sft_continued", "sft_compute", "warmup")


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """Invented results of all tasks, as options."""
    folder = tmp_path_factory.mktemp("numbers")
    scores = synthetic_results.make_scores(1, beam=True)
    scores.to_csv(folder / "scores.tsv", sep="\t", index=False)
    synthetic_results.make_curves(1).to_csv(folder / "curves.tsv", sep="\t", index=False)
    tested = synthetic_results.make_comparisons(scores)
    COMPARISONS.write(folder / "comparisons.tsv", tested.to_dict("records"))
    WARMUPS.write(folder / "warmups.tsv", synthetic_results.make_warmups(1).to_dict("records"))
    return {name: folder / f"{name}.tsv" for name in ("scores", "comparisons", "warmups", "curves")}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("tables", ("scores", "comparisons", "warmups")),
        ("figures", ("scores", "comparisons", "warmups", "curves")),
    ],
)
def test_two_processes_write_the_same_bytes(numbers, tmp_path, kind, names):
    order = Methods(METHODS, dict.fromkeys(METHODS[1:], "sft")), Decodings(("greedy", "beam4"))
    tasks = synthetic_results.TASKS
    experiment = experiment_files.write(tmp_path / "experiment.json", *order, tasks)
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        options = [text for name in names for text in (f"--{name}", numbers[name])]
        subprocess.run(
            [sys.executable, "-m", "warmup", kind, *options, "--output-dir", folder,
             "--experiment", experiment],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
        )  # fmt: skip
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    one, other = written
    assert one.keys() == other.keys()
    assert len(one) >= 12
    assert [name for name in one if one[name] != other[name]] == []
