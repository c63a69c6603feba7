"""Which devices a training uses: one GPU a process, whatever there is."""

import pytest
import torch

from helpers import tiny
from warmup.common.errors import InputError
from warmup.training.arguments import training_arguments


@pytest.fixture
def two_gpus(monkeypatch):
    """A machine with two GPUs, as far as PyTorch says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)


def test_a_process_has_one_of_two_gpus_and_the_batch_of_the_configuration(two_gpus, tmp_path):
    args = training_arguments(tiny.typed(tiny.resolved("sft", batch_size=8)), 8, tmp_path)
    assert args.device == torch.device("cuda:0")
    assert args.n_gpu == 1
    assert (args.train_batch_size, args.eval_batch_size) == (8, 8)


def test_without_a_gpu_training_is_on_the_cpu(tmp_path):
    args = training_arguments(tiny.typed(tiny.resolved("sft")), 8, tmp_path)
    assert (args.device, args.n_gpu) == (torch.device("cpu"), 0)


def test_more_processes_than_gpus_are_refused(two_gpus, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    with pytest.raises(InputError, match="4 processes on a machine with 2 GPUs; set resources"):
        training_arguments(tiny.typed(tiny.resolved("sft")), 8, tmp_path)


class Absent:
    """Operators of a library that PyTorch was built without."""

    def __getattr__(self, name):
        raise AttributeError(f"'_OpNamespace' 'mkldnn' object has no attribute '{name}'")


def test_a_build_without_onednn_trains_and_generates(run, monkeypatch):
    from warmup.generation.sequence_generator import SequenceGenerator
    from warmup.models.checkpoint_format import format_of

    monkeypatch.setattr(torch.ops, "mkldnn", Absent())
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    model, training = run("warmup", updates=2)
    assert training["cost"]["flops"] > 0
    model.network.eval()
    generator = SequenceGenerator(
        model, format_of(tiny.typed(training["config"])), beams=1, batch_size=2, progress=False
    )
    assert len(generator.generate([[5, 6], [7]])) == 2
