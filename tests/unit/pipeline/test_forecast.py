"""What `warmup plan` says: jobs, sizes, time, what fits into a budget."""

import dataclasses
import json
from pathlib import Path

import pytest
from benchmarks import weights
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from helpers import tiny
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config import experiment
from warmup.config.settings import LoraConfig
from warmup.pipeline.forecast import (
    budget,
    command,
    limits,
    operations,
    power,
    sizes,
    speed,
    updates,
)
from warmup.pipeline.forecast.jobs import Job, RunCosts, count_jobs, forecast, schedule
from warmup.pipeline.forecast.lengths import Lengths, Texts

NOWHERE = Path("nowhere")
T5 = {
    "model_type": "t5", "vocab_size": 50, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2,
    "num_decoder_layers": 3, "num_heads": 4,
}  # fmt: skip
GATED = T5 | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
LLAMA = {
    "model_type": "llama", "vocab_size": 50, "hidden_size": 32, "intermediate_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}  # fmt: skip
GPT2 = {
    "model_type": "gpt2", "vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def config():
    return experiment.check(tiny.experiment(seeds=[1, 2, 3]))


@pytest.fixture(scope="module")
def texts():
    return Texts("data", NOWHERE)


@pytest.fixture(scope="module")
def found(config, texts):
    return forecast(config, speed.CPU, texts, NOWHERE)


@pytest.mark.parametrize("settings", [T5, GATED, LLAMA], ids=["t5", "gated", "llama"])
def test_sizes_are_those_of_the_network(settings):
    both = settings["model_type"] == "t5"
    kind = AutoModelForSeq2SeqLM if both else AutoModelForCausalLM
    network = kind.from_config(AutoConfig.for_model(**settings))
    ours, theirs = sizes.network(settings), weights.measure(network)
    if not both:  # whose floor leaves out what x need not go through
        theirs = dataclasses.replace(theirs, source=theirs.decoder, source_layers=2)
        theirs = dataclasses.replace(theirs, shares_layers=True)
    assert dataclasses.replace(ours, tied=True) == theirs
    assert ours.parameters == pytest.approx(network.num_parameters(), rel=0.1)


@pytest.mark.parametrize(
    ("hub", "millions"),
    [
        ("google/mt5-base", 582),
        ("google-t5/t5-base", 223),
        ("facebook/bart-base", 139),
        ("meta-llama/Llama-3.2-1B", 1236),
        ("openai-community/gpt2", 124),
    ],
)
def test_known_models_have_as_many_weights_as_published(config, hub, millions):
    entry = dataclasses.replace(config.models["t5"], scratch=None, hub=hub, revision="0" * 40)
    model = sizes.of_model("x", entry, NOWHERE, 0)
    assert model is not None
    assert model.network.parameters / 1e6 == pytest.approx(millions, rel=0.02)


def test_a_model_that_is_there_is_read_from_its_configuration(config, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(T5))
    entry = dataclasses.replace(config.models["t5"], scratch=None, local=str(tmp_path))
    assert sizes.of_model("x", entry, NOWHERE, 0).network == sizes.network(T5)
    other = dataclasses.replace(entry, local=None, hub="who/knows", revision="0" * 40)
    assert sizes.of_model("x", other, NOWHERE, 0) is None


@pytest.mark.parametrize("wrong", [{"d_model": "wide"}, {"num_layers": None}])
def test_settings_that_make_no_network_have_no_sizes(config, wrong):
    entry = dataclasses.replace(config.models["t5"], scratch=T5 | wrong)
    assert sizes.of_model("x", entry, NOWHERE, 50) is None


def test_jobs_are_counted_exactly(config):
    counts = count_jobs(config)
    runs = len(experiment.runs(config))
    assert counts["train"] == runs
    assert counts["prepare"] == 1
    assert counts["generate"] == counts["score"] == runs  # one test split, one decoding
    assert counts["tokenizer"] == 1
    assert "fetch" not in counts


def test_every_run_has_its_updates(config, found):
    numbers = {job.run: job.updates for job in found.jobs if job.rule == "train"}
    assert set(numbers) == set(experiment.runs(config))
    for name, run in experiment.runs(config).items():
        if run.method.budget.updates is not None:
            assert numbers[name] == run.method.budget.updates
    place = "shell_game/en/t5/{}/seed2".format
    assert numbers[place("sft_continued")] == numbers[place("warmup")]
    assert numbers[place("sft_compute")] > numbers[place("warmup")]  # whose updates cost more


def test_a_run_waits_for_its_start_of_the_same_seed(found):
    (job,) = (one for one in found.jobs if one.name == "shell_game/en/t5/warmup/seed3")
    assert job.needs == ("shell_game/en/t5/sft/seed3",)


def test_lengths_of_data_that_are_there_are_measured(config, texts):
    lengths = texts.lengths(config.datasets["shell_game"], "en", config.models["t5"])
    assert lengths.measured
    assert lengths.padded(1)[1] == pytest.approx(lengths.mean_target)
    assert lengths.padded(64)[1] > lengths.mean_target


def test_an_adapter_takes_no_state_of_frozen_weights_and_no_products_for_it(config):
    run = experiment.runs(config)["shell_game/en/t5/warmup/seed1"]
    net = operations.Network(
        width=512, inner=2048, vocabulary=32000, heads=512, source=10**8, source_layers=6,
        bridge=10**7, decoder=10**8, decoder_layers=6,
    )  # fmt: skip
    adapter = LoraConfig(rank=4, alpha=8.0, dropout=0.0, targets=None)
    adapted = dataclasses.replace(run, model=dataclasses.replace(run.model, lora=adapter))
    whole, frozen = (
        RunCosts(one, net, Lengths([9], [3], measured=False), 10, speed.CPU)
        for one in (run, adapted)
    )
    assert whole.memory() - frozen.memory() == 15.5 * net.parameters  # with the reference's copy
    count = [operations.flops(costs.works) for costs in (whole, frozen)]
    assert count[0] > count[1] > 2 / 3 * count[0]
    none = dataclasses.replace(run.method, sampling=None)
    one, other = (
        operations.flops(updates.of_run(none, net, whole.lengths, 10, frozen=is_frozen))
        for is_frozen in (False, True)
    )
    assert other == pytest.approx(2 / 3 * one)


def test_padding_is_the_mean_of_the_longest():
    lengths = Lengths([1, 3], [2, 2], measured=True)
    assert lengths.padded(1) == (2, 2)
    assert lengths.padded(2) == (2.5, 2)  # 1,1  1,3  3,1  3,3


@pytest.mark.parametrize(("devices", "ends"), [(1, 9), (2, 6), (3, 5)])
def test_jobs_start_when_what_they_need_has_ended(devices, ends):
    jobs = [
        Job("train", "a", "a", 2, 0, 0),
        Job("train", "b", "b", 3, 0, 0, ("a",)),
        Job("train", "c", "c", 4, 0, 0),
    ]
    assert schedule(jobs, devices) == pytest.approx(ends, abs=1)
    assert schedule(jobs, 1) == 9
    assert schedule(jobs, 3) == 5


def test_a_budget_drops_seeds_first_then_controls_and_the_last_seed_at_the_end(config, texts):
    def cost(smaller):
        return forecast(smaller, speed.CPU, texts, NOWHERE).device_seconds

    steps = list(budget.steps(config, cost))
    assert [step.what for step in steps] == [
        "2 seeds", "without sft_compute", "without sft_continued", "1 seed",
    ]  # fmt: skip
    costs = [cost(step.config) for step in steps]
    assert costs == sorted(costs, reverse=True)
    left = {run.run.method for run in experiment.runs(steps[-1].config).values()}
    assert left == {"sft", "warmup"}


def test_fewer_seeds_or_pairs_show_larger_gains_only():
    one = power.Power("translation", "bleu", 8, 1012, 3, 3.9, (7.5, 16.8), 1.57)
    best, worst = one.detectable
    assert best < worst
    fewer = dataclasses.replace(one, seeds=2), dataclasses.replace(one, pairs=4)
    assert all(other.detectable[0] > best for other in fewer)
    needed = one.seeds_needed
    assert needed is not None
    assert dataclasses.replace(one, seeds=needed).detectable[0] <= one.gain
    assert dataclasses.replace(one, seeds=needed - 1).detectable[0] > one.gain
    assert dataclasses.replace(one, gain=0.01).seeds_needed is None  # whatever the seeds


@pytest.mark.parametrize(("said", "name"), [("A100", "A100"), ("NVIDIA A10G", "A10G")])
def test_gpus_are_found_by_their_names(said, name):
    assert speed.of_gpu(said, "bfloat16").name == name


def test_limits_cover_what_is_forecast(config, found):
    asked = limits.of_experiment(config, NOWHERE)
    for job in found.jobs:
        limit = asked[job.run, job.rule == "train"]
        assert limit.mem_mb * 1e6 > job.host_memory
        assert limit.runtime * 60 > job.seconds


def test_an_unknown_gpu_is_refused_with_those_that_are_known():
    with pytest.raises(InputError, match=r"unknown GPU 'abacus'; choose from: A100, "):
        speed.of_gpu("abacus", "float32")


def test_constants_are_found_again_from_times_that_they_made():
    timings = []
    made = dataclasses.replace(speed.CPU, flops=1e11, layer=2e-4, step=1e-3, bandwidth=5e9)
    for scratch in (T5, T5 | {"d_model": 512, "num_layers": 9}, T5 | {"vocab_size": 90_000}):
        for samples in (0, 4):
            timing = {
                "scratch": scratch, "batch": 8, "source": 20, "target": 10, "samples": samples,
                "warmup": 8 if samples else 0,
            }  # fmt: skip
            flops, layers, steps, count, _ = speed.features(timing)
            seconds = (
                flops / made.flops + layers * made.layer + steps * made.step
                + count / made.bandwidth + made.update
            )  # fmt: skip
            timings.append(timing | {"seconds": seconds})
    fitted = speed.fit(timings)
    assert {name: getattr(made, name) for name in fitted} == pytest.approx(fitted, rel=1e-3)


@pytest.mark.parametrize(("text", "hours"), [("200h", 200), ("90min", 1.5), ("3d", 72)])
def test_budgets_are_times(text, hours):
    assert command.parse_hours(text) == hours


def test_another_budget_is_refused():
    with pytest.raises(InputError, match="--budget: expected a time such as 200h"):
        command.parse_hours("much")


def test_a_plan_fits_into_100_columns_and_names_its_assumptions(capsys, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3])
    main(
        ["plan", "--configfile", "config/experiments/paper.yaml", "--gpu", "A100",
         "--budget", "60h", "--devices", "16"]
    )  # fmt: skip
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    assert "132 training runs" in said
    assert "Lengths are assumed for logiqa2" in said
    assert "not measured" in said
    assert "without sft_compute" in said


def test_a_plan_as_json_has_every_long_job(config, capsys, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(json.dumps(tiny.experiment()))  # JSON is YAML
    monkeypatch.chdir(tmp_path)
    main(["plan", "--configfile", "config.json", "--format", "json"])
    plan = json.loads(capsys.readouterr().out)
    assert plan["jobs"]["train"] == sum(job["rule"] == "train" for job in plan["long_jobs"])
    assert plan["device_seconds"] == pytest.approx(sum(j["seconds"] for j in plan["long_jobs"]))
