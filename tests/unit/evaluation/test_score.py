"""The scoring command: text files, predictions, subsets, and its one-line errors."""

import gzip
import io
import json
import sys

import pytest

from helpers.prediction_lines import prediction_line
from warmup.__main__ import main
from warmup.common.files import read_json, sha256
from warmup.evaluation import score
from warmup.evaluation.metrics import Corpus, load

RUN = {
    "experiment": "test", "task": "multiple_choice", "dataset": "shell_game", "pair": "en",
    "model": "t5_tiny", "method": "warmup", "seed": 1, "split": "test", "decoding": "greedy",
}  # fmt: skip


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; return exit status, output and error output."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, stdin=b""):
        of_text = "--hyp" in arguments or "--ref" in arguments
        command = "score-text" if of_text else "score"
        if of_text and "--format" not in arguments:
            arguments = (*arguments, "--format", "json")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = 0
        try:
            main([command, *map(str, arguments)])
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def texts(tmp_path):
    """Return a function that writes lines to a file of the folder and returns its name."""

    def write(name, lines):
        (tmp_path / name).write_bytes("".join(line + "\n" for line in lines).encode())
        return name

    return write


def prediction(output="A", answer="A", lookahead=None):
    meta = {} if lookahead is None else {"lookahead": lookahead}
    return prediction_line(references=[answer], output=output, meta=meta)


def test_text_files_are_scored_with_the_metrics_of_the_task(call, texts, tmp_path):
    hyp = texts("hyp.txt", ["Ein Hund rennt.", "Die Katze sitzt auf der Matte.", ""])
    ref = texts("ref.txt", ["Ein Hund rennt.", "Eine Katze sitzt auf der Matte.", "Ja."])
    status, out, err = call(
        "--task", "translation", "--hyp", hyp, "--ref", ref, "--target-lang", "de"
    )
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert out.count("\n") == 1
    assert result["task"] == "translation"
    assert {"bleu", "chrf", "chrf++"} == {row["metric"] for row in result["scores"]}
    row = result["scores"][0]
    assert list(row) == [
        "metric", "value", "low", "high", "n", "signature", "hypotheses_sha256",
        "references_sha256",
    ]  # fmt: skip
    assert row["low"] <= row["value"] <= row["high"]
    assert row["n"] == 3
    assert row["signature"].startswith("nrefs:1|")
    assert row["hypotheses_sha256"] == sha256(tmp_path / hyp)
    assert row["references_sha256"] == sha256(tmp_path / ref)


def test_metrics_can_be_chosen_and_keep_their_order(call, texts):
    same = texts("same.txt", ["eins zwei drei vier", "fünf"])
    arguments = ("--task", "translation", "--hyp", same, "--ref", same, "--target-lang", "de")
    _, out, _ = call(*arguments, "--metrics", "chrf++", "bleu", "chrf++")
    rows = json.loads(out)["scores"]
    assert [(row["metric"], row["value"]) for row in rows] == [
        ("chrf++", pytest.approx(100)),
        ("bleu", pytest.approx(100)),
    ]


def test_several_references_gzip_standard_input_and_sources(call, texts, tmp_path):
    with gzip.open(tmp_path / "one.gz", "wt", encoding="utf-8") as stream:
        stream.write("the red cat\nthe dog\n")
    two = texts("two.txt", ["", "a small dog"])
    src = texts("src.txt", ["die rote Katze", "ein kleiner Hund"])
    status, out, _ = call(
        *("--task", "summarization", "--hyp", "-", "--ref", "one.gz", "--ref", two, "--src", src),
        *("--target-lang", "en", "--metrics", "rouge1"),
        stdin=b"the red cat\r\na small dog\r\n",
    )
    assert status == 0
    row = json.loads(out)["scores"][0]
    assert row["value"] == 100
    assert "|nrefs:var|" in row["signature"]  # the empty line in two.txt is no reference


def test_one_item_has_no_interval(call, texts):
    one = texts("one.txt", ["B"])
    _, out, _ = call("--task", "multiple_choice", "--hyp", one, "--ref", one)
    assert [(row["low"], row["high"]) for row in json.loads(out)["scores"]] == [(None, None)] * 2


def test_predictions_are_scored_whole_and_by_look_ahead(call, tmp_path):
    rows = [
        prediction("A", "A", 10), prediction("B", "A", 2), prediction("", "B", 2),
        prediction("B because", "B", 10), prediction("C", "C"),
    ]  # fmt: skip
    path = tmp_path / "test.greedy.predictions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    status, out, err = call(
        *("--predictions", path, "--run", json.dumps(RUN | {"target_lang": "en"})),
        *("--output", "deep/scores.json"),
    )
    assert (status, out, err) == (0, "", "")
    result = read_json(tmp_path / "deep/scores.json")
    assert result["run"] == RUN
    found = {(row["metric"], row["subset"]): (row["value"], row["n"]) for row in result["scores"]}
    assert found == {
        ("accuracy", "all"): (pytest.approx(60), 5),
        ("accuracy", "lookahead=2"): (0, 2),
        ("accuracy", "lookahead=10"): (100, 2),
        ("macro_f1", "all"): (pytest.approx(100 * (1 / 2 + 2 / 4 + 1) / 3 + 100 / 18), 5),
        ("macro_f1", "lookahead=2"): (0, 2),
        ("macro_f1", "lookahead=10"): (100, 2),
    }
    subsets = [row["subset"] for row in result["scores"] if row["metric"] == "accuracy"]
    assert subsets == ["all", "lookahead=2", "lookahead=10"]
    assert len({row["hypotheses_sha256"] for row in result["scores"]}) == 3


def test_the_run_can_be_a_file(call, tmp_path):
    (tmp_path / "p.jsonl").write_text(json.dumps(prediction()) + "\n")
    (tmp_path / "run.json").write_text(json.dumps(RUN | {"target_lang": "en"}))
    assert call("--predictions", "p.jsonl", "--run", "run.json", "--output", "s.json")[0] == 0
    assert read_json(tmp_path / "s.json")["scores"][0]["low"] is None


def test_subset_scores_are_corpus_scores_of_their_items():
    hypotheses = ["a b c d e f", "a b x d e f g", "q r s t u", "q r s t v w"]
    references = [["a b c d e f"], ["a b c d e f g"], ["q r s t u v"], ["q r s t u"]]
    corpus = Corpus(hypotheses, references, "de")
    rows = score.score(corpus, ["bleu"], {"half": [1, 3]})
    alone = score.score(corpus.take([1, 3]), ["bleu"])[0]
    assert rows[1] == alone | {"subset": "half"}
    bleu = load("bleu")
    mean = bleu.aggregate(bleu.statistics(corpus))[[1, 3]].mean()
    assert rows[1]["value"] != pytest.approx(mean)


LINES = ("--hyp", "two.txt", "--ref", "two.txt", "--target-lang", "de")
PIPELINE = ("--run", json.dumps(RUN | {"target_lang": "en"}), "--output", "s.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--task", "translate", *LINES),
            "unknown task 'translate'; choose from: multiple_choice,",
        ),
        (("--task", "translation", *LINES, "--metrics", "blue"), "unknown metric 'blue'"),
        (
            ("--task", "translation", "--hyp", "two.txt", "--ref", "two.txt"),
            "target language is empty (--target-lang)",
        ),
        (("--task", "translation", "--hyp", "no.txt", *LINES[2:]), "no.txt: cannot read: No such"),
        (
            ("--task", "translation", *LINES, "--ref", "three.txt"),
            "three.txt has 3 lines, but two.txt has 2",
        ),
        (("--task", "translation", *LINES, "--src", "three.txt"), "three.txt has 3 lines"),
        (
            ("--task", "translation", "--hyp", "two.txt", "--ref", "gap.txt"),
            "gap.txt:2: the item has no reference",
        ),
        (("--task", "translation", "--hyp", "none.txt", *LINES[2:]), "none.txt: no lines to score"),
        (("--task", "translation", "--hyp", "latin1.txt", *LINES[2:]), "latin1.txt:2: not UTF-8"),
        (("--task", "translation", "--hyp", "bad.gz", *LINES[2:]), "bad.gz: broken gzip"),
        (
            ("--task", "translation", "--hyp", "-", "--ref", "-"),
            "standard input (-) can be read as",
        ),
        (("--task", "multiple_choice", *LINES), "reference of item 1 must begin with one label"),
        (("--predictions", "no.jsonl", *PIPELINE), "no.jsonl: cannot read"),
        (("--predictions", "none.txt", *PIPELINE), "none.txt: no predictions"),
        (("--predictions", "two.txt", *PIPELINE), "two.txt:1: not JSON"),
        (("--predictions", "keys.jsonl", *PIPELINE), "keys.jsonl:2: output must be str, not null"),
        (("--predictions", "refs.jsonl", *PIPELINE), "refs.jsonl:1: references must be non-empty"),
        (
            ("--predictions", "p.jsonl", "--run", json.dumps(RUN), "--output", "s.json"),
            "--run: missing key 'target_lang'",
        ),
        (
            ("--predictions", "p.jsonl", "--run", '{"target_lang": "en"}', "--output", "s"),
            "--run: missing key 'experiment'",
        ),
        (("--predictions", "p.jsonl", "--run", "{", "--output", "s.json"), "--run: not JSON"),
    ],
)
def test_wrong_input_is_answered_in_one_line(call, texts, tmp_path, arguments, message):
    texts("two.txt", ["eins", "zwei"])
    texts("three.txt", ["eins", "zwei", "drei"])
    texts("gap.txt", ["eins", " "])
    texts("none.txt", [])
    texts("p.jsonl", [json.dumps(prediction())])
    texts("keys.jsonl", [json.dumps(prediction()), json.dumps(prediction(output=None))])
    texts("refs.jsonl", [json.dumps(prediction(answer=""))])
    (tmp_path / "latin1.txt").write_bytes("eins\nfünf\n".encode("latin-1"))
    (tmp_path / "bad.gz").write_bytes(b"no gzip")
    status, out, err = call(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (LINES, "give --task, or --metrics"),
        (("--task", "translation", "--hyp", "two.txt"), "are required: --ref"),
        (("--task", "translation", "--ref", "two.txt"), "are required: --hyp"),
        (("--predictions", "p.jsonl"), "give files, or --predictions, --run and --output together"),
        (("p.jsonl", "--predictions", "p.jsonl", *PIPELINE), "give files, or --predictions, --run"),
        (("--predictions", "p.jsonl", *PIPELINE, "--task", "x"), "those of a run are in --run"),
    ],
)
def test_options_that_are_missing_or_of_the_other_command_are_named(call, arguments, message):
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert message in err.splitlines()[-1]


def test_an_unknown_key_of_the_run_is_named(call, texts):
    texts("p.jsonl", [json.dumps(prediction())])
    run = RUN | {"target_lang": "en", "zeal": 1}
    _, _, err = call("--predictions", "p.jsonl", "--run", json.dumps(run), "--output", "s.json")
    assert "--run: unknown key 'zeal'; valid keys: experiment, task," in err
