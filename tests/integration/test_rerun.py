"""What is due again on a finished experiment after code was edited, added, or switched."""

import re
import shutil
import subprocess
from types import SimpleNamespace

import pytest
from pipeline import EXPERIMENT, ROOT, copy_of_the_project, planned, snakemake

from warmup.common import code_digest
from warmup.pipeline.plan import Plan

SHOWN = {"tables", "figure", "report"}
COMPARED = {"compare"} | SHOWN
SCORED = {"score", "collect", "analyse"} | COMPARED


@pytest.fixture
def checkout(tmp_path):
    """A copy of the project to edit; finished experiments do not know where it is."""
    return copy_of_the_project(tmp_path / "checkout")


def due(finished, checkout):
    """Return the number of jobs by rule that a finished experiment needs again."""
    status, output = snakemake(finished, EXPERIMENT, "--dry-run", root=checkout)
    assert status == 0, output
    jobs = planned(output)
    jobs.pop("all", None)
    assert bool(jobs) != ("Nothing to be done" in output), output
    return jobs


def module(checkout, name):
    """Return the file of that name in the package, wherever it is."""
    (found,) = (checkout / "src/warmup").rglob(name)
    return found


def edit(path):
    """Append a line that changes nothing for who reads the file, apart from its bytes."""
    ending = {".py": "\n_EDITED = 1\n", ".css": "\n/* edited */\n", ".csv": "\n", ".smk": "\n"}
    path.write_text(path.read_text() + ending[path.suffix])


def test_new_plugins_make_nothing_due(finished, checkout):
    for package in ("tasks", "sources", "generators"):
        (module(checkout, package) / "mine.py").write_text("")
    assert due(finished, checkout) == {}


def test_a_branch_with_one_more_task_and_back_makes_nothing_due(finished, checkout):
    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", checkout, *who, *arguments], check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "all")
    git("switch", "--create", "more")
    task = module(checkout, "translation.py")
    shutil.copy(task, task.with_name("paraphrase.py"))
    git("add", ".")
    git("commit", "--message", "one more task")
    assert due(finished, checkout) == {}
    git("switch", "main")
    assert not task.with_name("paraphrase.py").exists()
    assert due(finished, checkout) == {}


def test_code_makes_neither_data_nor_models_nor_outputs_due(finished, checkout):
    of_data = ("prepare.py", "leakage.py", "synthetic.py", "shell_game.py")
    for name in (*of_data, "train_tokenizer.py", "criterion.py", "train.py", "generate_run.py"):
        edit(module(checkout, name))
    for path in (checkout / "workflow/rules").glob("*.smk"):
        for name in ("prepare", "train-tokenizer", "train", "generate-run"):
            path.write_text(path.read_text().replace(f" {name} --", f" {name}  --"))
    assert due(finished, checkout) == {}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("accuracy.py", SCORED),
        ("multiple_choice.py", SCORED),
        ("intervals.py", SCORED),
        ("records.py", SCORED),
        ("hypothesis_tests.py", COMPARED),
        ("collect.py", {"collect"} | SHOWN),
        ("estimates.py", SHOWN),
        ("display_names.py", SHOWN),
        ("metric_properties.py", SCORED),
        ("reported.csv", SHOWN),
        ("lookahead.py", {"figure", "report"}),
        ("style.css", {"report"}),
    ],
)
def test_edited_code_makes_due_what_runs_it(finished, checkout, name, rules):
    edit(module(checkout, name))
    jobs = due(finished, checkout)
    assert jobs.keys() == rules
    if name in ("accuracy.py", "multiple_choice.py"):
        assert jobs["score"] == 6  # of 8: those of that task
    if name == "lookahead.py":
        assert jobs["figure"] == 1


def test_an_edited_command_makes_its_rule_due(finished, checkout):
    path = checkout / "workflow/rules/evaluate.smk"
    path.write_text(path.read_text().replace('{WARMUP} compare"', '{WARMUP} compare "'))
    assert due(finished, checkout).keys() == COMPARED


def test_the_hash_of_a_rule_covers_every_module_that_its_command_imports(copy, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # each log then names all modules
    table = "results/tiny/tables/gains.md"  # only made if asked for
    status, output = snakemake(copy, EXPERIMENT, "--forcerun", *sorted(SCORED), "--", "all", table)
    assert status == 0, output
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    hashed = dict(re.findall(r'code=code\(\s*"(\w+)",(.*?)\),?\n', text, re.DOTALL))
    assert hashed.keys() == SCORED | {"table"}
    plan = Plan(EXPERIMENT)
    of = SimpleNamespace(dataset="shell_game", figure="lookahead", table="gains")
    run = "shell_game/en/t5/warmup/seed1/test.greedy"
    logs = {"score": f"score/{run}", "figure": "figures/lookahead", "table": "tables/gains"}
    for rule, written in hashed.items():
        log = (copy / f"logs/tiny/{logs.get(rule, rule)}.log").read_text()
        imported = set(re.findall(r"\| +(warmup(?:\.\w+)*)\n", log))
        assert "warmup.common.files" in imported
        names = eval(f"[{written}]", {"PLAN": plan})
        flat = [one for name in names for one in (name(of) if callable(name) else [name])]
        covered = {_dotted(path) for path in code_digest.files(flat)}
        # a metric is looked for in all files of metrics; those of other tasks do not run
        missing = {
            name for name in imported - covered if not name.startswith("warmup.evaluation.metrics.")
        }
        missing -= {
            "warmup.common.encodings",  # what a terminal can show
            "warmup.evaluation.score_files",  # whose options choose `warmup.evaluation.score`
        }
        assert missing == set(), rule


def _dotted(path):
    parts = path.relative_to(code_digest.ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")
