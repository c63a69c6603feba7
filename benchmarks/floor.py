"""The least time that a step can take: its operations at the measured rate of matrix products.

`warmup.pipeline.forecast.operations` counts them. In a decoder-only network x and y go through the
same layers, but y sees no more of x than keys and values: P_source ends here with those of the last
layer, in which x need not attend. So no implementation reaches the floor.
"""

from collections.abc import Callable, Iterable

from benchmarks.rates import rate
from benchmarks.shapes import Shape
from warmup.pipeline.forecast import operations
from warmup.pipeline.forecast.operations import Batch, Network, Work


def _batch(shape: Shape) -> Batch:
    return Batch(shape.batch, shape.source, shape.target, shape.samples, shape.warmup)


def sft(net: Network, shape: Shape) -> list[Work]:
    """Return the operations of a step of supervised fine-tuning."""
    return operations.sft(net, _batch(shape))


def exact(net: Network, shape: Shape, backprop: int | None = None) -> list[Work]:
    """Return the operations of a warmup step; `backprop` is M, None for all N."""
    return operations.exact(net, _batch(shape), backprop)


FLOORS: dict[str, Callable[[Network, Shape], list[Work]]] = {
    "sft": sft,
    "likelihood": sft,
    "exact": exact,
    "one_sample": lambda net, shape: exact(net, shape, backprop=1),
}
"""By variant of `benchmarks.steps`."""


def flops(works: Iterable[Work]) -> float:
    """Return the total of the operations."""
    return operations.flops(works)


def seconds(net: Network, works: list[Work], device: str, dtype: str) -> float:
    """Return the seconds of the operations at the rate of products of their size, measured now."""
    return sum(
        work.flops
        / rate(
            int(work.rows),
            net.width,
            net.vocabulary if work.projects else net.inner,
            device,
            dtype,
        )
        for work in works
    )
