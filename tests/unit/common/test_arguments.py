"""JSON given on the command line, directly or in a file."""

import pytest

from warmup.common.arguments import read_object
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
