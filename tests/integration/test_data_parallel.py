"""Two processes train as one does: same losses, same model, same warmups, whole or sharded."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from helpers import forks, tiny
from warmup.models import loading

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


ADAPTER = "adapter_model.safetensors"
LORA = {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": None}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny.data(tmp_path_factory.mktemp("data"))


def arguments(folder, data, run, *options):
    """Return the arguments of `warmup` that train a run."""
    return [
        *("train", "--config", json.dumps(run), "--start", data[family(run)]),
        *("--train", data["train"], "--valid", data["valid"]),
        *("--work", folder / "work", "--output-dir", folder / "out", *options),
    ]


def torchrun(module, processes, *given):
    """Return the command that runs a module in several processes."""
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    launcher = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    # what follows `--` is not torchrun's
    return list(map(str, [*launcher, f"--master-port={port}", "-m", "--", module, *given]))


def start(folder, data, run, processes, *options):
    """Train; return training.json and the weights."""
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    statuses = forks.run(arguments(folder, data, run, *options), log, processes)
    assert statuses == [0] * processes, log.read_text()
    training = json.loads((folder / "out" / "training.json").read_text())
    return training, load_file(folder / "out" / "model" / "model.safetensors")


def kill_at(checkpoint, *args):
    """Train with torchrun until there is a checkpoint, then kill all processes."""
    folder, data, run, processes, *options = args
    training = subprocess.Popen(
        torchrun("warmup", processes, *arguments(folder, data, run, *options)),
        env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 120
    while training.poll() is None and time.monotonic() < until:
        if (folder / "work" / checkpoint / "complete").exists():
            break
        time.sleep(0.01)
    assert training.poll() is None, training.communicate()[1]
    os.killpg(training.pid, signal.SIGKILL)
    training.communicate()


def family(run):
    """Return which of the tiny tokenizers a run starts from."""
    return "t5" if run["model"]["architecture"] == "encoder_decoder" else "llama"


UNEQUAL = {"sft": 18, "warmup": 56}
"""Tokens of two short examples, not of two long ones: processes differ in their passes."""


@pytest.mark.parametrize(
    "case",
    [
        ("sft", "t5", None),
        ("sft", "llama", UNEQUAL["sft"], "--sharded"),
        ("warmup", "t5", UNEQUAL["warmup"]),
        ("warmup", "t5", None, "--sharded"),
        ("warmup", "llama", None),
        ("warmup", "llama", UNEQUAL["warmup"], "--sharded"),
    ],
    ids=lambda case: "-".join(map(str, case)),
)
def test_two_processes_make_the_model_of_one(tmp_path, data, case):
    method, model_type, limit, *options = case
    run = tiny.resolved(method, model_type, learning_rate=0.003, max_tokens_per_microbatch=limit)
    run["method"]["start"] = "scratch"
    if model_type == "llama":
        run["model"]["scratch"]["initializer_range"] = 0.6
    if method == "warmup":  # some examples have fewer samples when they come again
        run["method"]["sampling"]["adaptive_samples"] = {"min_samples": 2, "ess_fraction": 0.9}
        few = data["train"].read_text().splitlines(keepends=True)[:40]
        (tmp_path / "few.jsonl").write_text("".join(few))
        data = data | {"train": tmp_path / "few.jsonl"}
    one, weights = start(tmp_path / "one", data, run, 1)
    two, others = start(tmp_path / "two", data, run, 2, *options)
    made = json.loads((tmp_path / "two" / "out" / "provenance.json").read_text())
    assert (made["processes"], made["sharded"]) == (2, bool(options))
    if method == "warmup":
        assert 2 < one["history"][-1]["samples"] < 3
    for name in ("examples", "target_tokens"):
        assert one["cost"][name] == two["cost"][name]
    # batches are padded to their longest, so that halves take a little less
    assert two["cost"]["flops"] == pytest.approx(one["cost"]["flops"], rel=0.1)
    for first, second in zip(one["validation"], two["validation"], strict=True):
        assert second["nll"] == pytest.approx(first["nll"], rel=1e-4)
        assert ("warmups" in first) == (method == "warmup")
        if method == "warmup":
            assert second["warmups"] == pytest.approx(first["warmups"], rel=1e-3, abs=1e-6)
    for first, second in zip(one["history"], two["history"], strict=True):
        assert first.keys() == second.keys()
        for name, value in first.items():
            assert second[name] == pytest.approx(value, rel=1e-3, abs=1e-6), name
    assert weights.keys() == others.keys()
    start_weights = max(w.abs().max() for w in weights.values())
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, atol=1e-5 * start_weights, rtol=1e-3)


@pytest.fixture
def untied(tmp_path, data):
    """A run that starts from an mT5 with an output layer of its own, and its data."""
    loading.save(tiny.untied_mt5(data["t5"]), tmp_path / "untied")
    run = tiny.resolved("warmup", learning_rate=0.003)
    del run["model"]["scratch"]
    run["model"]["local"] = "untied"
    return run, data | {"t5": tmp_path / "untied"}


def test_two_processes_keep_an_untied_output_layer(tmp_path, untied):
    run, data = untied
    _, weights = start(tmp_path / "one", data, run, 1)
    assert {"lm_head.weight", "shared.weight"} <= weights.keys()
    for options in ([], ["--sharded"]):
        _, others = start(tmp_path / f"two{len(options)}", data, run, 2, *options)
        assert weights.keys() == others.keys()
        for name, value in weights.items():
            torch.testing.assert_close(others[name], value, atol=1e-5, rtol=1e-3)


def test_two_processes_train_the_adapter_of_one(tmp_path, data):
    pytest.importorskip("peft")
    loading.save(loading.create(tiny.model_config("llama"), data["llama"], 3), tmp_path / "start")
    data = data | {"llama": tmp_path / "start"}
    run = tiny.resolved("warmup", "llama", learning_rate=0.003)
    del run["model"]["scratch"]
    run["model"] |= {"local": "start", "lora": LORA}
    one, weights = start(tmp_path / "one", data, run, 1)
    adapter = load_file(tmp_path / "one" / "out" / "model" / "adapter" / ADAPTER)
    assert weights.keys() == load_file(tmp_path / "start" / "model.safetensors").keys()
    for options in ([], ["--sharded"]):
        folder = tmp_path / f"two{len(options)}"
        two, others = start(folder, data, run, 2, *options)
        for first, second in zip(one["history"], two["history"], strict=True):
            assert second == pytest.approx(first, rel=1e-3, abs=1e-5)
        found = load_file(folder / "out" / "model" / "adapter" / ADAPTER)
        for expected, values in ((weights, others), (adapter, found)):
            assert expected.keys() == values.keys()
            for name, value in expected.items():
                torch.testing.assert_close(values[name], value, atol=1e-4, rtol=1e-3)


def test_a_sharded_training_that_was_killed_makes_the_model_of_an_uninterrupted_one(
    tmp_path, untied
):
    run, data = untied
    run["method"]["budget"] = {"updates": 40}
    run["method"]["max_tokens_per_microbatch"] = UNEQUAL["warmup"]
    _, weights = start(tmp_path / "whole", data, run, 2, "--sharded")
    killed = (tmp_path / "killed", data, run, 2, "--sharded")
    kill_at("checkpoint-4", *killed)
    _, others = start(*killed)
    assert weights.keys() == others.keys()
    for name, value in weights.items():
        assert torch.equal(others[name], value), name


def test_a_sharded_training_in_low_precision_learns(tmp_path, data):
    run = tiny.resolved("sft", budget={"updates": 60})
    run["model"]["dtype"] = "bfloat16"
    training, weights = start(tmp_path, data, run, 2, "--sharded")
    first, *_, last = (point["nll"] for point in training["validation"])
    assert last < first - 0.5
    assert all(value.dtype == torch.float32 for value in weights.values())


SHORT_OF_MEMORY = """
import os
import torch
from warmup.__main__ import main
from warmup.method.criterion import Criterion
from warmup.training.microbatches import count_tokens

plain = Criterion.losses

def losses(self, network, batch, update):
    if os.environ["RANK"] == "1" and update == 5 and count_tokens(batch, self.method.sampling) > 30:
        raise torch.OutOfMemoryError("for a test")
    return plain(self, network, batch, update)

Criterion.losses = losses
main()
"""


def test_memory_that_runs_out_in_one_of_two_processes_is_enough_for_the_next_start(tmp_path, data):
    run = tiny.resolved("sft", learning_rate=0.003)
    run["method"]["start"] = "scratch"
    _, weights = start(tmp_path / "whole", data, run, 2)
    (tmp_path / "short_of_memory.py").write_text(SHORT_OF_MEMORY)
    parts = torchrun("short_of_memory", 2, *arguments(tmp_path, data, run))
    path = {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{tmp_path}"}

    def again():
        return subprocess.run(
            parts, env=ENVIRONMENT | path, capture_output=True, text=True, timeout=300, check=False
        )

    first = again()
    assert first.returncode != 0
    said = r"out of memory with \d+ tokens in one micro-batch; start again to go on with (.*)"
    (limit,) = re.findall(said, first.stderr)
    second = again()
    assert second.returncode == 0, second.stderr
    assert f"out of memory: going on with {limit}\n" in second.stderr
    assert "resuming from checkpoint-4" in second.stderr
    assert not (tmp_path / "work" / "microbatch_limit.json").exists()
    others = load_file(tmp_path / "out" / "model" / "model.safetensors")
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, atol=1e-5, rtol=1e-3)


def test_two_processes_use_finished_results_again(tmp_path, data):
    run = tiny.resolved("sft", budget={"updates": 4})
    run["method"]["start"] = "scratch"
    register = ("--register", str(tmp_path / "register"))
    trained, _ = start(tmp_path / "one", data, run, 2, *register, "--keep-finished")
    assert (tmp_path / "one" / "work" / "finished").exists()
    put_in_place, _ = start(tmp_path / "one", data, run, 2, *register)
    assert not (tmp_path / "one" / "work" / "finished").exists()
    copied, _ = start(tmp_path / "other", data, run, 2, *register)
    assert trained == put_in_place == copied  # the seconds, too


def test_a_batch_that_cannot_be_divided_is_refused(tmp_path, data):
    run = tiny.resolved("sft", batch_size=7)
    with pytest.raises(AssertionError, match="batch_size 7: not divisible by 2 processes"):
        start(tmp_path, data, run, 2)
