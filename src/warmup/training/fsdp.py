"""Divide a network's weights, gradients and optimiser state among processes (FSDP).

What lasts from one update to the next is divided: weights in float32, gradients and the two
moments of AdamW, 16 bytes for each weight. While an update is computed, weights and gradients are
whole in every process, in the precision of the arithmetic. Sampling is why: it goes through the
network once for each token, and would have to gather the weights as often.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)
"""Weights and moments as one process would have them."""


def shard(network: torch.nn.Module, low_precision: bool) -> None:
    """Divide a network among all processes, in place; their number has to be known.

    One group of weights, gathered and reduced once an update: then it does not matter that
    processes sample a different number of tokens or go through the network a different number of
    times.

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


def with_whole_weights(
    network: torch.nn.Module, name: str, function: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function that finds the network's weights whole, and whose gradient is divided.

    No argument may have a gradient, since the gradient is reduced at the inputs.

    Args:
        network: divided by `shard`.
        name: under which the network will have the function.
        function: of tensors, to tensors.
    """

    def alone(*args: Any) -> Any:
        with _without_hooks(network):
            return function(*args)

    setattr(network, name, alone)
    register_fsdp_forward_method(network, name)
    found: Callable[..., Any] = getattr(network, name)
    return found


@contextmanager
def _without_hooks(network: torch.nn.Module) -> Iterator[None]:
    """Let a call of the network be plain: FSDP's would divide the weights again behind it.

    Each pass would then gather them once more, and not all processes have as many passes.
    """
    hooks = network._forward_pre_hooks, network._forward_hooks
    network._forward_pre_hooks, network._forward_hooks = OrderedDict(), OrderedDict()
    try:
        yield
    finally:
        network._forward_pre_hooks, network._forward_hooks = hooks


@contextmanager
def unreduced(network: Any) -> Iterator[None]:
    """Let a backward pass add to the whole gradient, which a later one will reduce."""
    network.set_requires_gradient_sync(False)
    network.set_reshard_after_backward(False)
    try:
        yield
    finally:
        network.set_requires_gradient_sync(True)
        network.set_reshard_after_backward(True)


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor that is, or is not, divided as every process can use it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def weights(network: torch.nn.Module) -> dict[str, Any]:
    """Return whole weights on the CPU in the first process, nothing in others; all must call."""
    return get_model_state_dict(network, options=WHOLE)


def load_weights(network: torch.nn.Module, path: Path) -> None:
    """Give each process its share of the weights in a file of safetensors."""
    options = StateDictOptions(full_state_dict=True, strict=False)  # tied weights are there once
    state: dict[str, Any] = load_file(path)
    set_model_state_dict(network, state, options=options)


def moments(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the whole state of an optimiser, as `weights` does."""
    return get_optimizer_state_dict(network, optimizer, options=WHOLE)


def load_moments(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Give each process its share of an optimiser's state."""
    set_optimizer_state_dict(network, optimizer, state, options=WHOLE)
