"""Keys of runs, evaluations and settings: from paths, from rows of tables, and back."""

from pathlib import Path

import pytest

from warmup.common.errors import InputError
from warmup.common.keys import EvaluationKey, RunKey, Setting, run_of

KEY = EvaluationKey("wmt22", "en-de", "t5", "sft", 11, "test.b", "greedy")
FOLDER = "wmt22/en-de/t5/sft/seed11"


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("above", ["", "results/e/runs/", "/x/"])
def test_the_path_of_predictions_is_their_key(above: str, suffix: str) -> None:
    path = f"{above}{FOLDER}/test.b.greedy.predictions.jsonl{suffix}"
    assert EvaluationKey.from_path(Path(path)) == KEY


def test_a_key_is_the_path_of_its_files() -> None:
    assert KEY.path == f"{FOLDER}/test.b.greedy"
    assert EvaluationKey.from_path(Path(f"{KEY.path}.predictions.jsonl")) == KEY
    run = run_of(Path("runs", FOLDER))
    assert (run, run.path) == (RunKey("wmt22", "en-de", "t5", "sft", 11), FOLDER)


@pytest.mark.parametrize(
    "path",
    [
        "test.greedy.predictions.jsonl",
        "en-de/t5/sft/seed1/test.greedy.predictions.jsonl",
        f"{FOLDER}/test.predictions.jsonl",
        f"{FOLDER}/test.greedy.scores.json",
        "wmt22/en-de/t5/sft/11/test.greedy.predictions.jsonl",
    ],
)
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(InputError, match=r"a prediction file must be named \{dataset\}/\{pair\}/"):
        EvaluationKey.from_path(Path(path))


def test_the_folder_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="the folder of a run must be named"):
        run_of(Path("wmt22/en-de/t5/sft"))


def test_columns_of_a_row_are_a_key() -> None:
    row = {"experiment": "e", "task": "translation", **KEY.as_row(), "value": 1.0}
    assert EvaluationKey.from_row(row) == KEY
    assert list(KEY.as_row()) == list(EvaluationKey.columns())
    assert RunKey.from_row(row).path == FOLDER
    assert Setting.from_row(row) == ("translation", "wmt22", "en-de", "t5", "test.b")


def test_keys_are_sorted_by_their_columns() -> None:
    names = ["b", "a"]
    keys = [RunKey(name, "en", "t5", "sft", seed) for name in names for seed in (10, 9)]
    assert [(key.dataset, key.seed) for key in sorted(keys)] == [
        ("a", 9), ("a", 10), ("b", 9), ("b", 10),
    ]  # fmt: skip
