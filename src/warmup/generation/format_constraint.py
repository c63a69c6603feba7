"""Keep generated sequences in the form `c SEP y`."""

import torch
from transformers import LogitsProcessor

from warmup.models.interface import LanguageModel


class FormatConstraint(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """Keeps excluded tokens out of c, ends c after K tokens, and allows one separator.

    The scores of a sequence then sum to log P(c|x) + log P(y|x,c) as `warmup.method.scoring`
    defines them: within c probabilities are among the tokens that c can have, and a separator that
    the length limit forces costs nothing.

    Args:
        model: the model.
        prompt: how many tokens of a sequence precede c.
        max_warmup_tokens: K.
    """

    def __init__(self, model: LanguageModel, prompt: int, max_warmup_tokens: int) -> None:
        self.prompt = prompt
        self.limit = max_warmup_tokens
        self.separator = model.tokens.separator
        self.excluded = torch.tensor(model.tokens.excluded, device=model.network.device)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return log-probabilities [R, V], −inf for tokens that the form does not allow.

        Args:
            input_ids: [R, T] prompt and the tokens generated so far.
            scores: [R, V] log-probabilities of the next token.
        """
        generated = input_ids[:, self.prompt :]
        in_warmup = ~(generated == self.separator).any(-1, keepdim=True)
        # a second separator would make the output ambiguous
        of_output = scores.clone()
        of_output[:, self.separator] = -torch.inf
        if not in_warmup.any():
            return of_output
        return torch.where(in_warmup, self._of_warmup(scores, generated.shape[-1]), of_output)

    def _of_warmup(self, scores: torch.Tensor, position: int) -> torch.Tensor:
        """Return log-probabilities [R, V] of the next token of c, or of the forced separator."""
        if position < self.limit:
            return scores.index_fill(-1, self.excluded, -torch.inf).log_softmax(-1)
        forced = torch.full_like(scores, -torch.inf)
        forced[:, self.separator] = 0.0
        return forced
