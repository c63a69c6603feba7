"""Modules found by name."""

import pytest

from warmup import generators, plugins
from warmup.errors import InputError


def test_names_are_sorted_and_without_private_modules():
    assert {"likelihood", "reweighted"} <= set(plugins.names("objectives"))
    assert plugins.names("objectives") == sorted(plugins.names("objectives"))
    assert plugins.names("tasks") == ["multiple_choice", "summarization", "translation"]
    assert plugins.names("generators") == ["agreement", "shell_game", "tally"]


@pytest.mark.parametrize(
    "package",
    ["analysis", "figures", "generators", "metrics", "models", "objectives", "sources", "tasks"],
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


def test_a_constant_is_read_without_importing_the_module(tmp_path, monkeypatch):
    monkeypatch.setattr(generators, "__path__", [*generators.__path__, str(tmp_path)])
    file = tmp_path / "cards.py"
    file.write_text(
        "import nothing_that_exists\n\nJOKERS: int = 2\nSUITS = 4\nALL = 13 * SUITS\n"
        "RANKS: dict = {'ace': [1, 11]}\n"
    )
    assert plugins.constant("generators", "cards", "SUITS") == 4
    assert plugins.constant("generators", "cards", "JOKERS") == 2
    assert plugins.constant("generators", "cards", "RANKS") == {"ace": [1, 11]}
    for missing in ("ALL", "HANDS"):
        with pytest.raises(InputError, match=rf"cards\.py: no plain value .* to {missing}"):
            plugins.constant("generators", "cards", missing)
    file.write_text("SUITS = 4\nJOKERS =\n")
    with pytest.raises(InputError, match=r"cards\.py:2: invalid syntax"):
        plugins.constant("generators", "cards", "SUITS")
    with pytest.raises(InputError, match="choose from: agreement, cards, shell_game, tally"):
        plugins.constant("generators", "dice", "SIDES")


def test_every_source_says_whether_it_needs_the_network():
    found = {
        name: plugins.constant("sources", name, "NEEDS_NETWORK")
        for name in plugins.names("sources")
    }
    assert found == {"hub": True, "local": False, "synthetic": False, "url": True}
    assert found == {name: plugins.load("sources", name).NEEDS_NETWORK for name in found}
