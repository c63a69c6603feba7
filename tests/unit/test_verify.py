"""Publishing the results of an experiment, and checking them."""

import gzip
import json
import subprocess
import sys

import pytest

from warmup import keep, verify
from warmup.aggregate import SCORE_COLUMNS, score_rows, to_tsv
from warmup.errors import InputError

RUN = {
    "experiment": "e", "task": "translation", "dataset": "d", "pair": "en-de", "model": "m",
    "method": "sft", "seed": 1, "split": "test", "decoding": "greedy",
}  # fmt: skip
INSIDE = "d/en-de/m/sft/seed1/test.greedy.predictions.jsonl"


@pytest.fixture
def results(tmp_path):
    """A small experiment, as it lies when it is complete."""
    results = tmp_path / "results" / "e"
    path = results / "runs" / INSIDE
    path.parent.mkdir(parents=True)
    rows = [
        {"source": "x", "references": ["das ist ein Haus"], "output": output, "meta": {}}
        for output in ("das ist ein Haus", "das war ein Hund", "")
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (path.parent / "provenance.json").write_text('{"device": "ü"}')
    scores = tmp_path / "scores.json"
    subprocess.run(
        [sys.executable, "-m", "warmup.score", "--predictions", path, "--output", scores,
         "--run", json.dumps(RUN | {"target_lang": "de"})],
        check=True,
    )  # fmt: skip
    for name in ("curves.tsv", "comparisons.tsv", "warmups.tsv"):
        (results / name).write_text(name)
    for path in ("tables/translation.md", "tables/summarization.md", "figures/one.svg"):
        (results / path).parent.mkdir(exist_ok=True)
        (results / path).write_text(path)
    table = to_tsv(score_rows(scores), list(SCORE_COLUMNS), ["metric"])
    (results / "scores.tsv").write_text(table)
    return results


@pytest.fixture
def kept(results, tmp_path):
    keep.keep(results, tmp_path / "kept")
    return tmp_path / "kept"


def test_what_is_kept(results, kept):
    # and no table of summarization, which an earlier configuration of the same name has left
    found = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    assert found == {
        "scores.tsv", "curves.tsv", "comparisons.tsv", "warmups.tsv", "provenance.jsonl",
        "tables/translation.md", "figures/one.svg", f"predictions/{INSIDE}.gz",
    }  # fmt: skip
    compressed = (kept / f"predictions/{INSIDE}.gz").read_bytes()
    assert gzip.decompress(compressed) == (results / "runs" / INSIDE).read_bytes()
    run = INSIDE.rpartition("/")[0]
    assert (kept / "provenance.jsonl").read_text() == f'{{"run": "{run}", "device": "ü"}}\n'


def test_keeping_again_gives_the_same_bytes_and_nothing_old_remains(results, kept):
    before = (kept / f"predictions/{INSIDE}.gz").read_bytes()
    (kept / "tables/old.md").write_text("old")
    assert keep.keep(results, kept) == 1
    assert (kept / f"predictions/{INSIDE}.gz").read_bytes() == before
    assert not (kept / "tables/old.md").exists()


def test_runs_without_a_score_are_not_kept(results, kept):
    other = results / "runs" / INSIDE.replace("sft", "other")
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    assert keep.keep(results, kept) == 1
    assert not (kept / "predictions" / INSIDE.replace("sft", "other")).exists()


def test_an_incomplete_experiment_is_not_kept(results, tmp_path):
    (results / "warmups.tsv").unlink()
    with pytest.raises(InputError, match=r"warmups\.tsv is missing: run the experiment to its end"):
        keep.keep(results, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_results_are_not_replaced_by_their_copy(results):
    with pytest.raises(InputError, match="lies within"):
        keep.keep(results, results)
    assert (results / "scores.tsv").exists()


def test_only_a_kept_experiment_is_replaced(results, kept, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"e lies within .*results: choose another"):
        keep.keep(results, results.parent)  # with the experiment itself
    (tmp_path / "reference").mkdir()
    kept.rename(tmp_path / "reference" / "other")
    with pytest.raises(InputError, match=r"reference is no kept experiment \(it holds other\)"):
        keep.keep(results, tmp_path / "reference")  # the last part of the path was forgotten
    (tmp_path / "reference" / "other").rename(kept)
    (kept / "notes.txt").write_text("dear")
    with pytest.raises(InputError, match=r"no kept experiment \(it holds notes\.txt\)"):
        keep.keep(results, kept)
    (kept / "notes.txt").unlink()
    (tmp_path / "reference").rmdir()
    assert sorted(tmp_path.rglob("*")) == before
    (kept / "provenance.jsonl").unlink()
    with pytest.raises(InputError, match="no kept experiment"):
        keep.keep(results, kept)


def test_scores_made_again_are_equal(kept, capsys):
    assert verify.verify(kept)
    stored = (kept / "scores.tsv").read_text().splitlines()
    said = capsys.readouterr().out
    assert f"{len(stored) - 1} of {len(stored) - 1} scores made again from 1 files" in said
    assert "all equal" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("das war", "das ist"), "hypotheses_sha256:"),
        (("das ist ein Haus", "das ist ein Hus"), "references_sha256:"),
        (('"source": "x"', '"source": "y"'), None),  # no score looks at it
    ],
)
def test_changed_predictions_are_found(kept, capsys, change, said):
    path = kept / f"predictions/{INSIDE}.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    assert change[0] in text
    path.write_bytes(gzip.compress(text.replace(*change).encode()))
    assert verify.verify(kept) == (said is None)
    if said:
        assert said in capsys.readouterr().out


@pytest.mark.parametrize("column", ["value", "low", "high", "n", "signature"])
def test_changed_scores_are_found(kept, column):
    path = kept / "scores.tsv"
    header, row, *rest = path.read_text().splitlines()
    cells = row.split("\t")
    at = header.split("\t").index(column)
    cells[at] = "other" if column == "signature" else str(float(cells[at]) + 1).removesuffix(".0")
    path.write_text("\n".join([header, "\t".join(cells), *rest]) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "warmup.verify", kept], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"{column}: " in done.stdout
    assert "1 DIFFERENCES" in done.stdout


def test_predictions_without_a_score_are_found(kept, capsys):
    (kept / "predictions/d").rename(kept / "predictions/other")
    assert not verify.verify(kept)
    assert "no stored score" in capsys.readouterr().out


def test_nothing_to_verify_is_an_error(kept):
    (kept / f"predictions/{INSIDE}.gz").unlink()
    with pytest.raises(InputError, match="no predictions to score again"):
        verify.verify(kept)
