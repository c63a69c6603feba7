"""Generation as a loop over a file with `generate()` of `transformers`."""

from pathlib import Path

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from benchmarks import direct
from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.data.batches import pad
from warmup.data.encoding import Encoder
from warmup.data.records import Record
from warmup.models import loading
from warmup.models.checkpoint_format import read_format
from warmup.models.interface import LanguageModel


class Form(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """Keeps the form `c SEP y` with at most K tokens in c."""

    def __init__(self, model: LanguageModel, prompt: int, longest: int) -> None:
        self.separator = model.tokens.separator
        self.excluded = torch.tensor(model.tokens.excluded, device=model.network.device)
        self.prompt, self.longest = prompt, longest

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return scores [R, V], −inf for tokens that the form does not allow."""
        written = input_ids[:, self.prompt :]
        ended = (written == self.separator).any(-1)
        inside = (~ended).nonzero()
        scores[ended, self.separator] = float("-inf")
        if written.shape[1] < self.longest:
            scores[inside, self.excluded] = float("-inf")
            scores[inside[:, 0]] = scores[inside[:, 0]].log_softmax(-1)
        else:
            scores[inside[:, 0]] = float("-inf")
            scores[inside[:, 0], self.separator] = 0.0
        return scores


@torch.no_grad()
def generate(folder: Path, records: list[Record], batch_size: int, beams: int) -> list[str]:
    """Return `warmup | output` of each record, in the order of the file.

    Raises:
        InputError: the checkpoint was trained without warmups.
    """
    form = read_format(folder)
    model = loading.load(folder, form)
    model.network.eval()
    if torch.cuda.is_available():
        model.network.to("cuda")
    encoder = Encoder(model.tokenizer, model.tokens.of_form)
    tokens, limit = model.tokens, form.max_warmup_tokens
    if limit is None:
        raise InputError(f"--model: {folder} was trained without warmups")
    task = plugins.load("task", form.task)
    found = []
    for first in range(0, len(records), batch_size):
        texts = [task.model_input(record) for record in records[first : first + batch_size]]
        ids = encoder.inputs(texts, form.max_source_tokens).ids
        mask = pad([[1] * len(row) for row in ids], 0, model.pads_left)
        inputs, prompt = direct.generation_inputs(
            model,
            pad(ids, tokens.pad, model.pads_left).to(model.network.device),
            mask.to(model.network.device),
        )
        config = GenerationConfig(
            max_new_tokens=limit + 1 + form.max_target_tokens,
            num_beams=beams,
            do_sample=False,
            pad_token_id=tokens.pad,
            eos_token_id=tokens.end,
            decoder_start_token_id=tokens.start,
        )
        written = model.network.generate(
            **inputs,
            generation_config=config,
            logits_processor=LogitsProcessorList([Form(model, prompt, limit)]),
        )
        for row in written[:, prompt:].tolist():
            edge = row.index(tokens.separator)
            y = model.tokenizer.decode(row[edge + 1 :], skip_special_tokens=True).strip()
            found.append(f"{model.tokenizer.decode(row[:edge])} | {y}")
    return found
