"""Settings that a network, a tokenizer or a checkpoint cannot have: one line that names them."""

import contextlib
from dataclasses import asdict, replace

import pytest

from helpers import tiny
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import read_json, write_json
from warmup.common.languages import Pair
from warmup.config import experiment
from warmup.data.records import read_records
from warmup.data.sources import Context, synthetic
from warmup.generation.prediction import predict
from warmup.models import lengths, loading
from warmup.models.checkpoint_format import FORMAT_FILE, read_format


def refused(action):
    """Return the one line with which an action ends."""
    with pytest.raises(InputError) as error:
        action()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("model_type", ["t5", "bart", "llama"])
@pytest.mark.parametrize(
    ("separator", "problem"),
    [
        ("</s>", "already ends a text"),
        ("<pad>", "already pads"),
        ("<unk>", "already stands for unknown text"),
        ("a", "is an ordinary token, which texts may contain"),
        ("<sep>", "is not in the vocabulary"),
    ],
)
def test_a_separator_is_a_token_that_nothing_else_is(tmp_path, model_type, separator, problem):
    folder = tiny.tokenizer(tmp_path, model_type)
    entry = tiny.model_config(model_type, {"separator": separator})
    said = refused(lambda: loading.create(entry, folder, seed=1))
    assert said == f"separator: {separator!r} {problem}; choose from: <extra_id_0>, <extra_id_1>"


@pytest.mark.parametrize("prompt_end", ["</s>", "<pad>", "<unk>", "a", "<end>"])
def test_the_end_of_a_prompt_is_such_a_token_too(tmp_path, prompt_end):
    folder = tiny.tokenizer(tmp_path, "llama")
    entry = tiny.model_config("llama", {"prompt_end": prompt_end})
    said = refused(lambda: loading.create(entry, folder, seed=1))
    assert said.startswith(f"prompt_end: {prompt_end!r} ")
    assert said.endswith("; choose from: <extra_id_0>, <extra_id_1>")


def test_a_token_that_begins_texts_is_no_separator(tmp_path):
    from transformers import AutoTokenizer

    folder = tiny.tokenizer(tmp_path / "before", "llama")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokenizer.save_pretrained(tmp_path)
    entry = tiny.model_config("llama", {"separator": "<s>"})
    assert "'<s>' already begins a text" in refused(lambda: loading.create(entry, tmp_path, seed=1))


@pytest.mark.parametrize("piece", ["▁<extra_id_0>", "[unused1]"])
def test_pieces_that_vocabularies_reserve_without_adding_them_are_accepted(tmp_path, piece):
    folder = tiny.tokenizer(tmp_path, "t5", [f"a b {piece}"])
    model = loading.create(tiny.model_config("t5", {"separator": piece}), folder, seed=1)
    assert model.tokenizer.convert_ids_to_tokens(model.tokens.separator) == piece


def test_separator_and_end_of_the_prompt_are_two_tokens(tmp_path):
    folder = tiny.tokenizer(tmp_path, "llama")
    entry = tiny.model_config("llama", {"prompt_end": "<extra_id_0>"})
    said = refused(lambda: loading.create(entry, folder, seed=1))
    assert said.startswith("separator: '<extra_id_0>' is also the token that begins")
    value = tiny.experiment()
    value["models"]["llama"]["prompt_end"] = "<extra_id_0>"
    said = refused(lambda: experiment.check(value))
    assert said.startswith("config: models.llama: separator and prompt_end are both '<extra_id_0>'")


IMPOSSIBLE = [
    ("t5", {"num_heads": 0}, "scratch.num_heads: 0: no "),
    ("t5", {"num_layers": -1}, "scratch.num_layers: -1: no "),
    ("t5", {"num_decoder_layers": 0}, "scratch.num_decoder_layers: 0: no "),
    ("t5", {"d_model": None}, "scratch.d_model: None: no "),
    ("t5", {"vocab_size": 7}, "scratch.vocab_size: cannot be set"),
    ("bart", {"encoder_attention_heads": -1}, "scratch.encoder_attention_heads: -1: no "),
    ("bart", {"encoder_ffn_dim": 0}, "scratch.encoder_ffn_dim: 0: no "),
    ("bart", {"dropout": -1.0}, "scratch.dropout: -1.0: no "),
    ("llama", {"num_attention_heads": 0}, "scratch.num_attention_heads: 0: no "),
    ("llama", {"num_hidden_layers": -1}, "scratch.num_hidden_layers: -1: no "),
    ("llama", {"intermediate_size": 0}, "scratch.intermediate_size: 0: no "),
    ("llama", {"hidden_size": []}, "scratch.hidden_size: []: no "),
]


@pytest.mark.parametrize(("model_type", "settings", "message"), IMPOSSIBLE)
def test_an_impossible_setting_of_a_network_is_named(tmp_path, model_type, settings, message):
    folder = tiny.tokenizer(tmp_path, model_type)
    entry = tiny.model_config(model_type, tiny.spec(model_type, **settings))
    assert refused(lambda: loading.create(entry, folder, seed=1)).startswith(message)


@pytest.mark.parametrize("model_type", ["t5", "bart", "llama"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "x", None, []])
def test_any_value_of_any_setting_makes_a_network_or_one_line(tmp_path, model_type, value):
    folder = tiny.tokenizer(tmp_path, model_type)
    for key in tiny.SCRATCH[model_type]:
        with contextlib.suppress(InputError):
            loading.create(
                tiny.model_config(model_type, tiny.spec(model_type, **{key: value})), folder, seed=1
            )


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30, True, 1.0, "1"])
def test_a_seed_has_32_bits(seed):
    said = refused(lambda: experiment.check(tiny.experiment(seeds=[seed])))
    assert said.startswith("config: ")
    assert "seeds" in said
    run = tiny.resolved("sft") | {"seed": seed}
    assert refused(lambda: experiment.read_run(run, "--config")).startswith("--config: seed: ")


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_of_data_has_32_bits(seed, tmp_path):
    spec = {"type": "synthetic", "generator": "shell_game", "size": 1, "seed": seed}
    said = refused(
        lambda: list(synthetic.read(spec, Pair("en", "en"), Context(tmp_path, tmp_path, "train")))
    )
    assert "(synthetic): seed: " in said
    assert "from 0 to 4294967295" in said


def test_the_largest_seed_trains(run):
    model_run = tiny.resolved("warmup") | {"seed": 2**32 - 1}
    assert run("warmup", config=model_run, updates=1)[1]["updates"] == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [("seed", 2**32), ("dataset.max_source_tokens", "x"), ("dataset.max_target_tokens", 10**9),
     ("method.sampling.max_tokens", 10**9), ("name", 7), ("run", [])],
)  # fmt: skip
def test_a_resolved_run_keeps_to_the_bounds_of_a_configuration(key, value):
    resolved = tiny.resolved("warmup")
    place = resolved
    *parents, last = key.split(".")
    for part in parents:
        place = place[part]
    place[last] = value
    said = refused(lambda: experiment.read_run(resolved, "--config"))
    assert said.startswith("--config: ")
    assert last in said


FORM = {
    "architecture": "encoder_decoder", "separator": "<extra_id_0>", "prompt_end": "<extra_id_1>",
    "dtype": "float32", "task": "multiple_choice", "max_warmup_tokens": 3, "warmup_samples": 3,
    "max_source_tokens": 12, "max_target_tokens": 6,
}  # fmt: skip


@pytest.mark.parametrize("value", [[], None, 7, "x", {}])
def test_a_form_that_is_none_is_refused(tmp_path, value):
    write_json(tmp_path / FORMAT_FILE, value)
    assert refused(lambda: read_format(tmp_path)).startswith(f"{tmp_path / FORMAT_FILE}: ")


@pytest.mark.parametrize("key", [key for key in FORM if key != "warmup_samples"])
@pytest.mark.parametrize("value", [None, [], {}, True, -1, 1.5, 10**9, "chat", "missing"])
def test_any_key_of_a_form_may_be_missing_or_wrong(tmp_path, key, value):
    form = FORM | {key: value}
    if value == "missing":
        del form[key]
    write_json(tmp_path / FORMAT_FILE, form)
    if (key, value) == ("max_warmup_tokens", None) or (
        key in {"separator", "prompt_end"} and value == "chat"
    ):
        assert asdict(read_format(tmp_path)) == form | {"prefix": None}
    else:
        said = refused(lambda: read_format(tmp_path))
        assert said.startswith(f"{tmp_path / FORMAT_FILE}: ")
        assert key in said


@pytest.mark.parametrize("number", [10**9, 10**30, -1])
def test_generation_does_not_begin_with_a_limit_that_it_never_reaches(checkpoints, number, data):
    path = checkpoints / "warmup" / FORMAT_FILE
    before = read_json(path)
    write_json(path, before | {"max_warmup_tokens": number})
    try:
        said = refused(
            lambda: list(
                predict(
                    checkpoints / "warmup",
                    read_records(data["valid"]),
                    task=None,
                    beams=1,
                    batch_size=4,
                )
            )
        )
        assert "max_warmup_tokens" in said
    finally:
        write_json(path, before)


def test_a_network_has_positions_for_all_that_it_is_fed(tmp_path):
    folder = tiny.tokenizer(tmp_path, "bart")
    model = loading.create(tiny.model_config("bart"), folder, seed=1)  # of 64 positions
    longest = {"max_source_tokens": 64, "max_warmup_tokens": 40, "max_target_tokens": 23}
    fits = tiny.checkpoint_format(**longest)
    lengths.check_lengths(model, fits)
    lengths.check_lengths(model, replace(fits, max_warmup_tokens=None, max_target_tokens=64))
    for key, most in longest.items():
        longer = replace(fits, **{key: most + 1})
        said = refused(lambda form=longer: lengths.check_lengths(model, form))
        assert said.endswith("of this bart (max_position_embeddings: 64)")
        assert f"{key} {most + 1}" in said
    lengths.check_lengths(
        loading.create(tiny.model_config("t5"), folder, seed=1), fits
    )  # has no such table


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_a_training_that_needs_more_positions_is_refused(run, method):
    resolved = tiny.resolved(method, "bart")
    resolved["dataset"]["max_source_tokens"] = 65
    said = refused(lambda: run(method, "bart", config=resolved))
    assert "max_source_tokens 65" in said


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_a_seed_on_the_command_line_has_32_bits(checkpoints, seed, capsys):
    command = ["generate", "--model", str(checkpoints / "sft"), "--input", "x", "--output", "y"]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--seed", seed])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("error: --seed: must be from 0 to 4294967295")
