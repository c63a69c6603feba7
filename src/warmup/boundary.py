"""The form of a decoder sequence, `c SEP y`, which generation keeps."""

import torch
from transformers import LogitsProcessor

from warmup.models import LanguageModel


class WarmupBoundary(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """Lets c have no special token and at most so many tokens, and y no separator."""

    def __init__(self, model: LanguageModel, prompt: int, max_warmup_tokens: int) -> None:
        self.prompt = prompt
        self.limit = max_warmup_tokens
        self.separator = model.tokens.separator
        self.banned = list(model.tokens.banned)
        self.within: torch.Tensor | None = None
        """[V] bool: what c cannot contain."""

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return scores [R, V] with -inf where the form does not allow a token."""
        written = input_ids[:, self.prompt :]
        inside = ~(written == self.separator).any(-1, keepdim=True)
        if self.within is None:
            self.within = torch.zeros(scores.shape[-1], dtype=torch.bool, device=scores.device)
            self.within[self.banned] = True
            self.elsewhere = torch.zeros_like(self.within)
            self.elsewhere[self.separator] = True
        full = written.shape[-1] >= self.limit
        # a second separator would make the output ambiguous
        forbidden = torch.where(inside, ~self.elsewhere if full else self.within, self.elsewhere)
        return scores.masked_fill(forbidden, float("-inf"))
