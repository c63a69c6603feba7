"""The one command line: what it lists, what it says of a command that there is not, and `ls`."""

import pytest

from warmup.__main__ import COMMANDS, main
from warmup.common import list_plugins


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_alone_it_lists_each_command_in_one_line(argv, capsys):
    main(argv)
    lines = capsys.readouterr().out.splitlines()
    for name, command in COMMANDS.items():
        assert [line for line in lines if line.startswith(f"  {name}  ")], name
        assert f"{command.stage}:" in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("argv", [["fetch"], ["fetch", "--help"]])
def test_a_group_lists_its_own_commands(argv, capsys):
    main(argv)
    listed = [
        line.split("  ")[1] for line in capsys.readouterr().out.splitlines() if line[:1] == " "
    ]
    assert listed == ["fetch data", "fetch model", "fetch metric"]


@pytest.mark.parametrize(
    ("argv", "asked", "nearest"),
    [
        (["figurs"], "figurs", "figures"),
        (["fetch", "modle", "--output", "x"], "fetch modle", "fetch model"),
        (["config", "list"], "config list", "config"),
        (["tokenizer"], "tokenizer", "train-tokenizer"),
        (["--version"], "--version", ""),
    ],
)
def test_an_unknown_command_names_the_nearest(argv, asked, nearest, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    said = capsys.readouterr()
    assert (stop.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith(
        f"error: unknown command '{asked}'; the nearest is `warmup {nearest}"
    )
    assert "`warmup` alone lists all" in said.err


@pytest.mark.parametrize("what", list_plugins.KINDS)
def test_what_can_be_named_is_listed_with_a_line_about_it(what, capsys):
    main(["ls", what])
    for line in capsys.readouterr().out.splitlines():
        name, _, about = line.partition("  ")
        assert name and about.strip().endswith((".", "`", "?")), line


def test_without_a_kind_the_kinds_are_listed(capsys):
    main(["ls"])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"warmup ls {kind}" for kind in list_plugins.KINDS]


def test_metrics_are_listed_by_the_names_that_configurations_use(capsys):
    main(["ls", "metrics"])
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"chrf++", "rougeL", "ser", "comet"} <= names
