"""Modules found by name."""

import pytest

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.data import generators


def test_names_are_sorted_and_without_private_modules():
    assert {"likelihood", "reweighted"} <= set(plugins.names("objective"))
    assert plugins.names("objective") == sorted(plugins.names("objective"))
    assert plugins.names("task") == [
        "multiple_choice",
        "summarization",
        "text_to_text",
        "transduction",
        "translation",
    ]
    assert plugins.names("generator") == ["agreement", "shell_game", "tally"]


@pytest.mark.parametrize("kind", sorted(set(plugins.PACKAGES) - {"neural metric"}))
def test_every_name_can_be_loaded(kind):
    for name in plugins.names(kind):
        assert plugins.load(kind, name).__name__ == f"{plugins.PACKAGES[kind]}.{name}"


@pytest.mark.parametrize("name", ["dice", "_settings", "../tasks/translation", "", "shell_game.x"])
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match="choose from: agreement, shell_game, tally"):
        plugins.load("generator", name)


def test_the_kind_of_an_unknown_name_is_said():
    with pytest.raises(InputError, match="unknown quantity 'width'; choose from: form, length"):
        plugins.load("quantity", "width")


def test_a_file_is_all_that_a_new_entry_needs(tmp_path, monkeypatch):
    (tmp_path / "dice.py").write_text('"""Dice."""\n\nSIDES = 6\n')
    monkeypatch.setattr(generators, "__path__", [*generators.__path__, str(tmp_path)])
    assert "dice" in plugins.names("generator")
    assert plugins.load("generator", "dice").SIDES == 6


def test_a_constant_is_read_without_importing_the_module(tmp_path, monkeypatch):
    monkeypatch.setattr(generators, "__path__", [*generators.__path__, str(tmp_path)])
    file = tmp_path / "cards.py"
    file.write_text(
        "import nothing_that_exists\n\nJOKERS: int = 2\nSUITS = 4\nALL = 13 * SUITS\n"
        "RANKS: dict = {'ace': [1, 11]}\n"
    )
    assert plugins.constant("generator", "cards", "SUITS") == 4
    assert plugins.constant("generator", "cards", "JOKERS") == 2
    assert plugins.constant("generator", "cards", "RANKS") == {"ace": [1, 11]}
    for missing in ("ALL", "HANDS"):
        with pytest.raises(InputError, match=rf"cards\.py: no literal .* to {missing}"):
            plugins.constant("generator", "cards", missing)
    file.write_text("SUITS = 4\nJOKERS =\n")
    with pytest.raises(InputError, match=r"cards\.py:2: invalid syntax"):
        plugins.constant("generator", "cards", "SUITS")
    with pytest.raises(InputError, match="choose from: agreement, cards, shell_game, tally"):
        plugins.constant("generator", "dice", "SIDES")


def test_every_source_says_whether_it_needs_the_network():
    found = {
        name: plugins.constant("source", name, "NEEDS_NETWORK") for name in plugins.names("source")
    }
    assert found == {
        "hub": True,
        "local": False,
        "packaged": False,
        "synthetic": False,
        "url": True,
    }
    assert found == {name: plugins.load("source", name).NEEDS_NETWORK for name in found}
