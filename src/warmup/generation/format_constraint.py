"""The form of a decoder sequence, `c SEP y`, which generation keeps."""

import torch
from transformers import LogitsProcessor

from warmup.models.interface import LanguageModel


class WarmupBoundary(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """Lets c have no special token and at most so many tokens, and y no separator.

    The scores of a sequence then sum to log P(c|x) + log P(y|x,c) as `warmup.method.scoring`
    defines them: within c among the tokens that it can have, and a separator that the limit forces
    costs nothing.
    """

    def __init__(self, model: LanguageModel, prompt: int, max_warmup_tokens: int) -> None:
        self.prompt = prompt
        self.limit = max_warmup_tokens
        self.separator = model.tokens.separator
        self.excluded = torch.tensor(model.tokens.excluded, device=model.network.device)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return log-probabilities [R, V], -inf where the form does not allow a token.

        Args:
            input_ids: [R, T] prompt and what is written so far.
            scores: [R, V] log-probabilities of the next token.
        """
        written = input_ids[:, self.prompt :]
        inside = ~(written == self.separator).any(-1, keepdim=True)
        # a second separator would make the output ambiguous
        of_output = scores.clone()
        of_output[:, self.separator] = -torch.inf
        if not inside.any():
            return of_output
        return torch.where(inside, self._of_warmup(scores, written.shape[-1]), of_output)

    def _of_warmup(self, scores: torch.Tensor, position: int) -> torch.Tensor:
        if position < self.limit:
            return scores.index_fill(-1, self.excluded, -torch.inf).log_softmax(-1)
        forced = torch.full_like(scores, -torch.inf)
        forced[:, self.separator] = 0.0
        return forced
