"""Decoder-only networks (Llama, …): the prompt is attended once by all its warmups."""

from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    DynamicCache,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from warmup.models.interface import LanguageModel, Source, branch_mask
from warmup.models.markers import marker
from warmup.models.masks import packed
from warmup.models.preallocated_cache import roomy_cache


class DecoderOnly(LanguageModel):
    """The sequence is `x START c SEP y EOS`; START is the model entry's `prompt_end` token."""

    auto_class = AutoModelForCausalLM
    pads_left = True

    @staticmethod
    def start_token(
        network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, spec: dict[str, Any]
    ) -> int:
        """Return the id of `prompt_end`.

        Raises:
            InputError: no token of that name can end an input.
        """
        return marker(tokenizer, "prompt_end", spec["prompt_end"])

    def encode(self, input_ids: torch.Tensor, mask: torch.Tensor) -> Source:
        """Nothing to encode ahead: the prompt can be part of the decoder sequence."""
        return Source(input_ids, mask)

    def share(self, source: Source) -> Source:
        """Attend the prompt, once for sampling and scoring.

        With gradient checkpointing a network in training has no keys to share.
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
        return Source(source.input_ids, source.mask, keys=keys)

    def begin(self, source: Source, samples: int) -> tuple[torch.Tensor, Any]:
        """Feed START behind the prompt, once for all N branches."""
        source = self.share(source)
        start = torch.full_like(source.input_ids[:, :1], self.tokens.start)
        mask = torch.cat([source.mask, torch.ones_like(start)], 1)
        length = source.mask.sum(1, keepdim=True)
        output = self.network(
            input_ids=start,
            attention_mask=mask,
            position_ids=length,
            past_key_values=roomy_cache(source.keys),
            use_cache=True,
        )
        seen = mask.bool()[:, None].expand(-1, samples, -1)
        position = torch.cat([_positions(source.mask), length], 1)
        logits = output.logits.expand(-1, samples, -1)
        return logits, (seen, position, output.past_key_values)

    def step(self, tokens: torch.Tensor, cache: Any) -> tuple[torch.Tensor, Any]:
        """Feed one token per branch; each sees the prompt and what its own branch has."""
        seen, position, keys = cache
        batch, samples = tokens.shape
        own = torch.eye(samples, dtype=torch.bool, device=tokens.device)
        seen = torch.cat([seen, own.expand(batch, -1, -1)], 2)
        position = torch.cat([position, (position[:, -1:] + 1).expand(-1, samples)], 1)
        output = self._attend(self.network, tokens, seen, position, keys)
        return output.logits, (seen, position, output.past_key_values)

    def extend(
        self,
        source: Source,
        cache: Any,
        ids: torch.Tensor,
        valid: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Feed the last token of each warmup and what follows; mask what sampling fed after it."""
        seen, position, keys = cache
        batch, samples, length = ids.shape
        column = int(lengths.max())
        ids, valid = ids[..., column:], valid[..., column:]
        columns = samples * (length - column)
        # what each cached slot holds: −1 for the prompt, 0 for START, i for c_i
        slot = torch.arange(seen.shape[2], device=ids.device) - source.mask.shape[1]
        slot = torch.where(slot > 0, (slot - 1) // samples + 1, slot.clamp(min=-1))
        before = seen & (slot < lengths[..., None])
        before = before[:, :, None].expand(-1, -1, length - column, -1)
        allowed = torch.cat([before.reshape(batch, columns, -1), branch_mask(valid)], 2)
        here = source.mask.sum(1)[:, None, None] + lengths[..., None] + _positions(valid.long())
        position = torch.cat([position, here.reshape(batch, columns)], 1)
        with self.headless():
            output = self._attend(
                self.network, ids.reshape(batch, columns), allowed, position, keys
            )
        states: torch.Tensor = output.logits.view(batch, samples, length - column, -1)
        return states

    def branch_states(
        self, network: torch.nn.Module, source: Source, ids: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Pack N branches into one sequence: every branch sees the prompt and itself.

        Positions go on from the prompt's length in each branch. A prompt that was not shared comes
        first in the sequence.
        """
        batch, branches, length = ids.shape
        columns = branches * length
        ids, allowed = ids.reshape(batch, columns), branch_mask(valid)
        here = source.mask.sum(1)[:, None, None] + _positions(valid.long())
        position = torch.cat([_positions(source.mask), here.reshape(batch, columns)], 1)
        prompt = source.mask.bool()
        allowed = torch.cat([prompt[:, None].expand(-1, columns, -1), allowed], 2)
        if not source.keys:
            of_prompt = torch.nn.functional.pad(branch_mask(prompt[:, None]), (0, columns))
            allowed = torch.cat([of_prompt, allowed], 1)
            ids = torch.cat([source.input_ids, ids], 1)
        keys = _cache(source) if source.keys else None
        with self.headless():
            output = self._attend(network, ids, allowed, position, keys, logits_to_keep=columns)
        states: torch.Tensor = output.logits[:, -columns:]  # not all networks know `logits_to_keep`
        return states.reshape(batch, branches, length, -1)

    @staticmethod
    def _attend(
        network: torch.nn.Module,
        ids: torch.Tensor,
        allowed: torch.Tensor,
        position: torch.Tensor,
        keys: DynamicCache | None,
        **settings: Any,
    ) -> Any:
        """Feed tokens [B, Q] behind those that are cached; masks and positions as in `packed`."""
        with packed(allowed, position):
            return network(
                input_ids=ids,
                attention_mask=torch.ones_like(position),
                position_ids=position[:, -ids.shape[1] :],
                past_key_values=keys,
                use_cache=keys is not None,
                **settings,
            )

    def plain_logits(self, input_ids: list[int], decoder_ids: list[int]) -> torch.Tensor:
        """Run input and decoder tokens as one sequence."""
        ids = torch.tensor([[*input_ids, *decoder_ids]], device=self.network.device)
        logits: torch.Tensor = self.network(input_ids=ids, use_cache=False).logits
        return logits[0, len(input_ids) :]

    def generation_inputs(
        self, source: Source, prefix: torch.Tensor | None = None
    ) -> tuple[dict[str, Any], int]:
        """Return prompt, START and what is given behind it; the output repeats all of it."""
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


def _cache(source: Source) -> DynamicCache:
    """Return a cache that holds the prompt and may grow."""
    cache = DynamicCache()
    for layer, (keys, values) in enumerate(source.keys):
        cache.update(keys, values, layer)
    return cache


def _positions(mask: torch.Tensor) -> torch.Tensor:
    """Return the position of each token among those that are there; padding gets 0."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


MODEL = DecoderOnly
