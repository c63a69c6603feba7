"""Plug-ins of an experiment's own, in a folder of the user's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import tiny
from warmup.common import code_digest, plugins, provenance
from warmup.common.errors import InputError
from warmup.config import experiment
from warmup.data.records import Record
from warmup.evaluation import metrics
from warmup.evaluation.score import score

METRIC = '''"""Share of outputs that have as many words as a reference."""

from warmup.evaluation.metrics._counting import pairs

NAME = "as_long"
LABEL = "as long"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus):
    return pairs(corpus)


def aggregate(sums):
    return 100 * sums[..., 0] / sums[..., 1]


def signature(corpus):
    return "as_long|words:whitespace"
'''
HELPER = """import numpy as np


def pairs(corpus):
    found = zip(corpus.hypotheses, corpus.references)
    return np.array([(len(one.split()) == len(more[0].split()), 1) for one, more in found], float)
"""
TASK = '''"""Upper case."""

from warmup.data.tasks import Input, Rendered

METRICS = ("as_long", "exact_match")


def check(record):
    pass


def model_input(record):
    return Input("", record.source.upper())


def render(record):
    return Rendered(model_input(record), record.targets[0], record.targets)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Write a folder with a task and a metric, and use no own plug-ins after the test."""
    made = tmp_path / "mine"
    files = {
        "metrics/lengths.py": METRIC, "metrics/_counting.py": HELPER, "tasks/shout.py": TASK,
        "README.md": "mine\n",
    }  # fmt: skip
    for name, text in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    code_digest.digest.cache_clear()
    yield made
    plugins.use(None)
    code_digest.digest.cache_clear()


def configuration(folder: Path) -> dict:
    value = tiny.experiment(plugins=str(folder))
    value["datasets"]["shell_game"] |= {"task": "shout", "metrics": ["as_long", "cer"]}
    return value


def test_a_configuration_finds_its_own_tasks_and_metrics(folder: Path) -> None:
    config = experiment.check(configuration(folder))
    assert config.plugins == str(folder)
    assert "shout" in plugins.names("task")
    assert plugins.summary("task", "shout") == "Upper case."
    rendered = plugins.load("task", "shout").render(Record("1", "hello", ["x"]))
    assert str(rendered.input) == "HELLO"
    rows = score(metrics.Corpus(["a b", "c"], [["x y"], ["x y"]], "en"), ["as_long"])
    assert rows[0]["value"] == 50


def test_another_configuration_does_not_find_them(folder: Path) -> None:
    experiment.check(configuration(folder))
    plugins.load("task", "shout")
    experiment.check(tiny.experiment())
    assert "shout" not in plugins.names("task")
    with pytest.raises(InputError, match="unknown 'shout'; choose from: multiple_choice, "):
        experiment.check({k: v for k, v in configuration(folder).items() if k != "plugins"})


def test_a_changed_file_is_loaded_anew(folder: Path) -> None:
    experiment.check(configuration(folder))
    plugins.load("task", "shout")
    (folder / "tasks" / "shout.py").write_text(TASK.replace("upper()", "lower() + ' and so on'"))
    experiment.check(configuration(folder))
    rendered = plugins.load("task", "shout").render(Record("1", "Hello", ["x"]))
    assert str(rendered.input) == "hello and so on"


def test_their_code_is_part_of_the_hash_of_what_runs_it(folder: Path) -> None:
    plugins.use(str(folder))
    names = "warmup.evaluation.score", "warmup.evaluation.metrics.lengths"
    found = [path.name for path in code_digest.files(names) if path.is_relative_to(folder)]
    assert found == ["_counting.py", "lengths.py"]
    before, whole = code_digest.digest(*names), provenance.code_sha256()
    other = code_digest.digest("warmup.evaluation.score")
    helper = folder / "metrics" / "_counting.py"
    helper.write_text(HELPER + "\n# changed\n")
    code_digest.digest.cache_clear()
    assert code_digest.digest(*names) != before
    assert provenance.code_sha256() != whole
    assert code_digest.digest("warmup.evaluation.score") == other


def test_a_package_of_plugins_stands_for_own_ones_too(folder: Path) -> None:
    before = code_digest.digest("warmup.reporting.tables")
    (folder / "tables").mkdir()
    (folder / "tables" / "mine.py").write_text('"""Mine."""\n')
    plugins.use(str(folder))
    code_digest.digest.cache_clear()
    assert code_digest.digest("warmup.reporting.tables") != before


def test_the_hash_does_not_depend_on_where_the_folder_is(folder: Path, tmp_path: Path) -> None:
    plugins.use(str(folder))
    name = "warmup.evaluation.metrics.lengths"
    here = code_digest.digest(name), provenance.code_sha256()
    moved = folder.rename(tmp_path / "moved")
    plugins.use(str(moved))
    code_digest.digest.cache_clear()
    assert (code_digest.digest(name), provenance.code_sha256()) == here


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("metrics/bleu.py", r"bleu\.py: there is a metric 'bleu' already; rename it"),
        (
            "metric/own.py",
            "plugins: .*metric: plug-ins are in folders of their kind: architectures",
        ),
        ("own.py", r"plugins: .*own\.py: plug-ins are in folders of their kind"),
    ],
)
def test_a_file_in_the_wrong_place_is_refused(folder: Path, name: str, message: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("")
    with pytest.raises(InputError, match=message):
        experiment.check(configuration(folder))


def test_a_missing_folder_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"plugins: no such folder: .*nothing"):
        experiment.check(tiny.experiment(plugins=str(tmp_path / "nothing")))
