"""Publishing the results of an experiment, and checking them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import experiment_files
from helpers.prediction_lines import prediction_line
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.evaluation.collect import score_rows
from warmup.evaluation.result_tables import SCORES
from warmup.pipeline import snapshot, verify

RUN = {
    "experiment": "e", "task": "translation", "dataset": "d", "pair": "en-de", "model": "m",
    "method": "sft", "seed": 1, "split": "test", "decoding": "greedy",
}  # fmt: skip
INSIDE = "d/en-de/m/sft/seed1/test.greedy.predictions.jsonl"


def write_experiment(results, run):
    """Write the experiment.json of one run."""
    name = "/".join(run[key] for key in ("dataset", "pair", "model", "method"))
    experiment_files.write(
        results / "experiment.json",
        Methods((run["method"],)),
        Decodings((run["decoding"],)),
        {run["dataset"]: run["task"]},
        {f"{name}/seed{run['seed']}": [f"{run['split']}.{run['decoding']}"]},
    )


@pytest.fixture
def results(tmp_path):
    """A small experiment, as it lies when it is complete."""
    results = tmp_path / "results" / "e"
    path = results / "runs" / INSIDE
    path.parent.mkdir(parents=True)
    rows = [
        prediction_line(references=["das ist ein Haus"], output=output)
        for output in ("das ist ein Haus", "das war ein Hund", "")
    ]
    tokens = {"output_by_token": [["x", -1.0]], "warmup_by_token": None}
    path.write_text("".join(json.dumps(row | tokens) + "\n" for row in rows))
    (path.parent / "provenance.json").write_text('{"device": "ü"}')
    scores = tmp_path / "scores.json"
    subprocess.run(
        [sys.executable, "-m", "warmup", "score", "--predictions", path, "--output", scores,
         "--run", json.dumps(RUN | {"target_lang": "de"})],
        check=True,
    )  # fmt: skip
    for name in ("curves.tsv", "comparisons.tsv", "warmups.tsv"):
        (results / name).write_text(name)
    for path in ("tables/translation.md", "tables/summarization.md", "figures/one.svg"):
        (results / path).parent.mkdir(exist_ok=True)
        (results / path).write_text(path)
    write_experiment(results, RUN)
    table = SCORES.to_text(score_rows(scores))
    (results / "scores.tsv").write_text(table)
    return results


@pytest.fixture
def kept(results, tmp_path):
    snapshot.keep(results, tmp_path / "kept")
    return tmp_path / "kept"


def unpacked(kept):
    """Return the files of the archive by their paths."""
    folder = kept.parent / "unpacked"
    snapshot.unpack(kept / "predictions.tar.xz", folder)
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def pack(kept, path, text):
    """Let the archive have this one file."""
    folder = kept.parent / "packed"
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_text(text)
    snapshot.pack(kept / "predictions.tar.xz", folder, [Path(path)])


def test_what_is_kept(results, kept):
    # and no table of summarization, which an earlier configuration of the same name has left
    found = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    assert found == {
        "scores.tsv", "curves.tsv", "comparisons.tsv", "warmups.tsv", "provenance.jsonl",
        "experiment.json", "tables/translation.md", "figures/one.svg", "predictions.tar.xz",
    }  # fmt: skip
    stored, made = unpacked(kept), (results / "runs" / INSIDE).read_text().splitlines()
    assert list(stored) == [INSIDE]
    for line, other in zip(stored[INSIDE].splitlines(), made, strict=True):
        tokens = {"output_by_token": [["x", -1.0]], "warmup_by_token": None}
        assert json.loads(line) | tokens == json.loads(other)
        assert "by_token" not in line
    run = INSIDE.rpartition("/")[0]
    assert (kept / "provenance.jsonl").read_text() == f'{{"run": "{run}", "device": "ü"}}\n'


def test_keeping_again_gives_the_same_bytes_and_nothing_old_remains(results, kept):
    before = (kept / "predictions.tar.xz").read_bytes()
    (results / "runs" / INSIDE).touch()
    (kept / "tables/old.md").write_text("old")
    assert snapshot.keep(results, kept) == 1
    assert (kept / "predictions.tar.xz").read_bytes() == before
    assert not (kept / "tables/old.md").exists()


def test_runs_without_a_score_are_not_kept(results, kept):
    other = results / "runs" / INSIDE.replace("sft", "other")
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    assert snapshot.keep(results, kept) == 1
    assert list(unpacked(kept)) == [INSIDE]


@pytest.mark.parametrize("change", [{"method": "warmup"}, {"decoding": "beam4"}])
def test_scores_of_another_configuration_are_refused(results, tmp_path, change):
    write_experiment(results, RUN | change)
    with pytest.raises(InputError, match=r"scores\.tsv are not those of experiment\.json"):
        snapshot.keep(results, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_the_command_says_what_it_has_copied(results, tmp_path, capsys):
    main(["snapshot", str(results), str(tmp_path / "kept")])
    assert "1 files of predictions" in capsys.readouterr().out
    copied = (tmp_path / "kept" / "experiment.json").read_bytes()
    assert copied == (results / "experiment.json").read_bytes()


def test_an_incomplete_experiment_is_not_kept(results, tmp_path):
    (results / "warmups.tsv").unlink()
    with pytest.raises(InputError, match=r"warmups\.tsv is missing: run the experiment to its end"):
        snapshot.keep(results, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_results_are_not_replaced_by_their_copy(results):
    with pytest.raises(InputError, match="lies within"):
        snapshot.keep(results, results)
    assert (results / "scores.tsv").exists()


def test_only_a_kept_experiment_is_replaced(results, kept, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"e lies within .*results: choose another"):
        snapshot.keep(results, results.parent)  # with the experiment itself
    (tmp_path / "reference").mkdir()
    kept.rename(tmp_path / "reference" / "other")
    with pytest.raises(InputError, match=r"reference is not a snapshot \(it holds other\)"):
        snapshot.keep(results, tmp_path / "reference")  # the last part was forgotten
    (tmp_path / "reference" / "other").rename(kept)
    (kept / "notes.txt").write_text("dear")
    with pytest.raises(InputError, match=r"is not a snapshot \(it holds notes\.txt\)"):
        snapshot.keep(results, kept)
    (kept / "notes.txt").unlink()
    (tmp_path / "reference").rmdir()
    assert sorted(tmp_path.rglob("*")) == before
    (kept / "provenance.jsonl").unlink()
    with pytest.raises(InputError, match="is not a snapshot"):
        snapshot.keep(results, kept)


def test_scores_made_again_are_equal(kept, capsys):
    assert verify.verify_scores(kept)
    stored = (kept / "scores.tsv").read_text().splitlines()
    said = capsys.readouterr().out
    assert f"{len(stored) - 1} of {len(stored) - 1} scores made again from 1 files" in said
    assert "all equal" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("das war", "das ist"), "hypotheses_sha256:"),
        (("das ist ein Haus", "das ist ein Hus"), "references_sha256:"),
        (('"source": "s"', '"source": "y"'), None),  # no score looks at it
    ],
)
def test_changed_predictions_are_found(kept, capsys, change, said):
    text = unpacked(kept)[INSIDE]
    assert change[0] in text
    pack(kept, INSIDE, text.replace(*change))
    assert verify.verify_scores(kept) == (said is None)
    if said:
        assert said in capsys.readouterr().out


@pytest.mark.parametrize("column", ["value", "low", "high", "n", "signature"])
def test_changed_scores_are_found(kept, capsys, column):
    path = kept / "scores.tsv"
    header, row, *rest = path.read_text().splitlines()
    cells = row.split("\t")
    at = header.split("\t").index(column)
    cells[at] = "other" if column == "signature" else str(float(cells[at]) + 1).removesuffix(".0")
    path.write_text("\n".join([header, "\t".join(cells), *rest]) + "\n")
    assert not verify.verify_scores(kept)
    said = capsys.readouterr().out
    assert f"{column}: " in said
    assert "1 DIFFERENCES" in said


def test_predictions_without_a_score_are_found(kept, capsys):
    pack(kept, "other" + INSIDE, unpacked(kept)[INSIDE])
    assert not verify.verify_scores(kept)
    assert "no stored score" in capsys.readouterr().out


def test_scores_that_cannot_be_made_again_are_left_out_and_counted(kept, capsys):
    path = kept / "scores.tsv"
    header, *rows = path.read_text().splitlines()
    names = header.split("\t")
    one = dict(zip(names, rows[0].split("\t"), strict=True))
    computed = one | {"metric": "comet", "value": "0.8", "signature": "comet|…"}
    missing = one | {"metric": "bertscore", "value": "", "signature": "not computed: no model"}
    rows += ["\t".join(row[name] for name in names) for row in (computed, missing)]
    path.write_text("\n".join([header, *rows]) + "\n")
    assert verify.verify_scores(kept)
    said = capsys.readouterr().out
    assert f"{len(rows) - 2} of {len(rows)} scores made again from 1 files: all equal" in said
    assert "2 scores of neural metrics cannot be made again here" in said


def test_an_archive_that_is_broken_or_empty_is_an_error(kept):
    path = kept / "predictions.tar.xz"
    content = path.read_bytes()
    for broken in (b"", b"x", content[: len(content) // 2]):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=r"predictions\.tar\.xz: broken archive"):
            verify.verify_scores(kept)
    snapshot.pack(path, kept, [])
    with pytest.raises(InputError, match="no predictions to score again"):
        verify.verify_scores(kept)


def test_outputs_of_others_are_kept_without_a_training(results, tmp_path):
    (results / "runs" / INSIDE).with_name("provenance.json").unlink()
    path = results / "experiment.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"outputs": ["sft"]}))
    assert snapshot.keep(results, tmp_path / "kept") == 1
    assert (tmp_path / "kept" / "provenance.jsonl").read_text() == ""
