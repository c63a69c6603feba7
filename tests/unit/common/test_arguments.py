"""Values given on the command line, directly or in a file."""

import argparse
from pathlib import Path

import pytest

from warmup.common.arguments import add_inputs, inputs, read_object
from warmup.common.errors import InputError


def test_text_and_file_give_the_same(tmp_path):
    file = tmp_path / "x.json"
    file.write_text('{"a": [1, null]}')
    assert read_object(' {"a": [1, null]}', "--x") == {"a": [1, None]}
    assert read_object(str(file), "--x") == {"a": [1, None]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "--x: not JSON"),
        ('{"a": 1} b', "--x: not JSON"),
        ("nowhere.json", "nowhere.json: cannot read"),
        ("", "cannot read"),
    ],
)
def test_what_is_no_object_is_explained(text, message):
    with pytest.raises(InputError, match=message):
        read_object(text, "--x")


def test_a_file_of_another_value_is_explained(tmp_path):
    file = tmp_path / "x.json"
    file.write_text("[1]")
    with pytest.raises(InputError, match="--x: expected a JSON object, not list"):
        read_object(str(file), "--x")
    file.write_text("{1}")
    with pytest.raises(InputError, match=r"x\.json: not JSON"):
        read_object(str(file), "--x")


def parsed(*arguments):
    kinds = {"scores": "scores.json", "training": "training.json"}
    parser = argparse.ArgumentParser()
    add_inputs(parser, kinds)
    return inputs(parser.parse_args(arguments), kinds)


def test_inputs_can_be_more_than_fit_into_a_command(tmp_path):
    paths = [Path(f"runs/{number:0200}/scores.json") for number in range(1000)]
    file = tmp_path / "list.txt"
    file.write_text("".join(f"{path}\n" for path in paths) + "\nruns/0/training.json\n")
    assert file.stat().st_size > 131_072
    found = parsed("--scores", "first.scores.json", "--inputs-from", str(file))
    assert found["scores"] == [Path("first.scores.json"), *paths]
    assert found["training"] == [Path("runs/0/training.json")]


def test_a_listed_file_of_no_kind_is_named_with_its_line(tmp_path):
    file = tmp_path / "list.txt"
    file.write_text("a.scores.json\n\nwhat.txt\n")
    message = r"list\.txt:3: 'what\.txt' must end in one of: scores\.json, training\.json"
    with pytest.raises(InputError, match=message):
        parsed("--inputs-from", str(file))
