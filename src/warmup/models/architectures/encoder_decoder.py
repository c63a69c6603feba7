"""Encoder-decoder networks (T5, mT5, ByT5, BART, …): x is encoded once for all its warmups."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    DynamicCache,
    EncoderDecoderCache,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.modeling_outputs import BaseModelOutput

from warmup.common.errors import InputError
from warmup.models.interface import EncodedInput, LanguageModel, Tokens
from warmup.models.shared_attention import share_keys, shares_keys

RELATIVE_POSITIONS = ("t5", "mt5", "umt5", "longt5")
"""Model types whose decoder uses only distances between tokens (ByT5 is of type t5)."""


@dataclass(frozen=True)
class _RowCache:
    """Encoder states and what the decoder has been fed; after `prefill` each branch is a row."""

    states: torch.Tensor
    """[B or B·N, S, D] encoder states for the rows."""
    mask: torch.Tensor
    """[B or B·N, S], 1 at source tokens."""
    keys: EncoderDecoderCache
    """Keys and values of self-attention and of cross-attention."""


class EncoderDecoder(LanguageModel):
    """START is the network's own decoder start token.

    The constructor changes the network it is given: it switches the attention to `sdpa_shared` if
    the model type allows it, see `warmup.models.shared_attention`. Outputs stay the same.
    """

    auto_class = AutoModelForSeq2SeqLM
    pads_left = False

    def __init__(
        self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: Tokens
    ) -> None:
        super().__init__(network, tokenizer, tokens)
        share_keys(network)

    @staticmethod
    def start_token(
        network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt_end: str
    ) -> int:
        """Return the decoder start token of the network's configuration.

        Raises:
            InputError: it has none.
        """
        start = getattr(network.config, "decoder_start_token_id", None)
        if start is None:
            raise InputError("config.json: it has no decoder_start_token_id")
        return int(start)

    def encode(self, input_ids: torch.Tensor, mask: torch.Tensor) -> EncodedInput:
        """Run the encoder."""
        states = self.network.get_encoder()(input_ids=input_ids, attention_mask=mask)
        return EncodedInput(input_ids, mask, states[0])

    def prefill(self, source: EncodedInput, samples: int) -> tuple[torch.Tensor, _RowCache]:
        """Feed START once per example; after it each branch is a row of its own."""
        start = torch.full_like(source.input_ids[:, :1], self.tokens.start)
        # spare memory would gain nothing: without a prompt a step has little to copy
        keys = EncoderDecoderCache(DynamicCache(), DynamicCache())
        logits, cache = self._decode(start, _RowCache(source.states, source.mask, keys))
        cache.keys.self_attention_cache.batch_repeat_interleave(samples)
        if not shares_keys(self.network):
            cache.keys.cross_attention_cache.batch_repeat_interleave(samples)
        states, mask = self._for_rows(source, samples)
        cache = replace(cache, states=states, mask=mask)
        return logits[:, None].expand(-1, samples, -1), cache

    def _for_rows(self, source: EncodedInput, branches: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return encoder states and mask for N decoder rows per example."""
        if shares_keys(self.network):
            return source.states, source.mask
        states: torch.Tensor = source.states.repeat_interleave(branches, 0)
        return states, source.mask.repeat_interleave(branches, 0)

    def decode_step(self, tokens: torch.Tensor, cache: _RowCache) -> tuple[torch.Tensor, _RowCache]:
        """Feed one token per branch."""
        logits, cache = self._decode(tokens.reshape(-1, 1), cache)
        return logits.view(*tokens.shape, -1), cache

    def _decode(self, ids: torch.Tensor, cache: _RowCache) -> tuple[torch.Tensor, _RowCache]:
        """Feed a token per row [R, 1]; return the next logits [R, V] and the cache."""
        output = self.network(
            encoder_outputs=BaseModelOutput(last_hidden_state=cache.states),
            attention_mask=cache.mask,
            decoder_input_ids=ids,
            past_key_values=cache.keys,
            use_cache=True,
        )
        return output.logits[:, -1], replace(cache, keys=output.past_key_values)

    @property
    def can_continue(self) -> bool:
        """Whether positions are relative.

        Aligning warmups of different lengths moves their keys. Keys that contain an absolute
        position would have to be computed again.
        """
        return self.network.config.model_type in RELATIVE_POSITIONS

    def continue_from_cache(
        self,
        source: EncodedInput,
        cache: _RowCache,
        ids: torch.Tensor,
        valid: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Align the cached warmups at their ends, then feed what follows."""
        batch, samples, length = ids.shape
        column = int(lengths.max())
        slot = torch.arange(column, device=ids.device) - (column - lengths.reshape(-1, 1))
        for layer in cache.keys.self_attention_cache.layers:
            index = slot.clamp(min=0)[:, None, :, None].expand(
                -1, layer.keys.shape[1], -1, layer.keys.shape[3]
            )
            layer.keys, layer.values = layer.keys.gather(2, index), layer.values.gather(2, index)
        states = self.last_hidden_states(
            self.network,
            encoder_outputs=BaseModelOutput(last_hidden_state=cache.states),
            attention_mask=cache.mask,
            decoder_input_ids=ids[..., column:].reshape(-1, length - column),
            decoder_attention_mask=valid.reshape(-1, length).long(),
            past_key_values=cache.keys,
            use_cache=True,
        )
        return states.view(batch, samples, length - column, -1)

    def branch_states(
        self, network: torch.nn.Module, source: EncodedInput, ids: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Run each branch as a row of its own, from position 0 on.

        Padding moves from the front to the end, where no token of a causal decoder sees it.
        """
        batch, branches, length = ids.shape
        column = torch.arange(length, device=ids.device)
        lead = valid.long().argmax(-1, keepdim=True)
        rows = ids.gather(-1, (column + lead) % length)
        encoded, mask = self._for_rows(source, branches)
        states = self.last_hidden_states(
            network,
            encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
            attention_mask=mask,
            decoder_input_ids=rows.reshape(batch * branches, length),
            use_cache=False,
        ).view(batch, branches, length, -1)
        back = ((column - lead) % length)[..., None].expand(-1, -1, -1, states.shape[-1])
        return states.gather(2, back)

    def plain_logits(self, input_ids: list[int], decoder_ids: list[int]) -> torch.Tensor:
        """Run encoder and decoder together."""
        ids, decoder = (
            torch.tensor([row], device=self.network.device) for row in (input_ids, decoder_ids)
        )
        logits: torch.Tensor = self.network(
            input_ids=ids, decoder_input_ids=decoder, use_cache=False
        ).logits
        return logits[0]

    def generation_inputs(
        self, source: EncodedInput, prefix: torch.Tensor | None = None
    ) -> tuple[dict[str, Any], int]:
        """Return the encoded inputs, and START with the prefix if there is one."""
        encoded = BaseModelOutput(last_hidden_state=source.states)
        inputs = {"encoder_outputs": encoded, "attention_mask": source.mask}
        if prefix is not None:
            start = torch.full_like(source.input_ids[:, :1], self.tokens.start)
            inputs["decoder_input_ids"] = torch.cat([start, prefix], 1)
        return inputs, 1


MODEL = EncoderDecoder
