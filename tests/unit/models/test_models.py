"""Networks: made from a configuration, saved, loaded, and run by plain `transformers`."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from helpers import tiny
from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.files import write_json
from warmup.models import loading
from warmup.models.checkpoint_format import format_of, write_format

MODELS = ["t5", "mt5", "bart", "llama"]


@pytest.fixture
def folder(tmp_path):
    """Return a function that saves a tiny model and returns its folder."""

    def save(name):
        loading.save(tiny.model(name), tmp_path / name)
        return tmp_path / name

    return save


def test_architectures_are_found_by_name():
    assert plugins.names("architecture") == ["decoder_only", "encoder_decoder"]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_survives_saving_and_loading(folder, name):
    model = tiny.model(name)
    loaded = loading.load(folder(name), tiny.model_config(name))
    assert loaded.tokens == model.tokens
    assert loaded.tokenizer.get_vocab() == model.tokenizer.get_vocab()
    assert type(loaded) is type(model)
    assert loaded.network.config.model_type == name
    before, after = model.network.state_dict(), loaded.network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("name", MODELS)
def test_weights_are_safetensors_and_nothing_is_pickled(folder, name):
    names = {path.name for path in folder(name).iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl"))]


@pytest.mark.parametrize("name", MODELS)
def test_special_tokens_are_told_apart(name):
    tokens, vocabulary = tiny.model(name).tokens, tiny.model(name).tokenizer.get_vocab()
    assert tokens.separator == vocabulary["<extra_id_0>"]
    assert tokens.end == vocabulary["</s>"]
    assert tokens.pad == vocabulary["<pad>"]
    assert tokens.start == vocabulary["<extra_id_1>" if name == "llama" else "<pad>"]
    special = {vocabulary[t] for t in ("<pad>", "</s>", "<unk>", "<extra_id_1>")}
    assert set(tokens.excluded) == special
    assert tiny.model(name).network.config.vocab_size == len(vocabulary)


def test_rows_of_the_vocabulary_without_a_token_are_excluded(folder):
    path = folder("t5")
    network = AutoModelForSeq2SeqLM.from_pretrained(path)
    known = network.config.vocab_size
    network.resize_token_embeddings(known + 6)  # as T5 has 32,128 rows for 32,100 tokens
    network.save_pretrained(path)
    tokens = loading.load(path, tiny.model_config("t5")).tokens
    assert set(range(known, known + 6)) <= set(tokens.excluded)


def test_the_seed_decides_the_weights(tmp_path):
    tokenizer = tiny.tokenizer(tmp_path, "t5")
    one, other, third = (
        loading.create(tiny.model_config("t5"), tokenizer, seed).network.state_dict()
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert not torch.equal(one["shared.weight"], third["shared.weight"])


@pytest.mark.parametrize("name", MODELS)
def test_the_separator_begins_as_the_end_token(name, tmp_path):
    model = loading.create(tiny.model_config(name), tiny.tokenizer(tmp_path, name), seed=1)
    weight = model.network.get_output_embeddings().weight
    assert not torch.equal(weight[model.tokens.separator], weight[model.tokens.end])
    loading.init_separator_from_eos(model)
    assert torch.equal(weight[model.tokens.separator], weight[model.tokens.end])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scratch": {"model_type": "t6"}}, "scratch.model_type: transformers has no type 't6'"),
        (
            {"scratch": {"model_type": "t5", "d_modle": 8}},
            "scratch.d_modle: not a setting of t5; it has: .*d_model",
        ),
        ({"separator": "<sep>"}, "separator: '<sep>' is not in the vocabulary"),
        (
            {"architecture": "encoder"},
            "unknown architecture 'encoder'; choose from: decoder_only, enc",
        ),
        (
            {
                "architecture": "decoder_only",
                "scratch": tiny.spec("llama")["scratch"],
                "prompt_end": "<end>",
            },
            "prompt_end: '<end>' is not in the vocabulary",
        ),
        (
            {"scratch": {"model_type": "llama", "hidden_size": 16, "num_attention_heads": 2}},
            "scratch: no encoder_decoder network of type llama",
        ),
        (
            {"scratch": {"model_type": "t5", "d_model": "large"}},
            r"scratch\.d_model: 'large': no .* t5: ",
        ),
        (
            {"scratch": {**tiny.spec("bart")["scratch"], "d_model": 15}},
            "bart: embed_dim must be divisible by num_heads",
        ),
        (
            {"scratch": {**tiny.spec("t5")["scratch"], "num_decoder_layers": 3}},
            "scratch.num_decoder_layers: generate",
        ),
    ],
)
def test_a_model_that_cannot_be_made_is_explained(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        loading.create(tiny.model_config("t5", change), tiny.tokenizer(tmp_path, "t5"), seed=1)


def test_a_checkpoint_that_cannot_be_loaded_is_explained(folder, tmp_path):
    with pytest.raises(InputError, match=r"nowhere: not a checkpoint \(config.json is missing"):
        loading.load(tmp_path / "nowhere", tiny.model_config("t5"))
    path = folder("t5")
    with pytest.raises(InputError, match="separator: '<sep>' is not in the vocabulary"):
        loading.load(path, tiny.model_config("t5", {"separator": "<sep>"}))
    with pytest.raises(InputError, match="cannot load"):
        loading.load(path, tiny.model_config("llama"))  # a T5 is not a decoder-only network
    (path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match="cannot load"):
        loading.load(path, tiny.model_config("t5"))
    (path / "model.safetensors").unlink()
    with pytest.raises(InputError, match="cannot load"):
        loading.load(path, tiny.model_config("t5"))
    (path / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot load"):
        loading.load(path, tiny.model_config("t5"))


def test_a_checkpoint_that_lacks_weights_is_refused(folder):
    path = folder("t5")
    weights = load_file(path / "model.safetensors")
    name = "decoder.final_layer_norm.weight"
    kept = {each: value for each, value in weights.items() if each != name}
    save_file(kept, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"t5: lacks 1 weights, such as {name}$"):
        loading.load(path, tiny.model_config("t5"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_named(folder, value):
    path = folder("t5")
    weights = load_file(path / "model.safetensors")
    name = "decoder.final_layer_norm.weight"
    weights[name][3] = value
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"t5: the weight {name} has NaN or infinite values$"):
        loading.load(path, tiny.model_config("t5"))


def test_pickled_weights_are_refused(folder):
    path = folder("t5")
    torch.save(tiny.model("t5").network.state_dict(), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()
    with pytest.raises(InputError, match="cannot load"):
        loading.load(path, tiny.model_config("t5"))


def test_code_of_a_checkpoint_is_not_run(folder, tmp_path):
    path = folder("t5")
    (path / "evil.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    config = json.loads((path / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C"}}
    write_json(path / "config.json", config)
    with pytest.raises(InputError, match="cannot load"):
        loading.load(path, tiny.model_config("t5"))
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("name", ["bart", "llama"])  # T5: tests/system
def test_a_trained_checkpoint_runs_in_plain_transformers(run, tmp_path, name):
    # SFT until texts end; the separator begins as their end, and warmups have more room than that
    start, folder = tmp_path / "start", tmp_path / "model"
    pace = {"learning_rate": 0.01, "log_every": 50, "validate_every": 150}
    loading.save(run("sft", name, updates=300, **pace)[0], start)
    room = {"samples": 4, "max_tokens": 9}
    kl = {"weight": 1.0, "updates": 150}
    model, training = run(
        "warmup", name, start=start, updates=150, sampling=room, reference_kl=kl, **pace
    )
    assert training["history"][-1]["warmup_allowed_mass"] > 0.8
    loading.save(model, folder)
    write_format(folder, format_of(tiny.typed(training["config"])))
    assert {"model.safetensors", "config.json", "tokenizer.json", "warmup.json"} <= {
        path.name for path in folder.iterdir()
    }

    auto = AutoModelForCausalLM if name == "llama" else AutoModelForSeq2SeqLM
    network = auto.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    split = 0
    for swaps in ("AB BC", "AC", "BC AB", "AB"):
        prompt = f"answer: start A swap {swaps}" + " <extra_id_1>" * (name == "llama")
        inputs = tokenizer(prompt, return_tensors="pt")
        before = inputs["input_ids"].shape[1] if name == "llama" else 1
        text = tokenizer.decode(network.generate(**inputs, max_new_tokens=20)[0, before:])
        warmup, separator, output = text.partition("<extra_id_0>")
        split += bool(
            separator
            and set(warmup.split()) <= {"A", "B", "C"}
            and set(output.split()) <= {"A", "B", "C", "</s>"}
            and output.endswith("</s>")
        )
    assert split >= 3
