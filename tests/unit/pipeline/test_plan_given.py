"""Values given with `--config`."""

import pytest

from helpers import tiny
from warmup.common.errors import InputError
from warmup.config.files import parse_assignments
from warmup.config.settings import Budget, Resources
from warmup.pipeline.plan import Plan


def given(value, *entries):
    """Return the plan of a configuration with `--config` entries."""
    return Plan(value, parse_assignments(entries)).config


def test_a_budget_given_with_config_replaces_the_other_kind():
    found = given(tiny.experiment(), "methods={sft_continued: {budget: {updates: 3}}}")
    assert found.methods["sft_continued"].budget == Budget(updates=3)


def test_numbers_given_with_config_are_numbers_at_any_depth():
    found = given(
        tiny.experiment(),
        "seeds=[1, 12]",
        "resources={threads: 2}",
        "models={t5: {scratch: {d_model: 32, dropout_rate: 1e-1}}}",
        "methods={sft: {learning_rate: 2e-3, patience: null, budget: {updates: 3}}}",
        "decodings={beam4: {beams: 4}}",
    )
    assert found.seeds == (1, 12)
    assert found.resources == Resources(
        threads=2, nodes=1, gpus=0, sharded=False, mem_mb=None, runtime=None
    )
    scratch = found.models["t5"].scratch
    assert (scratch["d_model"], scratch["dropout_rate"], scratch["d_ff"]) == (32, 0.1, 32)
    sft = found.methods["sft"]
    assert (sft.learning_rate, sft.patience, sft.batch_size) == (0.002, None, 8)
    assert found.decodings["beam4"].beams == 4
    (entry,) = found.runs
    assert entry.methods["sft"].budget == Budget(updates=3)


def test_texts_given_with_config_stay_texts():
    value = tiny.experiment()
    value["datasets"]["shell_game"]["splits"]["train"] = {"type": "local", "format": "tsv"}
    found = given(
        value,
        "data_root=7b",
        "models={t5: {separator: 2020, tokenizer: {type: word}}}",
        "datasets={shell_game: {splits: {train: {file: a.tsv, fields: {source: 0}}}}}",
    )
    assert found.data_root == "7b"
    assert found.models["t5"].separator == "2020"  # the schema wants text there
    train = found.datasets["shell_game"].splits["train"]
    assert (train["file"], train["fields"]) == ("a.tsv", {"source": 0})


@pytest.mark.parametrize("text", ["2024", "2024_01", "1e3", "0x10", "007", "1.50", "true", "null"])
def test_what_looks_like_a_number_stays_as_it_was_written_where_text_is_wanted(text):
    for entry in (text, f"'{text}'", f'"{text}"'):
        found = given(tiny.experiment(), f"data_root={entry}", "seeds=[7]")
        assert (found.data_root, found.seeds) == (text, (7,))


def test_entries_of_the_same_key_are_merged():
    found = given(tiny.experiment(), "resources={threads: 2}", "resources={mem_mb: 300}")
    assert (found.resources.threads, found.resources.mem_mb) == (2, 300)


def test_a_value_that_is_not_yaml_is_text():
    assert given(tiny.experiment(), "data_root=[a").data_root == "[a"


def test_a_list_given_with_config_replaces_the_list():
    runs = "runs=[{datasets: [shell_game], models: [t5], methods: [sft], seeds: [3, 4]}]"
    assert [entry.seeds for entry in given(tiny.experiment(), runs).runs] == [(3, 4)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("resources={threads: two}", r"config: resources\.threads: 'two' is not of type 'integer'"),
        ("resources={threads: 0.5}", r"config: resources\.threads: 0\.5 is not of type 'integer'"),
        ("methods={sft: {batch_size: 0}}", r"config: methods\.sft\.batch_size: 0 is less than"),
    ],
)
def test_what_is_wrong_with_config_is_said_with_its_key(entry, message):
    with pytest.raises(InputError, match=message):
        given(tiny.experiment(), entry)


def test_texts_of_a_file_are_not_made_numbers():
    value = tiny.experiment()
    value["methods"]["sft"]["batch_size"] = "8"
    with pytest.raises(InputError, match="batch_size: '8' is not of type 'integer'"):
        given(value, "resources={threads: 2}")
