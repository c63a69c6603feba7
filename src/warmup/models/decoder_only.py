"""Decoder-only networks (Llama, …): the prompt is attended once by all its warmups."""

from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    DynamicCache,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from warmup.errors import InputError
from warmup.models._interface import LanguageModel, Source, branch_mask


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
            InputError: the vocabulary has no such token.
        """
        vocabulary = tokenizer.get_vocab()
        if spec["prompt_end"] not in vocabulary:
            raise InputError(f"prompt_end: {spec['prompt_end']!r} is not in the vocabulary")
        return int(vocabulary[spec["prompt_end"]])

    def encode(self, input_ids: torch.Tensor, mask: torch.Tensor) -> Source:
        """Nothing to encode ahead: the prompt is part of the decoder sequence."""
        return Source(input_ids, mask)

    def begin(self, source: Source, samples: int) -> tuple[torch.Tensor, Any]:
        """Feed the left-padded prompt and START, once for all N branches."""
        ids, mask = self._with_start(source.input_ids, source.mask)
        output = self.network(
            input_ids=ids,
            attention_mask=mask,
            position_ids=_positions(mask),
            past_key_values=DynamicCache(),
            use_cache=True,
            logits_to_keep=1,
        )
        seen = mask.bool()[:, None].expand(-1, samples, -1)
        return output.logits.expand(-1, samples, -1), (
            seen,
            mask.sum(1, keepdim=True),
            output.past_key_values,
        )

    def step(self, tokens: torch.Tensor, cache: Any) -> tuple[torch.Tensor, Any]:
        """Feed one token per branch; each sees the prompt and what its own branch has."""
        seen, position, keys = cache
        batch, samples = tokens.shape
        own = torch.eye(samples, dtype=torch.bool, device=tokens.device)
        seen = torch.cat([seen, own.expand(batch, -1, -1)], 2)
        output = self.network(
            input_ids=tokens,
            attention_mask=seen[:, None],
            position_ids=position.expand(-1, samples),
            past_key_values=keys,
            use_cache=True,
        )
        return output.logits, (seen, position + 1, output.past_key_values)

    def extend(
        self,
        source: Source,
        cache: Any,
        ids: torch.Tensor,
        valid: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Feed the last token of each warmup and what follows; mask what sampling fed after it."""
        seen, _, keys = cache
        batch, samples, length = ids.shape
        column = int(lengths.max())
        ids, valid = ids[..., column:], valid[..., column:]
        packed = samples * (length - column)
        # what each cached slot holds: −1 for the prompt, 0 for START, i for c_i
        slot = torch.arange(seen.shape[2], device=ids.device) - source.mask.shape[1]
        slot = torch.where(slot > 0, (slot - 1) // samples + 1, slot.clamp(min=-1))
        before = seen & (slot < lengths[..., None])
        before = before[:, :, None].expand(-1, -1, length - column, -1)
        allowed = torch.cat([before.reshape(batch, packed, -1), branch_mask(valid)], 2)
        position = source.mask.sum(1)[:, None, None] + lengths[..., None] + _positions(valid.long())
        with self.headless():
            output = self.network(
                input_ids=ids.reshape(batch, packed),
                attention_mask=allowed[:, None],
                position_ids=position.reshape(batch, packed),
                past_key_values=keys,
                use_cache=True,
            )
        states: torch.Tensor = output.logits.view(batch, samples, length - column, -1)
        return states

    def branch_states(
        self, network: torch.nn.Module, source: Source, ids: torch.Tensor, valid: torch.Tensor
    ) -> torch.Tensor:
        """Pack prompt and N branches into one sequence: every branch sees the prompt and itself.

        Positions go on from the prompt's length in each branch.
        """
        batch, branches, length = ids.shape
        packed = branches * length
        prompt = source.mask.bool()
        width = prompt.shape[1]
        allowed = torch.zeros(
            batch, width + packed, width + packed, dtype=torch.bool, device=ids.device
        )
        allowed[:, :width, :width] = branch_mask(prompt[:, None])
        allowed[:, width:, :width] = prompt[:, None, :]
        allowed[:, width:, width:] = branch_mask(valid)
        position = source.mask.sum(1)[:, None, None] + _positions(valid.long())
        positions = [_positions(source.mask), position.reshape(batch, packed)]
        with self.headless():
            output = network(
                input_ids=torch.cat([source.input_ids, ids.reshape(batch, packed)], 1),
                attention_mask=allowed[:, None],
                position_ids=torch.cat(positions, 1),
                use_cache=False,
                logits_to_keep=packed,
            )
        states: torch.Tensor = output.logits.view(batch, branches, length, -1)
        return states

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


def _positions(mask: torch.Tensor) -> torch.Tensor:
    """Return the position of each token among those that are there; padding gets 0."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


MODEL = DecoderOnly
