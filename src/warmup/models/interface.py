"""What the method asks of a network: encode an input once, decode step by step, score branches.

Shapes: B examples, N branches (warmups) per example, S source tokens, L decoder tokens, D the width
of the last hidden states, V the vocabulary.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from warmup.models import marker_rows
from warmup.models.projection import Projection

CAP = "final_logit_softcapping"
"""Setting of networks that cap their logits (Gemma 2)."""
UNCAPPED = 2.0**64
"""A cap that changes no bit of any logit; some configurations do not accept None."""


@dataclass(frozen=True)
class Tokens:
    """Ids with a role in the decoder sequence `START c_1 … c_m SEP y_1 … y_T EOS`."""

    start: int
    separator: int
    end: int
    pad: int
    excluded: tuple[int, ...]
    """Tokens that no warmup contains: special tokens, and rows of the vocabulary without a token.
    P(c|x) is normalised without them."""

    @property
    def of_form(self) -> tuple[int, ...]:
        """Tokens that no text contains, whether or not the tokenizer calls them special."""
        return self.start, self.separator, self.end, self.pad


@dataclass(frozen=True)
class EncodedInput:
    """A batch of inputs, encoded once for sampling and scoring."""

    input_ids: torch.Tensor
    """[B, S]"""
    mask: torch.Tensor
    """[B, S], 1 at tokens and 0 at padding."""
    states: Any = None
    """Encoder-decoder: the encoder's output [B, S, D]."""
    keys: tuple[tuple[torch.Tensor, torch.Tensor], ...] = ()
    """Decoder-only, after `cache_prompt`: keys and values [B, heads, S, D] of each layer."""


class LanguageModel(ABC):
    """A network with its tokenizer."""

    auto_class: Any
    """The `transformers` class that loads such networks."""
    pads_left: bool
    """Whether inputs are padded on the left."""

    def __init__(
        self,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        tokens: Tokens,
    ) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.tokens = tokens

    @property
    def markers(self) -> tuple[int, ...]:
        """Tokens that have no meaning before the model is trained here."""
        return (self.tokens.separator,)

    @staticmethod
    @abstractmethod
    def start_token(
        network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt_end: str
    ) -> int:
        """Return the id of START, which begins the decoder sequence.

        Args:
            network: the network.
            tokenizer: its tokenizer.
            prompt_end: the token that a model entry names for decoder-only networks.
        """

    @abstractmethod
    def encode(self, input_ids: torch.Tensor, mask: torch.Tensor) -> EncodedInput:
        """Encode inputs [B, S] as far as every later use needs it."""

    def cache_prompt(self, source: EncodedInput) -> EncodedInput:
        """Compute what sampling and scoring would otherwise each compute for the prompt."""
        return source

    @abstractmethod
    def prefill(self, source: EncodedInput, samples: int) -> tuple[torch.Tensor, Any]:
        """Feed START for N branches per example; return logits [B, N, V] and the cache."""

    @abstractmethod
    def decode_step(self, tokens: torch.Tensor, cache: Any) -> tuple[torch.Tensor, Any]:
        """Feed one token per branch [B, N]; return the next logits [B, N, V] and the cache."""

    @abstractmethod
    def branch_states(
        self, network: torch.nn.Module, source: EncodedInput, ids: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Return last hidden states [B, N, L, D] of N branches per example.

        Args:
            network: the network, or the wrapper that a distributed trainer put around it.
            source: the inputs.
            ids: [B, N, L] decoder tokens of each branch.
            valid: [B, N, L] bool, False at padding; the tokens of a branch are contiguous.
        """

    @property
    @abstractmethod
    def can_continue(self) -> bool:
        """Whether `continue_from_cache` works; if not, score branches with `branch_states`."""

    @abstractmethod
    def continue_from_cache(
        self,
        source: EncodedInput,
        cache: Any,
        ids: torch.Tensor,
        valid: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Feed what follows the sampled warmups; return last hidden states [B, N, L − K, D].

        Column 0 of the result is the last token of `START c`, column 1 the separator, and the
        target follows. Only for a model that `can_continue`.

        Args:
            source: the inputs.
            cache: of the `prefill` and `decode_step` that sampled the warmups. It is used up.
            ids: [B, N, L] decoder tokens of each branch, aligned so that the separator is in the
                same column K + 1 of every branch.
            valid: [B, N, L] bool, False at padding.
            lengths: [B, N] tokens of each warmup; K is the largest.
        """

    @property
    def projection(self) -> Projection:
        """The map from the network's last hidden states to its logits."""
        head = self.network.get_output_embeddings()
        cap = getattr(self._text_config, CAP, None)
        rows = marker_rows.of(self.network)
        change = (rows.ids, rows.predicted) if rows and rows.enabled else (None, None)
        extra = dict(self.network.named_buffers(recurse=False)).get("final_logits_bias")
        if extra is None:
            return Projection(head.weight, head.bias, cap, *change)
        bias = extra[0] if head.bias is None else extra[0] + head.bias
        return Projection(head.weight, bias, cap, *change)  # of the BART family

    def last_hidden_states(self, network: torch.nn.Module, **inputs: Any) -> torch.Tensor:
        """Run the network without its vocabulary head; return last hidden states [R, L, D].

        A distributed wrapper has to be called as a whole: calling the layers inside it would miss
        the gradient's reduction. So the network runs with a head that returns its input, without
        the bias and the cap that some types apply to logits, and gives the states as its `logits`.

        Args:
            network: the network, or the wrapper that a distributed trainer put around it.
            inputs: arguments of its forward pass.
        """
        own = self.network
        head = own.get_output_embeddings()
        buffers = dict(own.named_buffers(recurse=False))
        extra, cap = buffers.get("final_logits_bias"), getattr(self._text_config, CAP, None)
        head.forward = lambda states: states
        if extra is not None:
            own.final_logits_bias = extra.new_zeros(1, 1)
        if cap is not None:
            setattr(self._text_config, CAP, UNCAPPED)
        try:
            states: torch.Tensor = network(**inputs).logits
        finally:
            del head.forward
            if extra is not None:
                own.final_logits_bias = extra
            if cap is not None:
                setattr(self._text_config, CAP, cap)
        return states

    @property
    def _text_config(self) -> Any:
        """The configuration of the part that generates text, if a network has several parts."""
        return self.network.config.get_text_config(decoder=True)

    @abstractmethod
    def plain_logits(self, input_ids: list[int], decoder_ids: list[int]) -> torch.Tensor:
        """Return the logits [L, V] after each of L decoder tokens, from one plain forward pass.

        It takes one sequence and only its token ids: masks, positions and caches are left to the
        network.
        """

    @abstractmethod
    def generation_inputs(
        self, source: EncodedInput, prefix: torch.Tensor | None = None
    ) -> tuple[dict[str, Any], int]:
        """Return the inputs of `generate()`, and how many tokens of its output precede the warmup.

        Args:
            source: the inputs.
            prefix: [B, P] given tokens after START; the output repeats them.
        """


def branch_mask(valid: torch.Tensor) -> torch.Tensor:
    """Return which positions of packed branches may attend to which.

    Args:
        valid: [B, N, L] bool.

    Returns:
        [B, N·L, N·L] bool. Attention is causal within a branch and absent between branches.
        Padding is never a key, except that each position sees itself: a softmax over nothing is
        NaN.
    """
    batch, branches, length = valid.shape
    causal = torch.ones(length, length, dtype=torch.bool, device=valid.device).tril()
    own = causal & valid[:, :, None, :] | torch.eye(length, dtype=torch.bool, device=valid.device)
    same = torch.eye(branches, dtype=torch.bool, device=valid.device)
    packed = own[:, :, :, None, :] & same[:, None, :, None]
    return packed.reshape(batch, branches * length, branches * length)
