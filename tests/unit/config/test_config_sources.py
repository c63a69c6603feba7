"""What the check of a configuration finds in the sources of its data sets."""

import re
from pathlib import Path
from typing import Any

import pytest

from helpers import tiny
from warmup.common.errors import InputError
from warmup.common.files import write_text
from warmup.config import checks, experiment

LOCAL = {"type": "local", "format": "tsv", "file": "a.tsv", "fields": {"source": 0, "target": 1}}
URL = {**LOCAL, "type": "url", "file": {"url": "http://host/a.tsv", "sha256": "0" * 64}}
HUB = {
    "type": "hub", "id": "a/b", "revision": "0" * 40, "split": "train",
    "fields": {"source": "text", "target": "title"},
}  # fmt: skip
SYNTHETIC = {"type": "synthetic", "generator": "shell_game", "size": 9, "seed": 1}


def check(source: dict[str, Any], root: Path) -> None:
    """Check an experiment with a source for training."""
    write_text(root / "a.tsv", "a\tb\n")
    value = tiny.experiment(data_root=str(root))
    value["datasets"]["shell_game"]["splits"]["train"] = source
    checks.check_sources(experiment.check(value))


@pytest.mark.parametrize("source", [LOCAL, URL, HUB, SYNTHETIC])
def test_a_right_source_passes_without_network(source: dict[str, Any], tmp_path: Path) -> None:
    check(source, tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {**LOCAL, "feilds": {}},
            "(local): unknown key 'feilds'; valid keys: characters, fields, file, format, header",
        ),
        ({**LOCAL, "fields": {"sorce": 0}}, "(local): unknown field 'sorce'; valid fields: source"),
        ({**LOCAL, "file": "b.tsv"}, "(local): no such file: {root}/b.tsv (data root: {root})"),
        ({**LOCAL, "type": "packaged"}, "(local): no such file: "),
        ({**LOCAL, "sample": {"size": 3}}, "(local): sample: 'seed' is a required property"),
        ({**URL, "feilds": {}}, "(url): unknown key 'feilds'; valid keys: "),
        ({**URL, "file": {"url": "http://host/a"}}, "(url): http://host/a: needs sha256 or"),
        (
            {**URL, "file": {"url": "b.tsv", "sha256": "0" * 64}},
            "(url): {root}/b.tsv: no such file: {root}/b.tsv",
        ),
        ({**HUB, "feilds": {}}, "(hub): unknown key 'feilds'; valid keys: characters, data_files"),
        ({**HUB, "fields": {"source": "text"}}, "(hub): fields needs exactly one of 'target', "),
        ({**HUB, "revision": "main"}, "(hub): revision: 'main' does not match"),
        (
            {**SYNTHETIC, "generator": "shell"},
            "(synthetic): unknown generator 'shell'; choose from: agreement, shell_game, tally",
        ),
        ({**SYNTHETIC, "sede": 1}, "(synthetic): unknown key 'sede'; valid keys: generator, "),
        (
            {**SYNTHETIC, "settings": {"palces": 3}},
            "(synthetic): unknown setting 'palces'; choose from: places, swaps",
        ),
        (
            {**SYNTHETIC, "settings": {"swaps": [6, 1]}},
            "(synthetic): settings: swaps is [6, 1], but low must not exceed high",
        ),
        (
            {**SYNTHETIC, "generator": "agreement"},
            "(synthetic): generator agreement: ",  # has no language en
        ),
    ],
)
def test_a_wrong_source_is_named_with_what_it_may_be(
    source: dict[str, Any], message: str, tmp_path: Path
) -> None:
    wanted = f"config: datasets.shell_game: splits.train {message.format(root=tmp_path)}"
    with pytest.raises(InputError, match=f"^{re.escape(wanted)}"):
        check(source, tmp_path)


def test_only_what_runs_use_has_to_be_there(tmp_path: Path) -> None:
    value = tiny.experiment(data_root=str(tmp_path))
    other = value["datasets"]["shell_game"]
    splits = dict.fromkeys(other["splits"], LOCAL)
    value["datasets"]["later"] = {**other, "splits": splits}
    checks.check_sources(experiment.check(value))
    value["runs"][0]["datasets"] = ["later"]
    with pytest.raises(InputError, match=r"datasets\.later: splits\.train \(local\): no such file"):
        checks.check_sources(experiment.check(value))
