"""One training on two nodes: it makes the model of one process, and goes on whatever ends it."""

import json
import os
import re
import signal

import pytest
import torch
from controller import (
    FOLDER,
    LOG,
    RESOURCES,
    TRAINING,
    Start,
    experiment,
    hold,
    only_prepared,
    slurm,
    submitted,
    train_here,
)
from safetensors.torch import load_file

from warmup.common.files import sha256

MODEL = f"{FOLDER}/model/model.safetensors"


def short(**resources):
    """Return a training so short that sums in another order do not lead it elsewhere."""
    config = experiment(resources=RESOURCES | resources)
    config["methods"]["sft"] |= {"budget": {"updates": 20}, "learning_rate": 0.003}
    return config


@pytest.fixture(scope="module")
def one(trained, tmp_path_factory):
    """The folder of a training in one process."""
    folder = only_prepared(trained, tmp_path_factory.mktemp("one") / "folder")
    train_here(folder, short())
    return folder


@pytest.fixture(scope="module")
def two(trained, tmp_path_factory):
    """The folder of a training on two nodes that nothing has interrupted."""
    folder = only_prepared(trained, tmp_path_factory.mktemp("two") / "folder")
    status, output = Start(folder, TRAINING, config=short(nodes=2)).wait()
    assert status == 0, output
    return folder


def test_two_nodes_make_the_model_of_one_process(one, two):
    (job,) = submitted(two)
    asked = [job[key] for key in ("NumNodes", "NumTasks", "TresPerNode", "MinMemoryNode")]
    assert asked == ["2", "2", "gres:gpu:1", "1500M"]
    assert (job["Partition"], job["NodeList"]) == ("gpu", "node[1-2]")

    first, second = (json.loads((folder / TRAINING).read_text()) for folder in (one, two))
    for name in ("examples", "target_tokens"):
        assert second["cost"][name] == first["cost"][name]
    for kind in ("validation", "history"):
        for before, after in zip(first[kind], second[kind], strict=True):
            assert after == pytest.approx(before, rel=1e-3, abs=1e-6)
    weights, others = load_file(one / MODEL), load_file(two / MODEL)
    assert weights.keys() == others.keys()
    largest = max(weight.abs().max() for weight in weights.values())
    for name, weight in weights.items():
        torch.testing.assert_close(others[name], weight, atol=1e-4 * largest, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("cause", ["cancelled", "killed"])
def test_a_training_on_two_nodes_goes_on(trained, two, tmp_path, cause):
    folder = only_prepared(trained, tmp_path / "folder")
    start = Start(folder, TRAINING, config=short(nodes=2, gpus=0))
    processes = hold(start, folder)
    assert len(processes) == 2
    (job,) = submitted(folder)
    if cause == "cancelled":
        slurm("scancel", job["JobId"])
    else:  # one of the two; the other one must not wait for it
        os.kill(processes[1], signal.SIGKILL)
        os.kill(processes[0], signal.SIGCONT)
    status, output = start.wait()
    assert status == 0, output
    (number,) = re.findall("resuming from checkpoint-([0-9]+)", (folder / LOG).read_text())
    # Slurm tells it, and waits some seconds: it writes one between those of its validations
    assert int(number) % 10 if cause == "cancelled" else number == "10"
    assert len(submitted(folder)) == 2
    assert sha256(folder / MODEL) == sha256(two / MODEL)
