"""Standard output whose encoding lacks characters: readable for people, exact for programs."""

import io
import json
import sys

import pytest

from helpers.synthetic_results import make_scores
from warmup.__main__ import main
from warmup.common.encodings import print_json


@pytest.fixture
def printed(monkeypatch):
    """A function that acts on a terminal with an encoding, and returns what is printed."""

    def run(encoding, action):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        action()
        stream.flush()
        return stream.buffer.getvalue().decode(encoding)

    return run


@pytest.fixture
def said(printed):
    """The same for a command."""
    return lambda encoding, *argv: printed(encoding, lambda: main(list(map(str, argv))))


def test_the_closing_table_is_printed_in_ascii(said, tmp_path):
    make_scores(seeds=3).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    text = said("ascii", "show", "--scores", tmp_path / "scores.tsv")
    assert "Score (^ higher is better)" in text
    assert "10.00x" in text
    assert "10.00×" in said("utf-8", "show", "--scores", tmp_path / "scores.tsv")


@pytest.mark.parametrize("argv", [(), ("ls", "metrics"), ("config", "runs")])
def test_lists_are_printed_in_ascii(said, argv):
    assert said("ascii", *argv)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_exact_in_any_encoding(printed, encoding):
    value = {"größe": "→ 🙂 … 'é'", "line\n": [1.5, None]}
    text = printed(encoding, lambda: print_json(value, indent=2))
    assert json.loads(text) == value
    assert ("🙂" in text) == (encoding == "utf-8")
