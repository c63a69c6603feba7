"""Drafts: before rewards count, the warmup is a first draft of the target, and is corrected.

While the model settles, the warmup of an example is as long as its target (K tokens at most), and
each token is drawn from P(·|x,y_<i), given the target's own tokens before it. One forward pass
draws them all. The loss has the term

    v(u) · (1/N) Σ_n Σ_i −log P(y_i|x,c_n,<i)

at settling's drafts and, later, at sampled warmups: after its own tokens, right or wrong, the model
learns what the target has at that place, with the separator where the target ends. This is
scheduled sampling (Bengio et al., arXiv 1506.03099), drawn in parallel (Duckworth et al., arXiv
1906.04331). It is our choice, not the paper's: docs/method.md says why.
"""

import torch

from warmup.config.settings import DraftsConfig
from warmup.data.batches import IGNORED
from warmup.method.sampling import Warmups, draw, restrict
from warmup.method.schedule import fall
from warmup.method.scoring import Branches, Scores, target_states
from warmup.models.interface import EncodedInput, LanguageModel
from warmup.models.projection import label_log_probabilities


class Drafts:
    """The term of the loss that corrects drafts.

    Args:
        settings: the weight of the term and its schedule.
    """

    def __init__(self, settings: DraftsConfig) -> None:
        self.settings = settings

    def weight(self, update: int) -> float:
        """Return v(u): it falls linearly from `weight` to `final` and then stays."""
        return fall(update, self.settings.weight, self.settings.final, self.settings.updates)

    def nll(
        self, model: LanguageModel, scores: Scores, branches: Branches, labels: torch.Tensor
    ) -> torch.Tensor:
        """Return Σ_i −log P(y_i|x,c_<i) of each warmup [B, N], nats, with a gradient.

        Args:
            model: the model.
            scores: its scores of the branches.
            branches: N warmups and targets per example.
            labels: [B, T] target tokens with their end; -100 is padding.
        """
        corrections = corrected(model, branches, labels)
        rows = branches.warmup_labels != IGNORED
        tokens = corrections[rows]
        log_p, log_allowed = label_log_probabilities(
            model.projection, scores.states, tokens, model.tokens.excluded
        )
        zeros = torch.zeros(rows.shape, device=rows.device)
        return zeros.masked_scatter(rows, log_allowed - log_p).sum(-1)


def corrected(model: LanguageModel, branches: Branches, labels: torch.Tensor) -> torch.Tensor:
    """Return what the target has at each position of P(c|x) [B, N, K+1].

    The separator stands for its end. Ignored is what is not part of P(c|x), what comes after the
    target's end, and tokens that no warmup may contain.
    """
    tokens = model.tokens
    excluded = torch.tensor(tokens.excluded, device=labels.device)
    y = torch.where(labels == tokens.end, tokens.separator, labels)
    y = torch.where(torch.isin(labels, excluded) & (labels != tokens.end), IGNORED, y)
    columns = branches.warmup_labels.shape[-1]
    position = torch.arange(columns, device=labels.device) - branches.lead[..., None]
    within = (position >= 0) & (position < y.shape[-1]) & (branches.warmup_labels != IGNORED)
    y = y[:, None].expand(-1, branches.ids.shape[1], -1)
    return torch.where(within, y.gather(-1, position.clamp(0, y.shape[-1] - 1)), IGNORED)


@torch.no_grad()
def write_drafts(
    model: LanguageModel,
    source: EncodedInput,
    labels: torch.Tensor,
    *,
    max_tokens: int,
    uniform: torch.Tensor,
) -> Warmups:
    """Draw one draft per example, each token given the target's own tokens before it.

    Args:
        model: the model, in evaluation mode.
        source: B encoded inputs.
        labels: [B, T] target tokens with their end; -100 is padding.
        max_tokens: K, the longest draft.
        uniform: [B, 1, K] random numbers in [0, 1).
    """
    lengths = ((labels != IGNORED).sum(-1) - 1).clamp(max=max_tokens)
    ids = torch.full((len(labels), max_tokens), model.tokens.pad, device=labels.device)
    drawn = torch.arange(max_tokens, device=labels.device) < lengths[:, None]
    states = target_states(model, model.network, source, labels)[:, :max_tokens]
    states = torch.nn.functional.pad(states, (0, 0, 0, max_tokens - states.shape[1]))
    logits = model.projection.logits(states[drawn])
    logits = restrict(logits, (*model.tokens.excluded, model.tokens.separator))
    ids[drawn] = draw(logits, uniform[:, 0].to(ids.device)[drawn])
    return Warmups(ids[:, None], lengths[:, None], (lengths >= max_tokens)[:, None])
