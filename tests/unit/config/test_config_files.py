"""Configurations of one file or several: what is changed, what is replaced, in which order."""

import copy
from dataclasses import replace

import pytest
import yaml

from helpers import tiny
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config import experiment, files

HUB = {"hub": "google-t5/t5-base", "revision": "0" * 40}


@pytest.fixture
def written(tmp_path):
    """A function that writes configurations to files and returns their paths."""

    def write(*values):
        paths = [tmp_path / f"{number}.yaml" for number in range(len(values))]
        for path, value in zip(paths, values, strict=True):
            path.write_text(value if isinstance(value, str) else yaml.safe_dump(value))
        return paths

    return write


def test_each_file_changes_those_before_it_key_by_key(written):
    one = {"methods": {"warmup": {"sampling": {"samples": 8}}}, "experiment": "one"}
    two = {
        "methods": {"warmup": {"sampling": {"max_tokens": 2}}},
        "experiment": "two",
        "seeds": [7],
    }
    found = experiment.load(*written(tiny.experiment(seeds=[1, 2]), one, two))
    expected = copy.deepcopy(tiny.experiment())
    expected["methods"]["warmup"]["sampling"] |= {"samples": 8, "max_tokens": 2}
    assert found == experiment.check(expected | {"experiment": "two", "seeds": [7]})


def test_files_without_models_change_the_default_experiment(written):
    default = experiment.load(files.DEFAULT)
    assert experiment.load() == default
    changed = experiment.load(*written({"seeds": [3]}, {"experiment": "x"}))
    assert changed == replace(default, seeds=(3,), experiment="x")
    assert experiment.load(*written(tiny.experiment())) == experiment.check(tiny.experiment())


def test_entries_of_changes_come_behind_the_others(written):
    change = {"decodings": {"beam4": {"beams": 4}}}
    assert list(experiment.load(*written(change)).decodings) == ["greedy", "beam4"]
    base = tiny.experiment(decodings={"own": {}})
    assert list(experiment.load(*written(base, change)).decodings) == ["own", "beam4"]


@pytest.mark.parametrize(
    ("path", "change", "result"),
    [
        ("methods.sft_continued.budget", {"updates": 3}, {"updates": 3}),
        ("methods.sft.budget", {"same_updates_as": "x"}, {"same_updates_as": "x"}),
        ("models.hub", {"local": "x"}, {"architecture": "encoder_decoder", "local": "x"}),
        ("models.hub", {"revision": "1" * 40}, None),
        ("models.hub", {"pickled_sha256": "1" * 64}, None),
        ("models.hub", {"dtype": "bfloat16"}, None),
        (
            "models.hub",
            {"scratch": {"model_type": "t5"}},
            {"architecture": "encoder_decoder", "scratch": {"model_type": "t5"}},
        ),
        ("models.t5.scratch", {"model_type": "bart"}, {"model_type": "bart"}),
        ("models.t5.scratch", {"model_type": "t5", "d_ff": 4}, None),
        (
            "datasets.shell_game.splits.test",
            {"type": "local", "format": "tsv"},
            {"type": "local", "format": "tsv"},
        ),
        ("datasets.shell_game.splits.test", {"size": 4}, None),
        ("neural_metrics.comet", {"local": "x"}, {"tasks": ["translation"], "local": "x"}),
        ("runs", [{"datasets": ["x"]}], [{"datasets": ["x"]}]),
    ],
)
def test_what_a_change_excludes_is_replaced(path, change, result):
    base = tiny.experiment(
        neural_metrics={"comet": {"tasks": ["translation"], **HUB, "encoder_revision": "1" * 40}}
    )
    base["models"]["hub"] = {"architecture": "encoder_decoder", **HUB}
    changes, before = change, base
    for key in path.split("."):
        before = before[key]
    for key in reversed(path.split(".")):
        changes = {key: changes}
    found = files.overlay(base, changes)
    for key in path.split("."):
        found = found[key]
    assert found == (before | change if result is None else result)


def test_a_model_of_the_hub_takes_the_place_of_one_from_scratch(written):
    change = {"models": {"t5": HUB}, "methods": {"sft": {"start": "pretrained"}}}
    model = experiment.load(*written(tiny.experiment(), change)).models["t5"]
    assert (model.hub, model.scratch) == (HUB["hub"], None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected keys with values, not list"),
        ("", "expected keys with values, not NoneType"),
        ("a: [", "not YAML: "),
        ("methods: &a {b: *a}", "1: a value that contains itself by an alias"),
        ("seeds: [.nan]", "seeds.0: nan is not a finite number"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name(written, text, message):
    with pytest.raises(InputError, match=message) as error:
        experiment.load(*written(tiny.experiment(), text))
    assert "1.yaml:" in str(error.value)


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("seeds: [1]\nexperiment: a\nseeds: [2]\n", "seeds", (3, 1)),
        ("resources:\n  threads: 1\n  'threads': 2\n", "threads", (3, 2)),
        ("runs:\n- {seeds: [1], methods: [sft],\n   seeds: [1]}\n", "seeds", (3, 2)),
        ("experiment: a\n1: x\n1: x\n", "1", (3, 2)),
    ],
)
def test_a_key_that_is_there_twice_is_refused_with_both_lines(written, text, key, lines):
    with pytest.raises(InputError) as error:
        experiment.load(*written(tiny.experiment(), text))
    second, first = lines
    assert f"1.yaml:{second}: the key {key!r} is there twice, first in line {first};" in str(
        error.value
    )


def test_a_key_of_the_command_line_is_not_there_twice():
    with pytest.raises(InputError, match="--config: resources:1: the key 'threads' is there twice"):
        files.parse_assignments(["resources={threads: 1, threads: 2}"])


def test_what_a_mapping_takes_from_another_may_be_changed(written):
    text = "decodings:\n  a: &a {beams: 2, batch_size: 3}\n  b: {<<: *a, beams: 4}\n"
    found = experiment.load(*written(tiny.experiment(), text)).decodings
    assert (found["b"].beams, found["b"].batch_size) == (4, 3)


def test_aliases_of_aliases_are_refused_before_they_fill_the_memory(written):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 25):
        many = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{many}]")
    with pytest.raises(InputError, match=r"1.yaml:6: aliases make more than 200,000 values"):
        experiment.load(*written(tiny.experiment(), "\n".join(lines)))


@pytest.mark.parametrize("kind", ["methods", "models"])
def test_a_file_of_changes_alone_is_refused_with_a_hint(written, kind):
    value = tiny.experiment()
    name = {"methods": "sft", "models": "t5"}[kind]
    value[kind][name] = {}
    with pytest.raises(InputError, match=rf"{kind}\.{name}: .* is a required .*--configfile conf"):
        experiment.load(*written(value))


def test_the_command_takes_several_files(written, capsys):
    paths = written(tiny.experiment(), {"seeds": [4]})
    main(["config", "runs", "--configfile", *map(str, paths)])
    assert capsys.readouterr().out.splitlines() == [
        f"shell_game/en/t5/{method}/seed4" for method in tiny.METHODS
    ]
