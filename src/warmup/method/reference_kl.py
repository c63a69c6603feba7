"""The reference KL: a penalty that keeps warmups near those of the start model.

    v(u) · (1/N) Σ_n Σ_i KL( P(·|x,c_n,<i) ‖ P_ref(·|x,c_n,<i) )
    v(u) = final + (weight − final) · max(0, 1 − u / updates)

P_ref is the model that training started from, without dropout. The term is our choice, not the
paper's: docs/method.md says why.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from warmup.config.settings import ReferenceKLConfig
from warmup.data.batches import IGNORED, Batch
from warmup.method.schedule import fall
from warmup.method.scoring import Branches, Scores, evaluating
from warmup.models import lora
from warmup.models.interface import EncodedInput, LanguageModel
from warmup.models.projection import Projection, divergences


class ReferenceKL:
    """The start model, and the divergence of the trained model from it.

    Args:
        model: the model before training. Its network is copied; with LoRA it is its own start
            model without the adapter.
        settings: the weight and its schedule, and the direction of the divergence.
    """

    def __init__(self, model: LanguageModel, settings: ReferenceKLConfig) -> None:
        self.settings = settings
        self.reference = copy.copy(model)
        if not lora.is_adapted(model.network):
            self.reference.network = copy.deepcopy(model.network).eval().requires_grad_(False)

    def weight(self, update: int) -> float:
        """Return v(u): it falls linearly from `weight` to `final` and then stays."""
        return fall(update, self.settings.weight, self.settings.final, self.settings.updates)

    def divergence(
        self, model: LanguageModel, scores: Scores, branches: Branches, batch: Batch
    ) -> torch.Tensor:
        """Return Σ_i KL of each warmup [B, N], nats, with a gradient for the model.

        Args:
            model: the trained model.
            scores: its scores of the branches.
            branches: N warmups and targets per example.
            batch: the B examples.
        """
        with torch.no_grad(), self._start_model() as reference:
            source = reference.encode(batch["input_ids"], batch["mask"])
            start = reference_states(reference, source, branches)
            projection = reference.projection
        forward = self.settings.divergence == "forward"
        return divergence(model, scores, branches, projection, start, forward=forward)

    @contextmanager
    def _start_model(self) -> Iterator[LanguageModel]:
        """Yield the start model, without dropout."""
        network = self.reference.network
        if not lora.is_adapted(network):
            yield self.reference
            return
        with lora.adapter_off(network), evaluating(network):
            yield self.reference


def reference_states(
    reference: LanguageModel, source: EncodedInput, branches: Branches
) -> torch.Tensor:
    """Return the reference's last hidden states [R, D] of all R tokens of warmups.

    Args:
        reference: the reference model.
        source: the inputs, encoded by it.
        branches: N warmups and targets per example.
    """
    columns = branches.warmup_labels.shape[-1]
    ids, valid = branches.ids[..., :columns], branches.valid[..., :columns]
    states = reference.branch_states(reference.network, source, ids, valid)
    return states.flatten(0, 2).index_select(0, branches.warmup_rows)


def divergence(
    model: LanguageModel,
    scores: Scores,
    branches: Branches,
    reference_projection: Projection,
    reference_states: torch.Tensor,
    *,
    forward: bool = False,
) -> torch.Tensor:
    """Return Σ_i KL( P(·|x,c_<i) ‖ P_ref(·|x,c_<i) ) of each warmup [B, N], nats.

    Args:
        model: the model.
        scores: its scores of the branches.
        branches: N warmups and targets per example.
        reference_projection: of the reference model; it gets no gradient.
        reference_states: [R, D] its last hidden states.
        forward: KL( P_ref ‖ P ) instead.
    """
    labels = branches.warmup_labels
    each = divergences(
        model.projection,
        scores.states,
        reference_projection,
        reference_states,
        model.tokens.excluded,
        forward=forward,
    )
    zeros = torch.zeros(labels.shape, device=labels.device)
    return zeros.masked_scatter(labels != IGNORED, each).sum(-1)
