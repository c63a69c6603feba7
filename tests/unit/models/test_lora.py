"""Adapters: what they compute, what is trained, how they are saved, merged and switched off."""

import copy
import importlib.metadata
import json

import pytest
import torch
from safetensors.torch import load_file

from helpers import tiny
from warmup.common.errors import InputError
from warmup.config.settings import LoraConfig
from warmup.method import self_check
from warmup.models import loading, lora, marker_rows

pytest.importorskip("peft")

MODELS = ["t5", "mt5", "bart", "llama", "untied mt5"]
FORM = tiny.checkpoint_format()
SETTINGS = LoraConfig(rank=2, alpha=4.0, dropout=0.0, targets=None)


def plain_model(name, data):
    model = tiny.untied_mt5(data["t5"]) if name == "untied mt5" else copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network).eval()
    return model


def spec(name):
    return tiny.model_config(name.removeprefix("untied "))


def adapted(name, data, trained=True):
    """Return a model and the same with an adapter, as if that had been trained."""
    plain = plain_model(name, data)
    model = copy.copy(plain)
    model.network = copy.deepcopy(plain.network)
    lora.adapt(model, SETTINGS, seed=1)
    generator = torch.Generator().manual_seed(0)
    for weight in lora.trained_weights(model.network).values() if trained else ():
        weight.add_(torch.randn(weight.shape, generator=generator) * 0.3)
    return plain, model


def logits(model):
    """Return the logits after a warmup and a target, the markers among what is read."""
    tokens = model.tokens
    x = [4, 5, 6] if model.pads_left else [4, 5, 6, tokens.end]
    return tiny.plain_logits(model, x, [tokens.start, 5, 6, tokens.separator, 4, 6])


@pytest.mark.parametrize("name", MODELS)
def test_an_adapted_network_begins_as_it_was(name, data):
    plain, model = adapted(name, data, trained=False)
    assert torch.equal(logits(model), logits(plain))


@pytest.mark.parametrize("name", MODELS)
def test_without_its_adapter_it_is_the_start_model_bit_for_bit(name, data):
    plain, model = adapted(name, data)
    assert (logits(model) - logits(plain)).abs().max() > 0.01
    before = set(lora.trained_weights(model.network))
    with lora.adapter_off(model.network):
        assert torch.equal(logits(model), logits(plain))
    assert (logits(model) - logits(plain)).abs().max() > 0.01
    assert set(lora.trained_weights(model.network)) == before


@pytest.mark.parametrize("name", MODELS)
def test_the_merged_model_computes_the_same(name, data, tmp_path):
    plain, model = adapted(name, data)
    loading.save(model, tmp_path)
    merged = loading.load(tmp_path, spec(name))
    torch.testing.assert_close(logits(merged), logits(model), atol=1e-4, rtol=1e-4)
    assert not lora.is_adapted(merged.network)
    assert merged.network.state_dict().keys() == plain.network.state_dict().keys()
    loading.save(plain, tmp_path / "plain")
    names = {path.name for path in tmp_path.iterdir()} - {"plain", lora.FOLDER}
    assert names == {path.name for path in (tmp_path / "plain").iterdir()}
    for file in names - {"model.safetensors"}:
        assert (tmp_path / file).read_text() == (tmp_path / "plain" / file).read_text()
    torch.testing.assert_close(logits(model), logits(merged), atol=1e-4, rtol=1e-4)  # still there


@pytest.mark.parametrize("name", MODELS)
def test_peft_loads_the_adapter_onto_the_start_model(name, data, tmp_path):
    import peft

    plain, model = adapted(name, data)
    loading.save(model, tmp_path)
    other = copy.copy(plain)
    other.network = peft.PeftModel.from_pretrained(plain.network, tmp_path / lora.FOLDER).eval()
    torch.testing.assert_close(logits(other), logits(model), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_packed_branches_and_steps_from_a_cache_have_the_adapter(name, data):
    _, model = adapted(name, data)
    self_check.check(model, FORM)


@pytest.mark.parametrize("name", MODELS)
def test_only_the_adapter_and_the_rows_of_markers_are_trained(name, data):
    plain, model = adapted(name, data)
    weights = lora.trained_weights(model.network)
    frozen = {n: w for n, w in model.network.named_parameters() if not w.requires_grad}
    assert len(frozen) == len(dict(plain.network.named_parameters()))
    rows = {n for n in weights if n.startswith("marker_rows.")}
    tied = name in ("t5", "mt5", "bart")
    assert len(rows) == (1 if tied else 2)
    markers = 2 if name == "llama" else 1
    assert all(weights[n].shape == (markers, 16) for n in rows)
    assert all("lora_" in n for n in weights.keys() - rows)
    before, after = plain.network.state_dict(), lora.merged_weights(model.network)
    changed = {n for n in before if not torch.equal(before[n], after[n])}
    layers = {n.partition(".lora_")[0] for n in weights.keys() - rows}
    head = [n for n in before if n in ("lm_head.weight", "shared.weight")]
    embeddings = [n for n in before if "embed_tokens" in n or n.endswith("shared.weight")]
    assert changed == {f"{n}.weight" for n in layers} | set(embeddings) | set(head)
    for n in {*embeddings, "lm_head.weight"}:
        different = (before[n] != after[n]).any(-1).nonzero()[:, 0].tolist()
        assert different == sorted(model.markers)


def test_the_seed_decides_the_adapter_and_nothing_else_is_drawn(data):
    found = []
    for seed in (1, 1, 2):
        model = plain_model("t5", data)
        torch.manual_seed(seed + 10)
        expected = torch.rand(1)
        torch.manual_seed(seed + 10)
        lora.adapt(model, SETTINGS, seed)
        assert torch.equal(torch.rand(1), expected)
        found.append(torch.cat([w.flatten() for w in lora.trained_weights(model.network).values()]))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_the_files_of_an_adapter_have_the_same_bytes_each_time(data, tmp_path):
    targets = ("q", "k", "v", "o", "wi", "wo")
    for folder in ("one", "other"):
        model = plain_model("t5", data)
        lora.adapt(model, LoraConfig(rank=2, alpha=4.0, dropout=0.1, targets=targets), seed=1)
        lora.save_adapter(model.network, tmp_path / folder)
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()
    config = json.loads((tmp_path / "one" / "adapter_config.json").read_text())
    assert config["target_modules"] == sorted(targets)
    assert (config["r"], config["lora_alpha"], config["lora_dropout"]) == (2, 4.0, 0.1)
    weights = load_file(tmp_path / "one" / "adapter_model.safetensors")
    assert all(name.startswith("base_model.model.") for name in weights)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (("q", "query"), "lora.targets: unknown 'query'; choose from: k, o, q, v, wi, wo"),
        # a change of these would not reach the projection, or would untie them
        (("lm_head",), "lora.targets: unknown 'lm_head'; choose from: k, o, q, v, wi, wo"),
        (("shared",), "lora.targets: unknown 'shared'; choose from: k, o, q, v, wi, wo"),
    ],
)
def test_layers_that_cannot_be_adapted_are_refused(targets, message, data):
    model = plain_model("t5", data)
    with pytest.raises(InputError) as error:
        lora.adapt(model, LoraConfig(rank=2, alpha=4.0, dropout=0.0, targets=targets), seed=1)
    assert str(error.value) == message
    assert all(weight.requires_grad for weight in model.network.parameters())


def test_a_type_that_peft_does_not_know_needs_targets(data):
    model = plain_model("t5", data)
    model.network.config.model_type = "t6"
    with pytest.raises(InputError, match=r"^lora\.targets: peft has none for type 't6'; choose"):
        lora.adapt(model, SETTINGS, seed=1)


@pytest.mark.parametrize(("name", "target"), [("t5", "shared"), ("llama", "embed_tokens")])
def test_an_adapter_of_embeddings_that_was_made_elsewhere_is_refused(name, target, data):
    import peft

    network = plain_model(name, data).network
    config = peft.LoraConfig(r=2, target_modules=[target])
    with pytest.raises(InputError, match=f"its adapter changes .*{target}, which is not a linear"):
        lora.check_layers(peft.get_peft_model(network, config))


def test_without_peft_one_line_says_what_to_install(data, monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(InputError) as error:
        lora.adapt(plain_model("t5", data), SETTINGS, seed=1)
    assert str(error.value) == (
        "lora: needs peft, which is not installed: pip install 'peft>=0.19,<0.20'"
    )


def test_embeddings_that_are_multiplied_are_changed_alike():
    class Scaled(torch.nn.Embedding):
        embed_scale = 4.0

        def forward(self, ids):
            return super().forward(ids) * self.embed_scale

    layer, rows = Scaled(5, 3), marker_rows.MarkerRows([2], 3, tied=True)
    rows.read.data += 1.0
    expected = marker_rows.merged(layer.weight, rows.ids, rows.read)[torch.tensor([1, 2])] * 4.0
    marker_rows._extend(layer, marker_rows._Embedding, rows)
    torch.testing.assert_close(layer(torch.tensor([1, 2])), expected)
