"""Decoder-only networks (Llama, …): the prompt is attended once for all its warmups."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    DynamicCache,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from warmup.models.interface import EncodedInput, LanguageModel, branch_mask
from warmup.models.markers import marker
from warmup.models.masks import packed
from warmup.models.preallocated_cache import preallocated_cache


@dataclass(frozen=True)
class _BranchCache:
    """The tokens fed so far: the prompt, START, then one token of each branch per step."""

    seen: torch.Tensor
    """[B, N, F] bool, which of the F cached tokens each branch attends to."""
    positions: torch.Tensor
    """[B, F] positions of the cached tokens."""
    keys: DynamicCache
    """Keys and values [B, heads, F, D] of each layer."""


class DecoderOnly(LanguageModel):
    """The sequence is `x START c SEP y EOS`; START is the model entry's `prompt_end` token."""

    auto_class = AutoModelForCausalLM
    pads_left = True

    @property
    def markers(self) -> tuple[int, ...]:
        """The separator, and START, which ends the prompt."""
        return self.tokens.start, self.tokens.separator

    @staticmethod
    def start_token(
        network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt_end: str
    ) -> int:
        """Return the id of `prompt_end`.

        Raises:
            InputError: the vocabulary has no such token, or it cannot mark the end of an input.
        """
        return marker(tokenizer, "prompt_end", prompt_end)

    def encode(self, input_ids: torch.Tensor, mask: torch.Tensor) -> EncodedInput:
        """Keep the inputs as they are: the prompt can be part of the decoder sequence."""
        return EncodedInput(input_ids, mask)

    def cache_prompt(self, source: EncodedInput) -> EncodedInput:
        """Compute keys and values of the prompt, once for sampling and scoring.

        With gradient checkpointing a network in training keeps no keys and values; then the prompt
        stays uncached.
        """
        checkpointing = self.network.is_activation_checkpointing and self.network.training
        if source.keys or checkpointing:
            return source
        cache = DynamicCache()
        self.network.base_model(
            input_ids=source.input_ids,
            attention_mask=source.mask,
            position_ids=_positions(source.mask),
            past_key_values=cache,
            use_cache=True,
        )
        keys = tuple((layer.keys, layer.values) for layer in cache.layers)
        return EncodedInput(source.input_ids, source.mask, keys=keys)

    def prefill(self, source: EncodedInput, samples: int) -> tuple[torch.Tensor, _BranchCache]:
        """Feed START after the prompt, once for all N branches."""
        source = self.cache_prompt(source)
        start = torch.full_like(source.input_ids[:, :1], self.tokens.start)
        mask = torch.cat([source.mask, torch.ones_like(start)], 1)
        length = source.mask.sum(1, keepdim=True)
        output = self.network(
            input_ids=start,
            attention_mask=mask,
            position_ids=length,
            past_key_values=preallocated_cache(source.keys),
            use_cache=True,
        )
        seen = mask.bool()[:, None].expand(-1, samples, -1)
        positions = torch.cat([_positions(source.mask), length], 1)
        logits = output.logits.expand(-1, samples, -1)
        return logits, _BranchCache(seen, positions, output.past_key_values)

    def decode_step(
        self, tokens: torch.Tensor, cache: _BranchCache
    ) -> tuple[torch.Tensor, _BranchCache]:
        """Feed one token per branch; each attends to the prompt and to its own branch."""
        batch, samples = tokens.shape
        own = torch.eye(samples, dtype=torch.bool, device=tokens.device)
        seen = torch.cat([cache.seen, own.expand(batch, -1, -1)], 2)
        position = (cache.positions[:, -1:] + 1).expand(-1, samples)
        positions = torch.cat([cache.positions, position], 1)
        with packed(seen, positions):
            output = self.network(**_inputs(tokens, positions, cache.keys))
        return output.logits, _BranchCache(seen, positions, output.past_key_values)

    @property
    def can_continue(self) -> bool:
        """Always: positions and masks are given explicitly."""
        return True

    def continue_from_cache(
        self,
        source: EncodedInput,
        cache: _BranchCache,
        ids: torch.Tensor,
        valid: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Feed the last token of each warmup and what follows; mask what sampling fed after it."""
        batch, samples, length = ids.shape
        column = int(lengths.max())
        ids, valid = ids[..., column:], valid[..., column:]
        columns = samples * (length - column)
        # what each cached slot holds: −1 for the prompt, 0 for START, i for c_i
        slot = torch.arange(cache.seen.shape[2], device=ids.device) - source.mask.shape[1]
        slot = torch.where(slot > 0, (slot - 1) // samples + 1, slot.clamp(min=-1))
        before = cache.seen & (slot < lengths[..., None])
        before = before[:, :, None].expand(-1, -1, length - column, -1)
        allowed = torch.cat([before.reshape(batch, columns, -1), branch_mask(valid)], 2)
        here = source.mask.sum(1)[:, None, None] + lengths[..., None] + _positions(valid.long())
        positions = torch.cat([cache.positions, here.reshape(batch, columns)], 1)
        with packed(allowed, positions):
            states = self.last_hidden_states(
                self.network, **_inputs(ids.reshape(batch, columns), positions, cache.keys)
            )
        return states.view(batch, samples, length - column, -1)

    def branch_states(
        self, network: torch.nn.Module, source: EncodedInput, ids: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Pack N branches into one sequence, in which each attends to the prompt and to itself.

        In each branch positions continue from the prompt's length. A prompt that is not cached
        is the beginning of the sequence.
        """
        batch, branches, length = ids.shape
        columns = branches * length
        ids, allowed = ids.reshape(batch, columns), branch_mask(valid)
        here = source.mask.sum(1)[:, None, None] + _positions(valid.long())
        positions = torch.cat([_positions(source.mask), here.reshape(batch, columns)], 1)
        prompt = source.mask.bool()
        allowed = torch.cat([prompt[:, None].expand(-1, columns, -1), allowed], 2)
        if not source.keys:
            of_prompt = torch.nn.functional.pad(branch_mask(prompt[:, None]), (0, columns))
            allowed = torch.cat([of_prompt, allowed], 1)
            ids = torch.cat([source.input_ids, ids], 1)
        keys = _prompt_cache(source) if source.keys else None
        with packed(allowed, positions):
            states = self.last_hidden_states(
                network, **_inputs(ids, positions, keys), logits_to_keep=columns
            )
        states = states[:, -columns:]  # some networks ignore `logits_to_keep`
        return states.reshape(batch, branches, length, -1)

    def plain_logits(self, input_ids: list[int], decoder_ids: list[int]) -> torch.Tensor:
        """Run input and decoder tokens as one sequence."""
        ids = torch.tensor([[*input_ids, *decoder_ids]], device=self.network.device)
        logits: torch.Tensor = self.network(input_ids=ids, use_cache=False).logits
        return logits[0, len(input_ids) :]

    def generation_inputs(
        self, source: EncodedInput, prefix: torch.Tensor | None = None
    ) -> tuple[dict[str, Any], int]:
        """Return prompt, START and the prefix; the output repeats all of them."""
        ids, mask = self._with_start(source.input_ids, source.mask)
        width = ids.shape[1]
        if prefix is not None:
            ids = torch.cat([ids, prefix], 1)
            mask = torch.cat([mask, torch.ones_like(prefix)], 1)
        return {"input_ids": ids, "attention_mask": mask}, width

    def _with_start(
        self, input_ids: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        start = torch.full_like(input_ids[:, :1], self.tokens.start)
        return torch.cat([input_ids, start], 1), torch.cat([mask, torch.ones_like(start)], 1)


def _inputs(
    ids: torch.Tensor, positions: torch.Tensor, keys: DynamicCache | None
) -> dict[str, Any]:
    """Return the arguments that feed tokens [B, Q] after the cached ones, within `packed`.

    Args:
        ids: [B, Q] tokens.
        positions: [B, F + Q] of the cached tokens and of these.
        keys: keys and values of the F cached tokens; None to use no cache.
    """
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(positions),
        "position_ids": positions[:, -ids.shape[1] :],
        "past_key_values": keys,
        "use_cache": keys is not None,
    }


def _prompt_cache(source: EncodedInput) -> DynamicCache:
    """Return a growing cache that holds the prompt, with gradients."""
    cache = DynamicCache()
    for layer, (keys, values) in enumerate(source.keys):
        cache.update(keys, values, layer)
    return cache


def _positions(mask: torch.Tensor) -> torch.Tensor:
    """Return the position of each token [..., S], not counting padding, which gets 0."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


MODEL = DecoderOnly
