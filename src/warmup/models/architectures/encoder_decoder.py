"""Encoder-decoder networks (T5, mT5, ByT5, BART, …): x is encoded once for all its warmups."""

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
from warmup.models.interface import LanguageModel, Source, Tokens
from warmup.models.shared_attention import share_keys, shares_keys

RELATIVE_POSITIONS = ("t5", "mt5", "umt5", "longt5")
"""Model types whose decoder knows distances between tokens only (ByT5 is of type t5)."""


class EncoderDecoder(LanguageModel):
    """START is the network's own decoder start token."""

    auto_class = AutoModelForSeq2SeqLM
    pads_left = False

    def __init__(
        self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, tokens: Tokens
    ) -> None:
        super().__init__(network, tokenizer, tokens)
        share_keys(network)

    @staticmethod
    def start_token(
        network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, spec: dict[str, Any]
    ) -> int:
        """Return the decoder start token of the network's configuration.

        Raises:
            InputError: it has none.
        """
        start = getattr(network.config, "decoder_start_token_id", None)
        if start is None:
            raise InputError("config.json: it has no decoder_start_token_id")
        return int(start)

    def encode(self, input_ids: torch.Tensor, mask: torch.Tensor) -> Source:
        """Run the encoder."""
        states = self.network.get_encoder()(input_ids=input_ids, attention_mask=mask)
        return Source(input_ids, mask, states[0])

    def begin(self, source: Source, samples: int) -> tuple[torch.Tensor, Any]:
        """Feed START once per example; then each branch is a row of its own."""
        start = torch.full_like(source.input_ids[:, :1], self.tokens.start)
        # a roomy cache is no faster here: without a prompt there is little to copy at a step
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        logits, (_, _, keys) = self._forward(start, source.states, source.mask, cache)
        keys.self_attention_cache.batch_repeat_interleave(samples)
        if not shares_keys(self.network):
            keys.cross_attention_cache.batch_repeat_interleave(samples)
        return logits[:, None].expand(-1, samples, -1), (*self._for_rows(source, samples), keys)

    def _for_rows(self, source: Source, branches: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return encoded inputs and their mask for N decoder rows per example."""
        if shares_keys(self.network):
            return source.states, source.mask
        states: torch.Tensor = source.states.repeat_interleave(branches, 0)
        return states, source.mask.repeat_interleave(branches, 0)

    def step(self, tokens: torch.Tensor, cache: Any) -> tuple[torch.Tensor, Any]:
        """Feed one token per branch."""
        logits, cache = self._forward(tokens.reshape(-1, 1), *cache)
        return logits.view(*tokens.shape, -1), cache

    def _forward(
        self, ids: torch.Tensor, states: torch.Tensor, mask: torch.Tensor, keys: Any
    ) -> tuple[torch.Tensor, Any]:
        output = self.network(
            encoder_outputs=BaseModelOutput(last_hidden_state=states),
            attention_mask=mask,
            decoder_input_ids=ids,
            past_key_values=keys,
            use_cache=True,
        )
        return output.logits[:, -1], (states, mask, output.past_key_values)

    def extend(
        self,
        source: Source,
        cache: Any,
        ids: torch.Tensor,
        valid: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor | None:
        """Align the cached warmups at their ends, then feed what follows.

        The keys of a network with relative positions do not know where they stand; those with
        absolute ones would have to be made again.
        """
        if self.network.config.model_type not in RELATIVE_POSITIONS:
            return None
        encoded, mask, keys = cache
        batch, samples, length = ids.shape
        column = int(lengths.max())
        slot = torch.arange(column, device=ids.device) - (column - lengths.reshape(-1, 1))
        for layer in keys.self_attention_cache.layers:
            index = slot.clamp(min=0)[:, None, :, None].expand(
                -1, layer.keys.shape[1], -1, layer.keys.shape[3]
            )
            layer.keys, layer.values = layer.keys.gather(2, index), layer.values.gather(2, index)
        with self.headless():
            output = self.network(
                encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
                attention_mask=mask,
                decoder_input_ids=ids[..., column:].reshape(-1, length - column),
                decoder_attention_mask=valid.reshape(-1, length).long(),
                past_key_values=keys,
                use_cache=True,
            )
        states: torch.Tensor = output.logits.view(batch, samples, length - column, -1)
        return states

    def branch_states(
        self, network: torch.nn.Module, source: Source, ids: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Run each branch as a row of its own, from position 0 on.

        The padding moves from the front to the end, where no token of a causal decoder sees it.
        """
        batch, branches, length = ids.shape
        column = torch.arange(length, device=ids.device)
        lead = valid.long().argmax(-1, keepdim=True)
        rows = ids.gather(-1, (column + lead) % length)
        encoded, mask = self._for_rows(source, branches)
        with self.headless():
            output = network(
                encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
                attention_mask=mask,
                decoder_input_ids=rows.reshape(batch * branches, length),
                use_cache=False,
            )
        states: torch.Tensor = output.logits.view(batch, branches, length, -1)
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
        self, source: Source, prefix: torch.Tensor | None = None
    ) -> tuple[dict[str, Any], int]:
        """Return the encoded inputs, START and what is given behind it."""
        encoded = BaseModelOutput(last_hidden_state=source.states)
        inputs = {"encoder_outputs": encoded, "attention_mask": source.mask}
        if prefix is not None:
            start = torch.full_like(source.input_ids[:, :1], self.tokens.start)
            inputs["decoder_input_ids"] = torch.cat([start, prefix], 1)
        return inputs, 1


MODEL = EncoderDecoder
