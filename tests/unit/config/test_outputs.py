"""Methods whose outputs are given: somebody else's system in the same tables."""

from pathlib import Path
from typing import Any

import pytest

from helpers import tiny
from warmup.common.errors import InputError
from warmup.config import experiment, experiment_summary, outputs


def value(root: Path, path: str = "theirs", **method: Any) -> dict[str, Any]:
    made = tiny.experiment(data_root=str(root))
    made["methods"]["theirs"] = {"outputs": path, **method}
    made["runs"][0]["methods"] = [*made["runs"][0]["methods"], "theirs"]
    made["decodings"] = {"greedy": {}, "shuffled": {"warmup": "shuffled"}}
    return made


def test_it_has_evaluations_and_no_training(tmp_path: Path) -> None:
    config = experiment.check(value(tmp_path))
    assert not [name for name in experiment.run_names(config) if "theirs" in name]
    summary = experiment.summarise(config)
    run = "shell_game/en/t5/theirs/seed1"
    assert summary["runs"][run] == ["test.greedy"]
    assert summary["outputs"] == ["theirs"]
    assert summary["methods"]["theirs"]["role"] == "control"
    read = experiment_summary.parse(summary, tmp_path / "experiment.json")
    assert tmp_path / "runs" / run / "test.greedy.scores.json" in read.evaluation_files(
        "scores.json"
    )
    trained = {path.parent.parent.name for path in read.run_files("training.json")}
    assert "sft" in trained and "theirs" not in trained


def test_a_folder_has_a_file_for_each_test_split(tmp_path: Path) -> None:
    config = experiment.check(value(tmp_path))
    with pytest.raises(InputError, match=r"methods\.theirs\.outputs: no such file or folder: .*th"):
        outputs.files(config)
    folder = tmp_path / "theirs" / "shell_game" / "en"
    folder.mkdir(parents=True)
    with pytest.raises(InputError, match=r"has no shell_game/en/test; it needs one of \.txt, "):
        outputs.files(config)
    (folder / "test.jsonl").write_text("")
    place = outputs.Place("theirs", "shell_game", "en", "test")
    assert outputs.files(config) == {place: folder / "test.jsonl"}
    (folder / "test.txt").write_text("")
    with pytest.raises(InputError, match=r"has both test\.txt and test\.jsonl"):
        outputs.files(config)


def test_one_file_is_enough_for_one_test_split(tmp_path: Path) -> None:
    made = value(tmp_path, "them.txt")
    (tmp_path / "them.txt").write_text("")
    (found,) = outputs.files(experiment.check(made)).values()
    assert found == tmp_path / "them.txt"
    splits = made["datasets"]["shell_game"]["splits"]
    splits["other"] = splits["test"]
    with pytest.raises(InputError, match=r"them\.txt is one file for 2 test splits; give a folder"):
        outputs.files(experiment.check(made))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda made: made["methods"]["theirs"].update(start="sft"),
            "'start' has no meaning where",
        ),
        (
            lambda made: made["methods"]["theirs"].update(outputs=3),
            r"outputs\.theirs: 3 is not of t",
        ),
        (lambda made: made["methods"]["warmup"].update(start="theirs"), "start: unknown 'theirs'"),
        (
            lambda made: made["runs"][0].update(override={"theirs": {}}),
            "override: unknown 'theirs'",
        ),
        (lambda made: made["runs"][0]["methods"].append("them"), "methods: unknown 'them'; choose"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    made = value(tmp_path)
    change(made)
    with pytest.raises(InputError, match=message):
        experiment.check(made)
