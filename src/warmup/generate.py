"""Generate outputs: one pass writes the warmup, the separator and the output.

Command line: `python -m warmup.generate --help`.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList
from transformers.utils import logging

from warmup import models, plugins
from warmup.errors import InputError, run
from warmup.examples import encode_sources, pad
from warmup.files import read_json, read_jsonl, write_jsonl
from warmup.models import FORMAT_FILE, LanguageModel
from warmup.projection import IGNORED
from warmup.records import Record, Unlabelled, from_dict
from warmup.sampling import Warmups
from warmup.scoring import lay_out, score, target_log_probability


class WarmupBoundary(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """Keeps a sequence of the form `c SEP y`: c without special tokens and of limited length."""

    def __init__(self, model: LanguageModel, prompt: int, max_warmup_tokens: int) -> None:
        self.prompt = prompt
        self.limit = max_warmup_tokens
        self.separator = model.tokens.separator
        self.banned = torch.tensor(model.tokens.banned)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return scores [R, V] with -inf where the form does not allow a token."""
        written = input_ids[:, self.prompt :]
        inside = ~(written == self.separator).any(-1, keepdim=True)
        vocabulary = torch.arange(scores.shape[-1], device=scores.device)
        is_separator = vocabulary == self.separator
        if written.shape[-1] >= self.limit:
            forbidden = ~is_separator
        else:
            forbidden = torch.isin(vocabulary, self.banned.to(scores.device))
        # a second separator would make the output ambiguous
        forbidden = torch.where(inside, forbidden, is_separator)
        return scores.masked_fill(forbidden, float("-inf"))


@torch.no_grad()
def generate(
    model: LanguageModel, form: dict[str, Any], texts: list[str], *, beams: int
) -> list[dict[str, Any]]:
    """Return warmup, output and their log-probabilities for a batch of input texts.

    Args:
        model: the model, in evaluation mode.
        form: the checkpoint's `warmup.json`.
        texts: rendered inputs.
        beams: beam width over the whole sequence; 1 is greedy.
    """
    tokens, device = model.tokens, model.network.device
    ids = encode_sources(texts, model.tokenizer, form["max_source_tokens"])
    input_ids = pad(ids, tokens.pad, model.pads_left).to(device)
    mask = pad([[1] * len(row) for row in ids], 0, model.pads_left).to(device)
    inputs, prompt = model.generation_inputs(input_ids, mask)
    limit = form["max_warmup_tokens"]
    boundary = [] if limit is None else [WarmupBoundary(model, prompt, limit)]
    sequences = model.network.generate(
        **inputs,
        generation_config=GenerationConfig(
            max_new_tokens=form["max_target_tokens"] + (0 if limit is None else limit + 1),
            num_beams=beams,
            do_sample=False,
            pad_token_id=tokens.pad,
            eos_token_id=tokens.end,
            decoder_start_token_id=tokens.start,
        ),
        logits_processor=LogitsProcessorList(boundary),
    )[:, prompt:]
    split = [_split(row.tolist(), model, limit) for row in sequences]
    scores = _score(model, input_ids, mask, split, limit)
    return [
        {
            "warmup": model.tokenizer.decode(c),
            "output": model.tokenizer.decode(y, skip_special_tokens=True).strip(),
            "warmup_log_probability": s,
            "output_log_probability": l,
            "warmup_tokens": len(c),
            "output_tokens": len(y),
        }
        for (c, y), (s, l) in zip(split, scores, strict=True)
    ]


def _split(row: list[int], model: LanguageModel, limit: int | None) -> tuple[list[int], list[int]]:
    """Return warmup and output tokens; the output keeps its end token if it has one."""
    tokens = model.tokens
    c: list[int] = []
    if limit is not None:
        edge = row.index(tokens.separator)
        c, row = row[:edge], row[edge + 1 :]
    if tokens.end in row:
        return c, row[: row.index(tokens.end) + 1]
    return c, row


def _score(
    model: LanguageModel,
    input_ids: torch.Tensor,
    mask: torch.Tensor,
    split: list[tuple[list[int], list[int]]],
    limit: int | None,
) -> list[tuple[float | None, float]]:
    """Return log P(c|x) and log P(y|x,c) of what was generated."""
    source = model.encode(input_ids, mask)
    # an output of no token has probability 1; a padded column keeps its tensor non-empty
    labels = pad([[*y, IGNORED] for _, y in split], IGNORED).to(input_ids.device)
    if limit is None:
        l = target_log_probability(model, model.network, source, labels)
        return [(None, value) for value in l.tolist()]
    lengths = torch.tensor([[len(c)] for c, _ in split], device=input_ids.device)
    rows = [[*c, *[model.tokens.pad] * (limit - len(c))] for c, _ in split]
    ids = torch.tensor(rows, dtype=torch.long, device=input_ids.device)[:, None]
    warmups = Warmups(ids, lengths, lengths >= limit)
    branches = lay_out(model.tokens, warmups, labels)
    scores = score(model, model.network, source, branches)
    return list(zip(scores.s[:, 0].tolist(), scores.l[:, 0].tolist(), strict=True))


def predict(
    folder: Path, records: Iterable[Record], *, task: str | None, beams: int, batch_size: int
) -> Iterator[dict[str, Any]]:
    """Yield the prediction of each record, in order.

    Args:
        folder: a checkpoint of `warmup.train`.
        records: what to generate from; `Unlabelled` ones have no references.
        task: checked against the checkpoint's task where given.
        beams: beam width.
        batch_size: inputs at once; they are sorted by length to waste little on padding.

    Raises:
        InputError: not such a checkpoint, or of another task.
    """
    form = read_json(folder / FORMAT_FILE)
    if task and task != form["task"]:
        raise InputError(f"--task: {folder} was trained for {form['task']}, not {task}")
    model = models.load(folder, form)
    model.network.eval()
    if torch.cuda.is_available():
        model.network.to("cuda")
    task_module = plugins.load("tasks", form["task"])
    rows = list(records)
    texts = [task_module.input_text(row) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: (len(texts[i]), i))
    predictions: dict[int, dict[str, Any]] = {}
    for first in range(0, len(order), batch_size):
        chunk = order[first : first + batch_size]
        outputs = generate(model, form, [texts[i] for i in chunk], beams=beams)
        predictions |= dict(zip(chunk, outputs, strict=True))
        print(f"generated {len(predictions)}/{len(rows)}", file=sys.stderr, flush=True)
    for i, record in enumerate(rows):
        yield {
            "id": record.id,
            "source": record.source,
            "references": (
                [] if isinstance(record, Unlabelled) else task_module.render(record).references
            ),
            **predictions[i],
            "meta": record.meta,
        }


def read_inputs(path: Path) -> Iterator[Record]:
    """Yield what to generate from; a line needs neither target nor answer.

    Lines without an `id` get their number.

    Raises:
        InputError: naming the line that is neither.
    """
    for number, row in enumerate(read_jsonl(path), start=1):
        labelled = "targets" in row or "answer" in row
        kind = Record if labelled else Unlabelled
        yield from_dict({"id": str(number)} | row, f"{path}:{number}", kind)


def main() -> None:
    """Generate warmups and outputs for records (JSON lines) with a trained checkpoint."""
    parser = argparse.ArgumentParser(prog="python -m warmup.generate", description=main.__doc__)
    add = parser.add_argument
    add("--model", type=Path, required=True, help="checkpoint folder written by warmup.train")
    add("--task", choices=plugins.names("tasks"), help="must be the checkpoint's own (a check)")
    add("--input", type=Path, required=True, help="records, one JSON object a line; - is stdin")
    add(
        "--output",
        type=Path,
        required=True,
        help="predictions, one JSON object a line; - is stdout",
    )
    add("--beams", type=int, default=1, help="beam width; 1 is greedy (default)")
    add("--batch-size", type=int, default=64, help="inputs generated from at once")
    add("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args()
    for name in ("beams", "batch_size", "threads"):
        if getattr(options, name) < 1:
            raise InputError(f"--{name.replace('_', '-')}: must be at least 1")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    rows = predict(
        options.model,
        read_inputs(options.input),
        task=options.task,
        beams=options.beams,
        batch_size=options.batch_size,
    )
    if str(options.output) == "-":
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    else:
        write_jsonl(options.output, rows)


if __name__ == "__main__":
    run(main)
