"""Adaptive sampling: fewer warmups for examples whose warmups were all worth the same."""

from collections.abc import Iterable

import torch

from warmup.config.settings import AdaptiveSamplingConfig
from warmup.method.diagnostics import Diagnostics


class AdaptiveSampling:
    """Remembers which examples had flat weights when they were last seen.

    The number of samples is decided before they are drawn, so it adds no bias of its own.

    Args:
        samples: warmups per example, N.
        settings: `min_samples` of an example with flat weights. Weights are flat if the effective
            sample size is at least the fraction `ess_fraction` of the number of samples.
    """

    def __init__(self, samples: int, settings: AdaptiveSamplingConfig) -> None:
        self.samples = samples
        self.settings = settings
        self.flat: set[int] = set()
        """Index of each example whose weights were flat."""

    def counts(self, examples: torch.Tensor) -> list[int]:
        """Return the number of samples of each example, given by its index [B]."""
        fewer = self.settings.min_samples
        return [fewer if i in self.flat else self.samples for i in examples.tolist()]

    def observe(self, examples: torch.Tensor, notes: Diagnostics) -> list[tuple[int, bool]]:
        """Return the index of each example and whether its weights are flat.

        A single sample, as during settling, has no weights to compare and is never flat.

        Args:
            examples: [B] index of each example.
            notes: diagnostics of the examples.
        """
        samples = notes["samples"]
        least = self.settings.ess_fraction * samples
        flat = (notes["effective_sample_size"] >= least) & (samples > 1)
        return list(zip(examples.tolist(), flat.tolist(), strict=True))

    def remember(self, observed: Iterable[tuple[int, bool]]) -> None:
        """Remember what `observe` returned, in any process, until the examples come again."""
        for example, is_flat in observed:
            (self.flat.add if is_flat else self.flat.discard)(example)
