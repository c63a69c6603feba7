"""Modules found by name."""

import pytest

from warmup import generators, plugins
from warmup.errors import InputError


def test_names_are_sorted_and_without_private_modules():
    assert plugins.names("objectives") == ["likelihood", "reweighted"]
    assert plugins.names("tasks") == ["multiple_choice", "summarization", "translation"]
    assert plugins.names("generators") == ["agreement", "shell_game", "tally"]


@pytest.mark.parametrize(
    "package", ["figures", "generators", "metrics", "models", "objectives", "sources", "tasks"]
)
def test_every_name_can_be_loaded(package):
    for name in plugins.names(package):
        if not name.startswith("__"):
            assert plugins.load(package, name).__name__ == f"warmup.{package}.{name}"


@pytest.mark.parametrize("name", ["dice", "_settings", "../tasks/translation", "", "shell_game.x"])
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match="choose from: agreement, shell_game, tally"):
        plugins.load("generators", name)


def test_a_file_is_all_that_a_new_entry_needs(tmp_path, monkeypatch):
    (tmp_path / "dice.py").write_text('"""Dice."""\n\nSIDES = 6\n')
    monkeypatch.setattr(generators, "__path__", [*generators.__path__, str(tmp_path)])
    assert "dice" in plugins.names("generators")
    assert plugins.load("generators", "dice").SIDES == 6
