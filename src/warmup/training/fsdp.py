"""Divide a network's weights, gradients and optimiser state among processes (FSDP2).

What lasts from one update to the next is divided: weights in float32, gradients and the two
moments of AdamW, 16 bytes for each weight. During an update every process has all weights and
gradients, in the precision of the arithmetic. The reason is sampling, which goes through the
network once for each token, and would have to gather the weights as often.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor

FULL = StateDictOptions(full_state_dict=True, cpu_offload=True)
"""State in the form that one process alone would have."""
TRAINED = replace(FULL, ignore_frozen_params=True)


def shard(network: torch.nn.Module, low_precision: bool) -> None:
    """Divide a network among all processes, in place; the process group has to exist.

    All weights are one group, gathered and reduced once per update. So processes may sample
    different numbers of tokens, and go through the network a different number of times.

    Args:
        network: on its device; all processes have the same weights.
        low_precision: compute in bfloat16.
    """
    processes = torch.distributed.get_world_size()
    device = next(network.parameters()).device.type
    dtype = torch.bfloat16 if low_precision else None
    fully_shard(
        network,
        mesh=init_device_mesh(device, (processes,)),
        reshard_after_forward=False,
        mp_policy=MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32),
    )


def with_full_parameters(
    network: torch.nn.Module, name: str, function: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function that finds all weights in the network, and whose gradient is divided.

    No argument may have a gradient, since the gradient is reduced at the inputs.

    Args:
        network: divided by `shard`.
        name: of the method that the function becomes of the network.
        function: from tensors to tensors.
    """

    def without_hooks(*args: Any) -> Any:
        with _no_hooks(network):
            return function(*args)

    setattr(network, name, without_hooks)
    register_fsdp_forward_method(network, name)
    method: Callable[..., Any] = getattr(network, name)
    return method


@contextmanager
def _no_hooks(network: torch.nn.Module) -> Iterator[None]:
    """Let calls of the network run without FSDP's hooks, which would divide the weights after each.

    Each forward pass would then gather them again, and processes make different numbers of passes.
    """
    hooks = network._forward_pre_hooks, network._forward_hooks
    network._forward_pre_hooks, network._forward_hooks = OrderedDict(), OrderedDict()
    try:
        yield
    finally:
        network._forward_pre_hooks, network._forward_hooks = hooks


@contextmanager
def no_grad_sync(network: Any) -> Iterator[None]:
    """Let a backward pass add to the full gradient, which a later pass will reduce."""
    network.set_requires_gradient_sync(False)
    network.set_reshard_after_backward(False)
    try:
        yield
    finally:
        network.set_requires_gradient_sync(True)
        network.set_reshard_after_backward(True)


def full_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Return the full tensor of a DTensor, any other tensor unchanged."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def full_weights(network: torch.nn.Module) -> dict[str, Any]:
    """Return all weights that are trained, on the CPU, in the first process, {} in the others.

    All processes have to call.
    """
    return get_model_state_dict(network, options=TRAINED)


def load_weights(network: torch.nn.Module, path: Path) -> None:
    """Give each process its share of the weights in a file of safetensors."""
    options = StateDictOptions(full_state_dict=True, strict=False)  # it has tied weights only once
    state: dict[str, Any] = load_file(path)
    set_model_state_dict(network, state, options=options)


def full_optimizer_state(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Return the whole state of an optimiser, as `full_weights` does."""
    return get_optimizer_state_dict(network, optimizer, options=FULL)


def load_optimizer_state(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Give each process its share of the state of an optimiser."""
    set_optimizer_state_dict(network, optimizer, state, options=FULL)
