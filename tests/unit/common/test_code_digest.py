"""The hash of the code that a command runs."""

from pathlib import Path

import pytest

from warmup.common.code_digest import digest, files

PACKAGE = {
    "__init__.py": "",
    "score.py": "from warmup import intervals\nfrom warmup.metrics import mean\nimport numpy\n",
    "intervals.py": "def f():\n    from .deep import inner\n",
    "deep/__init__.py": "LISTS = 'word_lists'\n",
    "deep/inner.py": "from .. import reader\nfrom . import sibling\n",
    "deep/sibling.py": "",
    "deep/unused.py": "",
    "reader.py": "NAME = 'data/table.csv'\nfrom warmup.constants import LEVEL\n",
    "constants.py": "LEVEL = 1\nimport warmup.reader\n",
    "metrics/__init__.py": "def mean(): ...\n",
    "metrics/bleu.py": "from warmup.metrics import _words\n",
    "metrics/_words.py": "",
    "metrics/chrf.py": "",
    "data/table.csv": "1\n",
    "data/other.csv": "2\n",
    "deep/word_lists/en.txt": "the\n",
    "prepare.py": "",
}
SCORE = {
    *("__init__.py", "score.py", "intervals.py", "deep/__init__.py", "deep/inner.py"),
    *("deep/sibling.py", "reader.py", "constants.py", "metrics/__init__.py"),
    *("data/table.csv", "deep/word_lists/en.txt"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write a package and return its folder."""
    for name, text in PACKAGE.items():
        path = tmp_path / "warmup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "warmup"


def names(root: Path, *modules: str) -> set[str]:
    return {path.relative_to(root).as_posix() for path in files(modules, root)}


def test_imports_are_followed_wherever_they_stand_and_data_that_are_named(root: Path) -> None:
    assert names(root, "warmup.score") == SCORE


def test_a_package_that_is_named_stands_for_all_in_it(root: Path) -> None:
    more = {"metrics/bleu.py", "metrics/_words.py", "metrics/chrf.py"}
    assert names(root, "warmup.score", "warmup.metrics") == SCORE | more


def test_a_plugin_that_is_named_is_followed_too(root: Path) -> None:
    found = names(root, "warmup.score", "warmup.metrics.bleu")
    assert found == SCORE | {"metrics/bleu.py", "metrics/_words.py"}


@pytest.mark.parametrize("name", sorted(PACKAGE))
def test_the_hash_changes_exactly_with_what_runs(root: Path, name: str) -> None:
    before = digest("warmup.score", root=root)
    (root / name).write_text(PACKAGE[name] + "\n")
    digest.cache_clear()
    assert (digest("warmup.score", root=root) != before) == (name in SCORE)


def test_new_and_touched_files_change_nothing(root: Path) -> None:
    before = digest("warmup.score", root=root)
    (root / "metrics/mine.py").write_text("")
    (root / "score.py").touch()
    digest.cache_clear()
    assert digest("warmup.score", root=root) == before


def test_a_module_that_is_not_there_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match=r"no module warmup\.scoring"):
        digest("warmup.scoring", root=root)
