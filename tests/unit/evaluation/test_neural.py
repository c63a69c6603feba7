"""Computing a neural metric, with a stand-in for its library: what is written, and when it cannot.

The libraries themselves: `tests/integration/test_neural_metrics.py`.
"""

import json
import subprocess
import sys

import pytest

from helpers.prediction_lines import prediction_line
from warmup.__main__ import main
from warmup.common import code_digest
from warmup.evaluation import neural_metrics

STAND_IN = """
import errno

ERRORS = {
    -1: KeyError("no\\nsuch weight"),
    -2: FileNotFoundError(errno.ENOENT, "No such file", "m/weights"),
    -3: MemoryError(),
    -4: OSError(errno.ENOSPC, "No space left on device"),
}
NEEDS, HUB_NEEDS, PACKAGES = "", "", ("numpy",)

def fetch(model, folder): ...
def check(folder): ...
def choices(entry): return f"layer:{entry.layer}"

def load(folder, entry):
    if entry.layer == 0:
        import nothing_that_exists
    if entry.layer < 0:
        raise ERRORS[entry.layer]
    print("a library that talks")
    return lambda corpus: [entry.layer * len(output) for output in corpus.hypotheses]
"""
MODEL = {"model": "a/b", "revision": "0123456789abcdef" * 2, "folder": "m", "sha256": "f" * 64}
ENTRY = {"tasks": ["translation"], "local": "m", "batch_size": 16}


@pytest.fixture
def compute(tmp_path, monkeypatch, capsys):
    """Run the command with the stand-in; return what is written, and what was said."""
    (tmp_path / "length.py").write_text(STAND_IN)
    monkeypatch.setattr(neural_metrics, "__path__", [*neural_metrics.__path__, str(tmp_path)])
    monkeypatch.setattr(code_digest, "of_neural_metric", lambda name: f"of {name}")
    monkeypatch.chdir(tmp_path)

    def run(layer, model=MODEL, name="length"):
        (tmp_path / "model.json").write_text(json.dumps(model))
        rows = [prediction_line(output=output) for output in ("abc", "", "猫")]
        (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        options = {
            "metric": name, "model": "model.json", "entry": json.dumps(ENTRY | {"layer": layer}),
            "predictions": "p.jsonl", "target-lang": "de", "output": "out.json",
        }  # fmt: skip
        arguments = [text for key, value in options.items() for text in (f"--{key}", value)]
        monkeypatch.delitem(sys.modules, "warmup.evaluation.neural_metrics.length", raising=False)
        main(["score-neural", *arguments])
        output = capsys.readouterr()
        assert output.out == ""
        return json.loads((tmp_path / "out.json").read_text()), output.err

    return run


def test_scores_come_with_all_that_made_them(compute):
    found, _ = compute(2)
    assert found["scores"] == [6, 0, 2]
    parts = found["signature"].split("|")
    assert parts[:5] == ["length", "model:a/b", "revision:0123456789ab", "sha256:ffffffffffff",
                         "layer:2"]  # fmt: skip
    assert parts[5] == "lang:de"
    assert parts[6].startswith("numpy:")
    provenance = found["provenance"]
    assert provenance["model"] == MODEL
    assert provenance["settings"] == ENTRY | {"layer": 2}
    assert provenance["code_sha256"] == "of length"
    assert {"numpy", "torch"} <= provenance["packages"].keys()


@pytest.mark.parametrize(
    ("layer", "model", "reason"),
    [
        (0, MODEL, "make it with `make metrics-env`"),
        (-1, MODEL, "m: KeyError: 'no\\nsuch weight'"),
        (-2, MODEL, "m: FileNotFoundError: [Errno 2] No such file: 'm/weights'"),
        (1, {"not_computed": "a/b: cannot reach the Hub"}, "a/b: cannot reach the Hub"),
    ],
)
def test_what_is_missing_is_written_and_said(compute, layer, model, reason):
    found, said = compute(layer, model)
    assert found.keys() == {"metric", "not_computed"}
    assert reason in found["not_computed"]
    assert f"length not computed: {found['not_computed']}" in said


@pytest.mark.parametrize(("layer", "said"), [(-3, "not enough memory"), (-4, "the disk is full")])
def test_what_another_start_may_have_is_an_error(compute, capsys, tmp_path, layer, said):
    with pytest.raises(SystemExit):
        compute(layer)
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("model", "name", "message"),
    [
        ({}, "length", "model.json: not in the form that `warmup fetch metric` writes"),
        (MODEL, "size", "unknown neural metric 'size'; choose from: bertscore, comet, length"),
    ],
)
def test_what_is_wrong_is_an_error(compute, capsys, model, name, message):
    with pytest.raises(SystemExit):
        compute(1, model, name)
    assert message in capsys.readouterr().err


def test_planning_imports_neither_library_nor_torch():
    code = (
        "import sys; from warmup.evaluation import neural_metrics as neural\n"
        "for name in neural.names(): neural.load(name)\n"
        "names = ('torch', 'transformers', 'comet', 'bert_score', 'huggingface_hub', 'yaml')\n"
        "print([m for m in names if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
