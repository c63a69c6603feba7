"""The direct implementation instead of `warmup.method.criterion` in a whole training run."""

from collections.abc import Sequence

import torch

from benchmarks import direct
from warmup.common.errors import InputError
from warmup.config.settings import LossConfig
from warmup.data.batches import Batch
from warmup.method.criterion import Criterion
from warmup.method.diagnostics import Diagnostics, describe_samples
from warmup.method.sampling import Warmups
from warmup.models.interface import LanguageModel

OBJECTIVE = {"tau": 1.0, "length_normalised": False, "control_variate": True}
"""Settings of `reweighted` that `benchmarks.direct` computes: the defaults."""
SAMPLING = {
    "temperature": 1.0,
    "predefined": None,
    "backprop_samples": None,
    "adaptive_samples": None,
    "settle": 0,
}
"""Settings of sampling that `benchmarks.direct` computes."""


def check_direct(method: LossConfig, where: str) -> None:
    """Check that `benchmarks.direct` computes a method.

    Args:
        method: the method.
        where: the beginning of the message.

    Raises:
        InputError: it computes another objective, other settings of it, another kind of sampling
            or another divergence; the message names the first setting that differs.
    """
    if method.sampling is None:
        raise InputError(f"{where}: sampling: the direct implementation needs it, got null")
    computed: dict[str, object] = {"objective": "reweighted"}
    found: dict[str, object] = {"objective": method.objective}
    computed |= {f"objective_settings.{key}": value for key, value in OBJECTIVE.items()}
    objective = OBJECTIVE | dict(method.objective_settings)
    found |= {f"objective_settings.{key}": value for key, value in objective.items()}
    computed |= {f"sampling.{key}": value for key, value in SAMPLING.items()}
    found |= {f"sampling.{key}": getattr(method.sampling, key) for key in SAMPLING}
    computed["drafts"], found["drafts"] = None, method.drafts
    if method.reference_kl:
        computed["reference_kl.divergence"] = "reverse"
        found["reference_kl.divergence"] = method.reference_kl.divergence
    for key, value in computed.items():
        if found[key] != value:
            raise InputError(
                f"{where}: {key}: the direct implementation computes only {value!r}, got "
                f"{found[key]!r}"
            )


class DirectCriterion(Criterion):
    """`reweighted` with or without a reference KL, computed as in `benchmarks.direct`.

    Validation, whose time is not counted, is that of the package. Warmups are drawn with the random
    numbers of PyTorch, so they differ from those that the package draws for the same seed.

    Raises:
        InputError: the direct implementation does not compute the method.
    """

    def __init__(
        self,
        model: LanguageModel,
        method: LossConfig,
        seed: int,
        targets: Sequence[Sequence[int]] = (),
    ) -> None:
        check_direct(method, "method")
        super().__init__(model, method, seed, targets)

    def losses(
        self, network: torch.nn.Module, batch: Batch, update: int
    ) -> tuple[torch.Tensor, Diagnostics]:
        """Return the loss of each example [B], nats, and its diagnostics."""
        samples, max_tokens = self.sampling.samples, self.sampling.max_tokens
        warmups = direct.sample(self.model, batch, samples, max_tokens)
        return self.losses_of(batch, update, warmups)

    def losses_of(
        self, batch: Batch, update: int, warmups: Warmups
    ) -> tuple[torch.Tensor, Diagnostics]:
        """Return the same for given warmups."""
        samples = warmups.ids.shape[1]
        rows = direct.forward(self.model, batch, warmups)
        s, l, log_allowed = direct.log_probabilities(self.model, rows, samples)
        losses = direct.reweighted(s, l) - log_allowed.mean(-1)
        if self.reference_kl and (weight := self.reference_kl.weight(update)):
            reference = self.reference_kl.reference
            kl = direct.divergence(self.model, reference, batch, rows, samples)
            losses = losses + weight * kl.mean(-1)
        return losses, describe_samples(warmups, l.detach(), batch["labels"])
