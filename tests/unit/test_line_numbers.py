"""Errors name the line of the file, whether or not there are empty lines before it."""

import json

import pytest

from warmup.common.errors import InputError
from warmup.data import predictions
from warmup.generation import prediction

NAME = "d/en-de/m/sft/seed1/test.greedy.predictions.jsonl"


@pytest.mark.parametrize(
    "read",
    [
        predictions.read,
        lambda path: list(prediction.read_inputs(path)),
    ],
    ids=["predictions", "inputs"],
)
def test_empty_lines_are_counted(tmp_path, read):
    path = tmp_path / NAME
    path.parent.mkdir(parents=True)
    path.write_text("\n \n{}\n")
    with pytest.raises(InputError, match=r"predictions\.jsonl:3: "):
        read(path)


def test_a_number_that_is_none_is_refused_where_it_is_read(tmp_path):
    path = tmp_path / "inputs.jsonl"
    path.write_text('{"source": "a"}\n{"source": "b", "meta": {"x": NaN}}\n')
    with pytest.raises(InputError, match=r"inputs\.jsonl:2: not JSON: NaN, where"):
        list(prediction.read_inputs(path))


def test_inputs_without_an_id_get_the_number_of_their_line(tmp_path):
    path = tmp_path / "inputs.jsonl"
    path.write_text('\n{"source": "a"}\n\n{"source": "b", "id": "x"}\n{"source": "c"}\n')
    assert [record.id for record in prediction.read_inputs(path)] == ["2", "x", "5"]


def test_an_id_of_two_inputs_is_refused(tmp_path):
    path = tmp_path / "inputs.jsonl"
    rows = [{"source": "a", "id": "2"}, {"source": "b"}]  # the second one gets its number
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"jsonl:2: id '2' was used before, at .*jsonl:1"):
        list(prediction.read_inputs(path))
