"""What several integration tests share."""

import json
import shutil

import pytest
from filelock import FileLock
from pipeline import ROOT, environment, snakemake

from helpers import tiny, warm_python
from warmup.__main__ import main
from warmup.evaluation.result_tables import SCORES
from warmup.models.checkpoint_format import format_of, write_format

pytest.register_assert_rewrite("wrong_inputs")  # what its assertions compare is shown, too

RECORD = {"id": "1", "source": "start A swap AB", "choices": ["A", "B", "C"], "answer": 1}


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    """A folder with a `python` that starts jobs at once, for tests that are not about starts."""
    folder = tmp_path_factory.mktemp("warm") / "bin"
    with warm_python.started(folder, environment() | {"PYTHONPATH": str(ROOT / "src")}) as programs:
        yield programs


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id, warm):
    """The folder of a finished experiment; tests leave its results as they are.

    Several workers of pytest-xdist share it: the first one makes it, the others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / "finished_experiment"
    with FileLock(shared / "finished_experiment.lock"):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            status, output = snakemake(folder, programs=warm)
            assert status == 0, output
            (folder / "made").touch()
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished experiment to change things in."""
    shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """Files that are right, and some that are wrong; cases name them."""
    from warmup.models import loading

    folder = tmp_path_factory.mktemp("inputs")
    tiny.write_shell_game(folder / "train.jsonl", 60, 1)
    tiny.write_shell_game(folder / "valid.jsonl", 20, 2)
    tiny.tokenizer(folder / "tokenizer", "t5")
    loading.save(tiny.model("t5"), folder / "model")
    write_format(folder / "model", format_of(tiny.typed(tiny.resolved("warmup"))))
    (folder / "empty-folder").mkdir()
    (folder / "folder-without-form").mkdir()
    lines = {
        "empty.jsonl": "",
        "not-json.jsonl": '{"id": "1", "source": "x"}\n{"id": \n',
        "list.jsonl": "[1, 2]\n",
        "unknown-key.jsonl": json.dumps({**RECORD, "sauce": "x"}),
        "no-source.jsonl": json.dumps({"id": "1", "targets": ["x"]}),
        "wrong-type.jsonl": json.dumps({**RECORD, "source": 3}),
        "wrong-answer.jsonl": json.dumps({**RECORD, "answer": 7}),
        "twice.jsonl": f"{json.dumps(RECORD)}\n{json.dumps(RECORD)}\n",
        "translation.jsonl": json.dumps({"id": "1", "source": "x", "targets": ["y"]}),
        "no-choices.jsonl": json.dumps({"id": "1", "source": "x"}),
        "one.txt": "a\n",
        "two.txt": "a\nb\n",
        "predictions.jsonl": json.dumps({"id": "1"}),
        "broken.json": "{",
        "list.json": "[]",
        "scores.json": json.dumps({"run": {"seed": 1}, "scores": []}),
        "training.json": json.dumps({"config": {}, "updates": 3}),
        "columns.tsv": "task\tdataset\n",
        "header.tsv": "\t".join(SCORES.columns) + "\n",
        "curves.tsv": "task\tdataset\tpair\tmodel\tmethod\tseed\tupdate\tquantity\tvalue\n",
        "not-yaml.yaml": "a: [1\n",
    }
    for name, text in lines.items():
        (folder / name).write_text(text)
    (folder / "latin.jsonl").write_bytes(b'{"id": "1", "source": "caf\xe9"}\n')
    (folder / "broken.bin").write_bytes(b"\x94\xff\x00")
    (folder / "broken.gz").write_bytes(b"no gzip")
    return folder


@pytest.fixture
def call(inputs, capsys, monkeypatch):
    """Run a command as `warmup` does, in the folder of inputs."""
    monkeypatch.chdir(inputs)

    def run(command, arguments):
        try:
            main([*command.split(), *arguments])
            status = 0
        except SystemExit as stop:
            status = stop.code
        return status, capsys.readouterr().err

    return run
