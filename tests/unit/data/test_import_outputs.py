"""Outputs of another system in the form of predictions."""

import json
from pathlib import Path

import pytest

from warmup.common.errors import InputError
from warmup.common.files import write_jsonl
from warmup.data import predictions
from warmup.data.import_outputs import import_outputs
from warmup.data.records import Record

RECORDS = [
    Record("a", "A dog.", ["Ein Hund.", "Hund."], "en", "de", meta={"lookahead": 2}),
    Record("b", "A cat.", ["Eine Katze."], "en", "de"),
]


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """Write the records of a split."""
    write_jsonl(tmp_path / "test.jsonl", (record.to_dict() for record in RECORDS))
    return tmp_path / "test.jsonl"


def test_lines_and_json_lines_become_the_same_predictions(examples: Path, tmp_path: Path) -> None:
    text, rows = tmp_path / "o.txt", tmp_path / "o.jsonl"
    text.write_text("Ein Hund. \n\n")
    rows.write_text('{"id": "b", "output": ""}\n{"id": "a", "output": "Ein Hund.", "x": 1}\n')
    found = import_outputs(text, examples, "translation")
    assert found == import_outputs(rows, examples, "translation")
    assert [(one.id, one.output, one.references) for one in found] == [
        ("a", "Ein Hund.", ["Ein Hund.", "Hund."]), ("b", "", ["Eine Katze."]),
    ]  # fmt: skip
    assert (found[0].meta, found[0].target_lang) == ({"lookahead": 2}, "de")
    predictions.write(tmp_path / "p.jsonl", found)
    assert predictions.read(tmp_path / "p.jsonl") == found


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("o.txt", "one\n", r"o\.txt has 1 lines, but the split has 2 records"),
        ("o.jsonl", [{"id": "a", "output": "x"}], "1 of 2 records have no output, such as 'b'"),
        ("o.jsonl", [{"id": "c", "output": "x"}], r"o\.jsonl:1: the split has no record .* 'c'"),
        ("o.jsonl", [{"id": "a", "output": "x"}] * 2, r"o\.jsonl:2: id 'a' was used before"),
        ("o.jsonl", [{"id": "a"}], r"o\.jsonl:1: needs id and output"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(
    examples: Path, name: str, text: str | list[dict[str, str]], message: str
) -> None:
    path = examples.with_name(name)
    path.write_text(text if isinstance(text, str) else "".join(json.dumps(x) + "\n" for x in text))
    with pytest.raises(InputError, match=message):
        import_outputs(path, examples, "translation")
