"""Floating-point operations, as PyTorch counts them while they are executed."""

from typing import Any

import torch
from torch.utils.flop_counter import (
    FlopCounterMode,
    sdpa_backward_flop_count,
    sdpa_flop_count,
)


def count_flops() -> Any:
    """Return a context that counts the operations executed in it; see its `get_total_flops()`.

    Matrix products, convolutions and fused attention are counted, two operations for each
    multiply-add; element-wise operations are not. PyTorch's own counter leaves out the fused
    attention of the CPU.
    """
    attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
    return FlopCounterMode(
        display=False,
        custom_mapping={
            attention: _attention,
            backward: _attention_backward,
        },
    )


def _attention(query: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
    return sdpa_flop_count(query, key, value)  # type: ignore[no-untyped-call]


def _attention_backward(
    gradient: Any, query: Any, key: Any, value: Any, *args: Any, **kwargs: Any
) -> Any:
    return sdpa_backward_flop_count(gradient, query, key, value)  # type: ignore[no-untyped-call]
