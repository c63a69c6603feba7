"""Two processes train as one does: same losses, same model, same warmups."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tiny

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny.data(tmp_path_factory.mktemp("data"))


def start(folder, data, run, processes):
    """Train in `processes` processes; return training.json and the weights."""
    command = [sys.executable, "-m"]
    if processes > 1:
        with socket.socket() as free:
            free.bind(("", 0))
            port = free.getsockname()[1]
        command += ["torch.distributed.run", f"--nproc-per-node={processes}"]
        command += [f"--master-port={port}", "-m"]
        command += ["--"]  # what follows is not torchrun's
    command += ["warmup.train", "--config", json.dumps(run), "--start", str(data["t5"])]
    command += ["--train", str(data["train"]), "--valid", str(data["valid"])]
    command += ["--work", str(folder / "work"), "--output-dir", str(folder / "out")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    training = json.loads((folder / "out" / "training.json").read_text())
    return training, load_file(folder / "out" / "model" / "model.safetensors")


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_two_processes_make_the_model_of_one(tmp_path, data, method):
    run = tiny.resolved(method, learning_rate=0.003)
    run["method"]["start"] = "scratch"
    if method == "warmup":
        run["method"]["warmup"]["adaptive_samples"] = {"least": 2, "flat": 0.9}
    one, weights = start(tmp_path / "one", data, run, 1)
    two, others = start(tmp_path / "two", data, run, 2)
    for name in ("examples", "target_tokens"):
        assert one["cost"][name] == two["cost"][name]
    # batches are padded to their longest, so that halves take a little less
    assert two["cost"]["flops"] == pytest.approx(one["cost"]["flops"], rel=0.1)
    for first, second in zip(one["validation"], two["validation"], strict=True):
        assert second["nll"] == pytest.approx(first["nll"], rel=1e-4)
    for first, second in zip(one["history"], two["history"], strict=True):
        assert first.keys() == second.keys()
        for name, value in first.items():
            assert second[name] == pytest.approx(value, rel=1e-3, abs=1e-6), name
    assert weights.keys() == others.keys()
    start_weights = max(w.abs().max() for w in weights.values())
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, atol=1e-5 * start_weights, rtol=1e-3)


def test_a_batch_that_cannot_be_divided_is_refused(tmp_path, data):
    run = tiny.resolved("sft", batch_size=7)
    with pytest.raises(AssertionError, match="batch_size 7: not divisible by 2 processes"):
        start(tmp_path, data, run, 2)
