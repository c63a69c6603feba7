"""Bad and hostile input: an `InputError`, whatever is wrong, and never another exception."""

import copy
import datetime
import json
import math
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers import tiny
from helpers.prediction_lines import prediction_line
from warmup.__main__ import main
from warmup.common import errors
from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.config import experiment
from warmup.config.conversion import to_json
from warmup.config.files import DEFAULT
from warmup.data import predictions
from warmup.data.sources import Context, url
from warmup.evaluation.result_tables import EVALUATION_COLUMNS
from warmup.pipeline.plan import Plan

BASE = tiny.experiment(decodings={"greedy": {"beams": 1}}, resources={"threads": 1}, seeds=[1])
BASE |= {"on_mismatch": "refuse", "on_nan": "stop"}
BASE["runs"][0] |= {"pairs": ["en"], "seeds": [1], "override": {"sft": {"batch_size": 3}}}
BASE["methods"]["warmup"]["objective_settings"] = {"tau": 2.0, "control_variate": True}
BASE["models"]["hub"] = {"architecture": "encoder_decoder", "hub": "a/b", "revision": "0" * 40}
VALUES = [
    None, True, -1, 0, 10**400, 1.5, math.nan, math.inf, "", "../x", "/x", "\0", "x" * 5000,
    "train", [], [1], ["sft"], [[]], {}, {"a": 1}, {1: 2}, {None: 1, "a": 2},
    datetime.date(2020, 1, 1), b"x",
]  # fmt: skip


def places(value, path=()):
    """Yield the path of every key and item in a nested value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def parent(value, path):
    for key in path[:-1]:
        value = value[key]
    return value


def place(address, context):
    """Return where a download is put."""
    return url._address("splits.test (url)", {"url": address, "sha256": "0" * 64}, context).path


def accepted_or_refused(value):
    """Use a configuration for all that it is used for, or see it refused with a short message."""
    try:
        checked = experiment.check(value)
        for name in experiment.run_names(checked):
            json.dumps(to_json(experiment.resolve(checked, name)), allow_nan=False)
        Plan(value)
    except InputError as error:
        assert str(error).startswith("config: ")
        assert "\0" not in str(error)
        return str(error)
    return None


@settings(max_examples=150)
@given(path=st.sampled_from(list(places(BASE))), value=st.sampled_from(VALUES))
def test_any_value_of_any_key_is_accepted_or_refused(path, value):
    changed = copy.deepcopy(BASE)
    parent(changed, path)[path[-1]] = value
    accepted_or_refused(changed)


@settings(max_examples=60)
@given(path=st.sampled_from(list(places(BASE))), name=st.sampled_from([None, 7, "misspelt"]))
def test_any_key_may_be_missing_or_misspelt(path, name):
    changed = copy.deepcopy(BASE)
    place = parent(changed, path)
    value = place.pop(path[-1])
    if name is not None and isinstance(place, dict):
        place[name] = value
    accepted_or_refused(changed)


@settings(max_examples=60)
@given(st.binary(max_size=40) | st.text("&*[]{}:- \n!?'\"#|>%@`a1\t", max_size=30).map(str.encode))
@example(b"{}")
def test_any_file_without_a_key_of_the_schema_is_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_bytes(content)
    try:
        loaded = experiment.load(path)
    except InputError:
        return
    # an empty mapping changes nothing of the default experiment
    assert yaml.safe_load(content) == {}
    assert loaded == experiment.load(DEFAULT)


@pytest.mark.parametrize(
    "text",
    [
        "models: &a [*a]",
        "a: &a {b: *a}",
        "experiment: 2024-13-01",
        "[" * 3000,
        "no: 1",
        "experiment: .nan",
        "? [1]\n: 2",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_what_only_yaml_can_say_is_refused(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(InputError):
        experiment.load(path)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_setting_must_be_a_finite_number(number):
    changed = copy.deepcopy(BASE)
    changed["methods"]["sft"]["learning_rate"] = number
    message = r"config: methods\.sft\.learning_rate: .* is not a finite number"
    with pytest.raises(InputError, match=message):
        experiment.check(changed)


@pytest.mark.parametrize("name", ["a" * 101, "a\0b", "..", "/a"])
@pytest.mark.parametrize("kind", ["models", "datasets", "methods"])
def test_names_that_are_no_part_of_a_path_are_refused(kind, name):
    changed = copy.deepcopy(BASE)
    changed[kind][name] = next(iter(changed[kind].values()))
    with pytest.raises(InputError, match=f"config: {kind}"):
        experiment.check(changed)


def test_a_message_is_one_line_of_bearable_length(capsys):
    def fail():
        raise InputError("x\n" * 10_000)

    with pytest.raises(SystemExit):
        errors.run(fail)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert len(said) < 2100


@pytest.mark.parametrize(
    "name", ["/..", "/%2e%2e", "/a%00b", "/%2F..%2F..%2Fetc%2F..", "/" + "x" * 300, "/", "/a/.."]
)
def test_the_name_of_a_download_stays_in_its_folder(tmp_path, name):
    context = Context("test", "", tmp_path)
    path = place(f"https://data.example{name}", context)
    folder = path.parent
    assert folder.parent == tmp_path
    assert path.resolve().parent == folder
    folder.mkdir()
    path.touch()


@pytest.mark.parametrize(
    "value", ["{" * 5000, '{"a": ' * 3000, '{"a": ' + "1" * 5000 + "}", "{\0}"]
)
def test_json_on_the_command_line(value):
    with pytest.raises(InputError, match="--run: not JSON"):
        read_object(value, "--run")


def test_a_file_name_that_is_too_long_is_no_file():
    with pytest.raises(InputError, match="cannot read"):
        read_object("x" * 5000, "--run")


RUN = dict.fromkeys(EVALUATION_COLUMNS, "x") | {
    "task": "summarization", "seed": 1, "target_lang": "en"
}  # fmt: skip
PREDICTION = prediction_line(references=["a b"], output="a", meta={"lookahead": 2})
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
anything = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text("a"), scalars)


def scores(folder, run, content):
    (folder / "predictions.jsonl").write_bytes(content)
    arguments = {"predictions": folder / "predictions.jsonl", "output": folder / "scores.json"}
    flags = [part for name, path in arguments.items() for part in (f"--{name}", str(path))]
    try:
        main(["score", *flags, "--run", json.dumps(run)])
    except SystemExit as stop:
        assert stop.code == 2  # an error in one line
        return
    for row in json.loads((folder / "scores.json").read_text())["scores"]:
        assert row["n"] > 0
        assert math.isfinite(row["value"])


@settings(max_examples=40)
@given(key=st.sampled_from(sorted(PREDICTION)), value=anything)
def test_predictions_with_any_value(tmp_path_factory, key, value):
    rows = [PREDICTION, {**PREDICTION, key: value}]
    content = "\n".join(map(json.dumps, rows)).encode()
    scores(tmp_path_factory.mktemp("any"), RUN, content)


@settings(max_examples=20)
@given(content=st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode()))
def test_predictions_of_any_content(tmp_path_factory, content):
    scores(tmp_path_factory.mktemp("any"), RUN, content)


@settings(max_examples=30)
@given(key=st.sampled_from(sorted(RUN)), value=anything)
def test_a_run_with_any_value(tmp_path_factory, key, value):
    content = json.dumps(PREDICTION).encode()
    scores(tmp_path_factory.mktemp("any"), {**RUN, key: value}, content)


@pytest.mark.parametrize("value", [True, "2", None, [2]])
def test_a_look_ahead_that_is_no_number_makes_no_subset(tmp_path, value):
    path = Path(tmp_path / "predictions.jsonl")
    path.write_text(json.dumps({**PREDICTION, "meta": {"lookahead": value}}))
    assert predictions.subsets_of(predictions.read(path)) == {}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\u202e\u2028\0", "a" * 100_000])
def test_any_text_is_scored(tmp_path, text):
    row = {**PREDICTION, "output": text, "references": [f"{text} b"]}
    scores(tmp_path, RUN, json.dumps(row).encode())
    assert (tmp_path / "scores.json").exists()


def test_an_address_with_a_name_that_needs_quoting(tmp_path):
    path = place(f"https://data.example/{quote('a b.tsv.gz')}", Context("test", "", tmp_path))
    assert path.name == "a b.tsv.gz"
