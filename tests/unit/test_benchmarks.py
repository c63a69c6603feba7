"""The benchmarks measure what they say: the direct implementation and the floor are right."""

import copy
import dataclasses
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from benchmarks import direct, floor, grpo, scale, table, timing, training, weights
from benchmarks.direct_criterion import DirectCriterion
from benchmarks.shapes import SHAPES, build, make_batch
from benchmarks.variants import VARIANTS, settings

from helpers import tiny
from warmup.common.errors import InputError
from warmup.config import experiment
from warmup.config.settings import ReferenceKLConfig
from warmup.data.batches import IGNORED
from warmup.method.criterion import Criterion
from warmup.method.scoring import build_branches, score
from warmup.training.flops import count_flops

ROOT = Path(__file__).parents[2]
SMALL = {"batch": 2, "samples": 3, "warmup": 4, "source": 5, "target": 6}
METHOD = settings("warmup", samples=3, max_tokens=4, backprop_samples=None, adaptive_samples=None)


def batch_of(model):
    """Return two examples of unlike lengths."""
    ids = [model.tokenizer.convert_tokens_to_ids(word) for word in tiny.WORDS]
    pad, end = model.tokens.pad, model.tokens.end
    x = [[ids[0], ids[1], ids[2]], [pad, pad, ids[3]] if model.pads_left else [ids[3], pad, pad]]
    input_ids = torch.tensor(x)
    return {
        "index": torch.arange(2),
        "input_ids": input_ids,
        "mask": (input_ids != pad).long(),
        "labels": torch.tensor([[ids[4], end, IGNORED], [ids[0], ids[1], end]]),
    }


@pytest.mark.parametrize("name", ["t5", "mt5", "llama"])
def test_the_direct_implementation_scores_as_the_package_does(name):
    model = tiny.model(name)
    batch = batch_of(model)
    torch.manual_seed(3)
    warmups = direct.sample(model, batch, samples=8, max_tokens=4)
    assert 0 < warmups.forced.sum() < warmups.forced.numel()  # both kinds of end
    source = model.encode(batch["input_ids"], batch["mask"])
    branches = build_branches(model.tokens, warmups, batch["labels"])
    with torch.no_grad():
        found = score(model, model.network, source, branches)
        rows = direct.forward(model, batch, warmups)
        s, l, mass = direct.log_probabilities(model, rows, 8)
    exact = {"atol": 1e-5, "rtol": 3e-6}  # sums of up to a dozen float32 terms
    torch.testing.assert_close(s, found.s, **exact)
    torch.testing.assert_close(l, found.l, **exact)
    torch.testing.assert_close(mass, found.log_allowed_mass, **exact)


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_direct_implementation_draws_warmups_of_the_right_form(name):
    model = tiny.model(name)
    warmups = direct.sample(model, batch_of(model), samples=16, max_tokens=4)
    assert warmups.ids.shape == (2, 16, 4)
    inside = torch.arange(4) < warmups.lengths[..., None]
    special = torch.tensor([*model.tokens.excluded, model.tokens.separator])
    assert not torch.isin(warmups.ids[inside], special).any()
    assert (warmups.ids[~inside] == model.tokens.pad).all()
    assert (warmups.forced == (warmups.lengths == 4)).all()


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_direct_implementation_has_the_losses_and_the_gradient_of_the_criterion(name):
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network)
    batch, parameters = batch_of(model), list(model.network.parameters())
    ours = Criterion(model, METHOD, seed=5)
    source = model.encode(batch["input_ids"], batch["mask"])
    warmups = ours.sample_warmups(source, batch["index"], 0, 3)[0]
    losses, _ = ours.losses(model.network, batch, 0)
    direct_losses = direct.losses(model, batch, warmups)
    torch.testing.assert_close(losses, direct_losses, atol=1e-5, rtol=1e-5)
    found = torch.autograd.grad(losses.sum(), parameters)
    expected = torch.autograd.grad(direct_losses.sum(), parameters)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("update", [0, 3, 10])
@pytest.mark.parametrize("name", ["t5", "llama"])
def test_a_direct_training_has_the_losses_and_the_gradient_of_the_criterion(name, update):
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network)
    method = settings(
        "warmup", samples=3, max_tokens=4,
        reference_kl=ReferenceKLConfig(weight=0.7, updates=6, final=0.0, divergence="reverse"),
        backprop_samples=None, adaptive_samples=None,
    )  # fmt: skip
    ours, plain = (kind(model, method, seed=5) for kind in (Criterion, DirectCriterion))
    torch.manual_seed(4)
    for weights_of_start in model.network.parameters():  # away from the start model
        weights_of_start.data += 0.02 * torch.randn_like(weights_of_start)
    batch, parameters = batch_of(model), list(model.network.parameters())
    source = model.encode(batch["input_ids"], batch["mask"])
    warmups = ours.sample_warmups(source, batch["index"], update, 3)[0]
    losses, _ = ours.losses(model.network, batch, update)
    expected, _ = plain.losses_of(batch, update, warmups)
    torch.testing.assert_close(losses, expected, atol=1e-5, rtol=1e-5)
    found = torch.autograd.grad(losses.sum(), parameters)
    wanted = torch.autograd.grad(expected.sum(), parameters)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=5e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "jensen"}, "objective: the direct implementation computes only 'rew"),
        ({"objective_settings": {"tau": 2.0}}, "objective_settings.tau: .* only 1.0, got 2.0"),
        ({"sampling": replace(METHOD.sampling, settle=3)}, "sampling.settle: .* only 0, got 3"),
        ({"sampling": replace(METHOD.sampling, temperature=0.5)}, "sampling.temperature: "),
        ({"sampling": replace(METHOD.sampling, predefined="filler")}, "sampling.predefined: "),
        ({"sampling": None}, "sampling: the direct implementation needs it, got null"),
        (
            {"reference_kl": ReferenceKLConfig(
                weight=1.0, updates=6, final=0.0, divergence="forward"
            )},
            "reference_kl.divergence: .* only 'reverse', got 'forward'",
        ),
    ],
)  # fmt: skip
def test_what_the_direct_implementation_does_not_compute_is_refused(changes, message):
    with pytest.raises(InputError, match=f"method: {message}"):
        DirectCriterion(tiny.model("t5"), replace(METHOD, **changes), seed=5)


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_plain_sft_is_the_criterion_without_warmups(name):
    model, batch = tiny.model(name), batch_of(tiny.model(name))
    with torch.no_grad():
        found, _ = Criterion(model, settings("sft"), seed=5).losses(model.network, batch, 0)
        torch.testing.assert_close(direct.sft_losses(model, batch), found)


def test_the_reward_of_the_peer_is_the_probability_of_the_target():
    shape = dataclasses.replace(SHAPES["llama_tiny"], **SMALL)
    model = build(shape)
    batch = make_batch(shape, model)
    warmups = direct.sample(model, batch, 3, 4)
    found = grpo.rewards(model, batch, warmups.ids.flatten(0, 1).tolist())
    with torch.no_grad():
        rows = direct.forward(model, batch, warmups)
        _, l, _ = direct.log_probabilities(model, rows, 3)
    torch.testing.assert_close(torch.tensor(found), l.flatten(), atol=1e-5, rtol=3e-6)


def counted(model, batch, shape, variant):
    """Return the operations of a variant's gradients as PyTorch counts them."""
    gradients = VARIANTS[variant](model, batch, shape)
    with count_flops() as counter:
        gradients(0)
    return counter.get_total_flops()


def tiny_shape(name):
    """Return a small shape and its model, with attention as plain matrix products."""
    shape = dataclasses.replace(SHAPES[name], **SMALL)
    model = build(shape)
    model.network.set_attn_implementation("eager")
    return shape, model, make_batch(shape, model), weights.measure(model.network)


@pytest.mark.parametrize("name", ["t5_tiny", "llama_tiny"])
def test_operations_of_sft_are_those_that_pytorch_counts(name):
    shape, model, batch, net = tiny_shape(name)
    pairs = 0
    if name == "llama_tiny":  # not needed, but computed: all of the prompt's last layer, and
        net = dataclasses.replace(net, source=net.decoder, source_layers=net.decoder_layers)
        pairs = shape.source * shape.target  # its queries times the target's keys, masked
    expected = floor.flops(floor.sft(net, shape))
    expected += 3 * shape.batch * 4 * net.heads * net.decoder_layers * pairs
    assert counted(model, batch, shape, "sft") == expected


@pytest.mark.parametrize("variant", ["exact", "one_sample"])
@pytest.mark.parametrize("name", ["t5_tiny", "llama_tiny"])
def test_no_step_does_less_than_the_floor(name, variant):
    shape, model, batch, net = tiny_shape(name)
    least = floor.flops(floor.FLOORS[variant](net, shape))
    assert least <= counted(model, batch, shape, variant) < 1.5 * least
    assert least < counted(model, batch, shape, "direct")


def test_one_sample_costs_less_than_all():
    shape, _, _, net = tiny_shape("t5_tiny")
    one, most = (floor.flops(floor.exact(net, shape, backprop=m)) for m in (1, 3))
    assert one < floor.flops(floor.exact(net, shape)) < most  # scoring comes on top


def test_warmups_of_benchmarks_have_full_length():
    shape = dataclasses.replace(SHAPES["llama_tiny"], **SMALL)
    model = build(shape)
    batch = make_batch(shape, model)
    assert (direct.sample(model, batch, 3, 4).lengths == 4).all()
    assert len(model.tokenizer) == shape.vocabulary == model.network.config.vocab_size


def test_warmups_of_benchmarks_differ():
    small = {"d_model": 32, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_decoder_layers": 1}
    mt5 = SHAPES["mt5_small"]
    shape = dataclasses.replace(mt5, vocabulary=500, scratch=mt5.scratch | small)
    model = build(shape)
    warmups = direct.sample(model, make_batch(shape, model), shape.samples, shape.warmup)
    assert len(warmups.ids.flatten(0, 1).unique(dim=0)) == shape.batch * shape.samples


def test_the_table_has_a_line_for_each_step():
    ratio = {"median": 2.0, "lower": 1.5, "upper": 2.5}
    row = {
        "shape": "t5_tiny",
        "ms": ratio,
        "ratio": ratio,
        "processor_ratio": ratio,
        "flops_ratio": 3.0,
        "threads": 1,
    }
    rows = [
        row | {"variant": "sft", "mib": {"peak": 50.0}, "floor_ms": 1.0, "floor_distance": 2.0},
        row | {"variant": "exact", "mib": {"peak": 75.0}},
        row | {"variant": "direct", "mib": None},
        {"shape": "t5_tiny", "variant": "grpo", "note": "not installed"},
    ]
    result = {
        "provenance": {
            "settings": {"threads": 1, "dtype": "float32", "rounds": 7, "warm_up": 2},
            "packages": {"torch": "2", "trl": None},
            "git": {"revision": None, "dirty": False},
            "machine": "a machine", "cores": 2, "load": 0.5, "date": "2026-01-01",
        },
        "shapes": {"t5_tiny": vars(SHAPES["t5_tiny"])},
        "rows": rows,
    }  # fmt: skip
    lines = table.markdown(result).splitlines()
    assert (
        "| warmup, ours | 2 [1.5, 2.5] | 2.00 [1.50, 2.50] | 2.00 | 3.00 | – | – | 75 | 1.50 |"
        in lines
    )
    assert any(line.startswith("| GRPO of TRL | not installed |") for line in lines)
    widths = {line.count("|") for line in lines if line.startswith("|")}
    assert len(widths) == 1
    assert len(table.tsv(result).splitlines()) == 1 + len(rows)


def test_spread_is_median_and_quartiles():
    assert timing.spread([3.0]) == {"median": 3.0, "lower": 3.0, "upper": 3.0}
    assert timing.spread([5.0, 1.0, 2.0, 3.0, 4.0]) == {"median": 3.0, "lower": 2.0, "upper": 4.0}


def test_the_lock_of_the_peer_is_exact_and_leaves_the_main_lock_alone():
    main, extra = ((ROOT / "envs" / f"{name}.lock").read_text() for name in ("main", "bench"))
    names = [re.fullmatch(r"([\w.-]+)==[\w.]+", line)[1] for line in extra.splitlines()]
    assert "trl" in names
    assert not set(names) & {line.split("==")[0] for line in main.splitlines()}


def test_whole_trainings_differ_in_the_criterion_only(tmp_path, data, checkpoints, monkeypatch):
    config = experiment.check(tiny.experiment())
    name = next(run for run in experiment.run_names(config) if "/t5/warmup/" in run)
    start = tmp_path / "runs" / name.replace("warmup", "sft")
    folder = tmp_path / "data" / "shell_game" / "en"
    for path in (start, folder):
        path.mkdir(parents=True)
    with pytest.raises(InputError, match="is missing: run the experiment first"):
        training.compare(config, tmp_path, name, 2)
    shutil.copytree(checkpoints / "sft", start / "model")
    other = tiny.experiment()
    other["methods"]["warmup"]["budget"] = {"same_updates_as": "sft"}
    with pytest.raises(InputError, match="not a number of updates; give --updates"):
        training.compare(experiment.check(other), tmp_path, name, None)
    for split in ("train", "valid"):
        shutil.copy(data[split], folder / f"{split}.jsonl")
    shutil.copy(data["valid"], folder / "test.jsonl")

    made = []
    monkeypatch.setattr(DirectCriterion, "losses_of", noted(DirectCriterion.losses_of, made))
    row = training.compare(config, tmp_path, name, 2)
    assert len(made) == 2  # updates of one training of the two
    assert row["updates"] == 2
    assert row["ratio"] == row["direct"]["seconds"] / row["ours"]["seconds"]
    for way in ("ours", "direct"):
        assert row[way]["metric"] == "accuracy"
        assert row[way]["low"] <= row[way]["value"] <= row[way]["high"]
    lines = training.markdown([row, row]).splitlines()
    assert len(lines) == 5
    assert lines[2].startswith(f"| {name} | 2 | {row['direct']['seconds']:.1f} | ")
    assert f"| all | | {2 * row['direct']['seconds']:.1f} | " in lines[4]


def noted(function, calls):
    def call(*args):
        calls.append(args)
        return function(*args)

    return call


def test_made_up_pairs_are_the_same_for_a_seed_and_nearly_all_differ():
    made = list(scale.pairs(200, seed=3))
    assert made == list(scale.pairs(200, seed=3))
    assert made != list(scale.pairs(200, seed=4))
    assert len(set(made)) == 200
    for line in made:
        one, other = line.rstrip("\n").split("\t")
        assert 5 <= len(one.split()) == len(other.split()) <= 35


def test_the_table_of_scale_has_processor_seconds_per_million():
    used = {"seconds": 9.0, "mib": 100.4}
    rows = [
        {"pairs": 1000, "command": "prepare", "processor": 2.0} | used,
        {"pairs": 1000, "command": "generate", "processor": 3.0, "inputs": 10} | used,
        {"pairs": 500_000, "command": "prepare", "processor": 60.0} | used,
    ]
    lines = scale.markdown(rows).splitlines()
    assert lines[0].startswith("| command | 1,000 pairs: s | per million | MiB | 500,000 pairs: s")
    assert lines[2:] == [
        "| prepare | 2 | 2000 | 100 | 60 | 120 | 100 |",
        "| generate | 3 | 300000 | 100 |",
    ]
