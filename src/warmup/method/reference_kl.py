"""The reference KL: a penalty that keeps warmups near those of the start model.

    v(u) · (1/N) Σ_n Σ_i KL( P(·|x,c_n,<i) ‖ P_ref(·|x,c_n,<i) )
    v(u) = final + (weight − final) · max(0, 1 − u / updates)

P_ref is the model that training started from, without dropout. The term is our choice, not the
paper's: docs/method.md says why.
"""

import copy

import torch

from warmup.config.settings import ReferenceKLConfig
from warmup.data.batches import IGNORED, Batch
from warmup.method.schedule import fall
from warmup.method.scoring import Branches, Scores
from warmup.models.interface import EncodedInput, LanguageModel
from warmup.models.projection import divergences


class ReferenceKL:
    """A copy of the start model, and the divergence of the trained model from it.

    Args:
        model: the model before training; its network is copied.
        settings: the weight and its schedule, and the direction of the divergence.
    """

    def __init__(self, model: LanguageModel, settings: ReferenceKLConfig) -> None:
        self.settings = settings
        self.reference = copy.copy(model)
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
        with torch.no_grad():
            source = self.reference.encode(batch["input_ids"], batch["mask"])
        forward = self.settings.divergence == "forward"
        return divergence(model, scores, self.reference, source, branches, forward=forward)


def divergence(
    model: LanguageModel,
    scores: Scores,
    reference: LanguageModel,
    reference_source: EncodedInput,
    branches: Branches,
    *,
    forward: bool = False,
) -> torch.Tensor:
    """Return Σ_i KL( P(·|x,c_<i) ‖ P_ref(·|x,c_<i) ) of each warmup [B, N], nats.

    Args:
        model: the model.
        scores: its scores of the branches.
        reference: the reference model; it gets no gradient.
        reference_source: the inputs, encoded by the reference model.
        branches: N warmups and targets per example.
        forward: KL( P_ref ‖ P ) instead.
    """
    labels = branches.warmup_labels
    columns = labels.shape[-1]
    with torch.no_grad():
        ids, valid = branches.ids[..., :columns], branches.valid[..., :columns]
        states = reference.branch_states(reference.network, reference_source, ids, valid)
        states = states.flatten(0, 2).index_select(0, branches.warmup_rows)
    each = divergences(
        model.projection,
        scores.states,
        reference.projection,
        states,
        model.tokens.excluded,
        forward=forward,
    )
    zeros = torch.zeros(labels.shape, device=labels.device)
    return zeros.masked_scatter(labels != IGNORED, each).sum(-1)
