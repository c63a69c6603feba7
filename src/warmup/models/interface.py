"""What the method asks of a network: prefix once, continue one token at a time, score branches."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from warmup.models.projection import Projection

CAP = "final_logit_softcapping"
"""The setting of networks that cap their logits (Gemma 2)."""
UNCAPPED = 2.0**64
"""A cap that leaves every number as it is, in all its bits; some settings may not be None."""


@dataclass(frozen=True)
class Tokens:
    """Ids with a part in the decoder sequence `START c_1 … c_m SEP y_1 … y_T EOS`."""

    start: int
    separator: int
    end: int
    pad: int
    banned: tuple[int, ...]
    """Special tokens that a warmup never contains; P(c|x) is normalised without them."""

    @property
    def of_form(self) -> tuple[int, ...]:
        """What no text contains, whether or not the tokenizer calls it special."""
        return self.start, self.separator, self.end, self.pad


@dataclass(frozen=True)
class Source:
    """A batch of inputs, encoded once and used by sampling and scoring."""

    input_ids: torch.Tensor
    """[B, S]"""
    mask: torch.Tensor
    """[B, S], 1 where there is a token."""
    states: Any = None
    """Encoder-decoder: the encoder's output."""
    keys: tuple[tuple[torch.Tensor, torch.Tensor], ...] = ()
    """Decoder-only, once shared: keys and values [B, heads, S, D] of each layer."""


class LanguageModel(ABC):
    """A network with its tokenizer."""

    auto_class: Any
    """The `transformers` class that loads such networks."""
    pads_left: bool
    """On which side inputs are padded."""

    def __init__(
        self,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        tokens: Tokens,
    ) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.tokens = tokens

    @staticmethod
    @abstractmethod
    def start_token(
        network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, spec: dict[str, Any]
    ) -> int:
        """Return the id that begins the decoder sequence."""

    @abstractmethod
    def encode(self, input_ids: torch.Tensor, mask: torch.Tensor) -> Source:
        """Encode inputs [B, S] as far as every use of them needs it."""

    def share(self, source: Source) -> Source:
        """Encode the rest of what sampling and several branches have in common."""
        return source

    @abstractmethod
    def begin(self, source: Source, samples: int) -> tuple[torch.Tensor, Any]:
        """Feed START for N branches per example; return logits [B, N, V] and the cache."""

    @abstractmethod
    def step(self, tokens: torch.Tensor, cache: Any) -> tuple[torch.Tensor, Any]:
        """Feed one token per branch [B, N]; return the next logits [B, N, V] and the cache."""

    @abstractmethod
    def branch_states(
        self, network: torch.nn.Module, source: Source, ids: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Return last states [B, N, L, D] of N branches per example that share their source.

        Args:
            network: the network, or what a distributed trainer has wrapped around it.
            source: the inputs.
            ids: [B, N, L] decoder tokens of each branch.
            valid: [B, N, L] bool, contiguous per branch; other positions are padding.
        """

    def extend(
        self,
        source: Source,
        cache: Any,
        ids: torch.Tensor,
        valid: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor | None:
        """Return last states [B, N, L − K, D] from column K on, with what sampling has cached.

        Args:
            source: the inputs.
            cache: of the `begin` and `step` that sampled the warmups; it is used up.
            ids: [B, N, L] decoder tokens of each branch: K columns that end in all but the last
                token of `START c`, then that token, the separator and the target.
            valid: [B, N, L] bool; other positions are padding.
            lengths: [B, N] tokens of each warmup; K is the most of them.

        Returns:
            None where the network cannot go on behind warmups of different lengths.
        """
        return None

    @property
    def projection(self) -> Projection:
        """What makes the network's logits of its last states."""
        head = self.network.get_output_embeddings()
        cap = getattr(self._settings, CAP, None)
        extra = dict(self.network.named_buffers(recurse=False)).get("final_logits_bias")
        if extra is None:
            return Projection(head.weight, head.bias, cap)
        bias = extra[0] if head.bias is None else extra[0] + head.bias
        return Projection(head.weight, bias, cap)  # of the BART family

    @contextmanager
    def headless(self) -> Iterator[None]:
        """Let the network return its last states in the place of logits."""
        network = self.network
        head = network.get_output_embeddings()
        buffers = dict(network.named_buffers(recurse=False))
        extra, cap = buffers.get("final_logits_bias"), getattr(self._settings, CAP, None)
        head.forward = lambda states: states
        if extra is not None:
            network.final_logits_bias = extra.new_zeros(1, 1)
        if cap is not None:
            setattr(self._settings, CAP, UNCAPPED)
        try:
            yield
        finally:
            del head.forward
            if extra is not None:
                network.final_logits_bias = extra
            if cap is not None:
                setattr(self._settings, CAP, cap)

    @property
    def _settings(self) -> Any:
        """The configuration of what writes text, where a network is made of several."""
        return self.network.config.get_text_config(decoder=True)

    @abstractmethod
    def plain_logits(self, input_ids: list[int], decoder_ids: list[int]) -> torch.Tensor:
        """Return the logits [L, V] behind each of L decoder tokens, from one plain forward pass.

        One sequence, and nothing but token ids: masks, positions and caches are the network's own.
        """

    @abstractmethod
    def generation_inputs(
        self, source: Source, prefix: torch.Tensor | None = None
    ) -> tuple[dict[str, Any], int]:
        """Return what `generate()` takes, and how many of its output tokens are before the warmup.

        Args:
            source: the inputs.
            prefix: [B, P] tokens behind START that are given; the output repeats them.
        """


def branch_mask(valid: torch.Tensor) -> torch.Tensor:
    """Return who may attend to whom among packed branches.

    Args:
        valid: [B, N, L] bool.

    Returns:
        [B, N·L, N·L] bool: causal within a branch, nothing across branches, no padding as a key,
        and each position sees itself so that no softmax is over nothing.
    """
    batch, branches, length = valid.shape
    causal = torch.ones(length, length, dtype=torch.bool, device=valid.device).tril()
    own = causal & valid[:, :, None, :] | torch.eye(length, dtype=torch.bool, device=valid.device)
    same = torch.eye(branches, dtype=torch.bool, device=valid.device)
    packed = own[:, :, :, None, :] & same[:, None, :, None]
    return packed.reshape(batch, branches * length, branches * length)
