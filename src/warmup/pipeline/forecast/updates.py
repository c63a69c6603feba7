"""The work of one update of a method, and how many updates each run makes."""

import math
from collections.abc import Callable, Iterable, Mapping

from warmup.config.settings import MethodConfig, RunConfig
from warmup.pipeline.forecast import operations
from warmup.pipeline.forecast.lengths import Lengths
from warmup.pipeline.forecast.operations import Batch, Network, Work

MAX_LOGITS = 2**26
"""More logits than these are computed again for the gradient, see `warmup.models.projection`."""


def of_method(
    method: MethodConfig,
    net: Network,
    lengths: Lengths,
    *,
    checkpointed: bool = False,
    frozen: bool = False,
) -> list[Work]:
    """Return the work of an update after the reference KL and the settling have ended.

    Args:
        method: with its defaults.
        net: the network.
        lengths: of the training examples.
        checkpointed: whether the backward pass computes activations again.
        frozen: whether only an adapter is trained.
    """
    shape = batch_of(method, lengths)
    parts = micro_batches(method, shape)
    small = Batch(shape.batch / parts, shape.source, shape.target, shape.samples, shape.warmup)
    settings = method.sampling
    if settings is None:
        works = operations.sft(net, small)
    elif settings.predefined:
        works = _predefined(net, small)
    else:
        works = operations.exact(net, small, settings.backprop_samples)
    if method.drafts:
        works = works + operations.sft(net, small)[1:]
    if frozen:
        works = [work.frozen() for work in works]
    again = 4 / 3 if checkpointed else 1
    whole = [work if work.projects else work.times(again) for work in works]
    return with_recomputation(whole, net) * parts


def with_recomputation(works: Iterable[Work], net: Network) -> list[Work]:
    """Return work with logits computed again for the gradient, where they are too many to keep."""
    return [
        work.times(1, flops=4 / 3) if work.trained_logits(net) > MAX_LOGITS else work
        for work in works
    ]


def batch_of(method: MethodConfig, lengths: Lengths) -> Batch:
    """Return the mean lengths of a batch, padded to its longest examples."""
    source, target = lengths.padded(method.batch_size)
    sampling = method.sampling
    if sampling is None:
        return Batch(method.batch_size, source, target)
    return Batch(method.batch_size, source, target, sampling.samples, sampling.max_tokens)


def micro_batches(method: MethodConfig, shape: Batch) -> int:
    """Return into how many parts a batch is split, see `warmup.training.microbatches`."""
    if method.max_tokens_per_microbatch is None:
        return 1
    own = (shape.target + shape.warmup + 1) * shape.samples if shape.samples else shape.target
    tokens = shape.batch * (shape.source + own)
    return min(math.ceil(tokens / method.max_tokens_per_microbatch), method.batch_size)


def of_run(
    method: MethodConfig,
    net: Network,
    lengths: Lengths,
    updates: int,
    *,
    checkpointed: bool = False,
    frozen: bool = False,
) -> list[Work]:
    """Return the work of all updates of a run, with those that have a reference KL."""
    each = of_method(method, net, lengths, checkpointed=checkpointed, frozen=frozen)
    works = [work.times(updates) for work in each]
    kl = method.reference_kl
    if kl and method.sampling and not method.sampling.predefined:
        during = updates if kl.final else min(kl.updates, updates)
        extra = operations.reference_kl(net, batch_of(method, lengths))
        works += [work.times(during) for work in extra]
    return works


def counts(runs: Mapping[str, RunConfig], flops: Callable[[str, int], float]) -> dict[str, int]:
    """Return the updates of each run; those of a budget that names a method follow from its own.

    Args:
        runs: by name, all of the experiment.
        flops: returns the operations of so many updates of a run.
    """
    found: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in found:
            method, own = runs[name].method, runs[name].run.method
            if method.budget.updates is not None:
                found[name] = method.budget.updates
            else:
                other = name.replace(f"/{own}/", f"/{method.budget.method}/")
                found[name] = of(other)
                if method.budget.same_compute_as:
                    found[name] = math.ceil(flops(other, of(other)) / flops(name, 1))
        return found[name]

    return {name: of(name) for name in runs}


def _predefined(net: Network, shape: Batch) -> list[Work]:
    """Return the work of an update whose warmup is given: a longer target."""
    longer = Batch(shape.batch, shape.source, shape.target + shape.warmup + 1)
    return operations.sft(net, longer)
