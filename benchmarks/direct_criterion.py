"""The direct implementation in the place of `warmup.method.criterion` in a whole training."""

import torch

from benchmarks import direct
from warmup.data.batches import Batch
from warmup.method.criterion import Criterion
from warmup.method.diagnostics import Diagnostics, describe_samples
from warmup.method.sampling import Warmups


class DirectCriterion(Criterion):
    """`reweighted` with a reference KL, computed as `benchmarks.direct` does it.

    Validation, whose time is not counted, is that of the package. Warmups are drawn from the
    stream of PyTorch, so they are other ones than the package would draw for the same seed.
    """

    def losses(
        self, network: torch.nn.Module, batch: Batch, update: int
    ) -> tuple[torch.Tensor, Diagnostics]:
        """Return the loss of each example [B], nats, and diagnostics of each [B]."""
        samples = self.sampling["samples"]
        warmups = direct.sample(self.model, batch, samples, self.sampling["max_tokens"])
        return self.losses_of(batch, update, warmups)

    def losses_of(
        self, batch: Batch, update: int, warmups: Warmups
    ) -> tuple[torch.Tensor, Diagnostics]:
        """Return the same for given warmups."""
        samples = warmups.ids.shape[1]
        rows = direct.forward(self.model, batch, warmups)
        s, l, mass = direct.log_probabilities(self.model, rows, samples)
        losses = direct.reweighted(s, l) - mass.mean(-1)
        if self.reference_kl and (weight := self.reference_kl.weight(update)):
            kl = direct.divergence(self.model, self.reference_kl.reference, batch, rows, samples)
            losses = losses + weight * kl.mean(-1)
        return losses, describe_samples(warmups, l.detach(), batch["labels"])
