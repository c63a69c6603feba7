"""Write decoder sequences `START c SEP y EOS` with a checkpoint, and score them.

The warmup c is the model's own, or it is given and the output is written behind it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from transformers import GenerationConfig, LogitsProcessorList

from warmup.data.batches import IGNORED, pad
from warmup.data.encoding import decode
from warmup.generation import greedy_search
from warmup.generation.batching import in_batches
from warmup.generation.format_constraint import WarmupBoundary
from warmup.method.random_numbers import uniforms
from warmup.method.sampling import Warmups, sample
from warmup.method.scoring import lay_out, score, target_token_log_probabilities
from warmup.models.interface import EncodedInput, LanguageModel

Ids = list[int]
T = TypeVar("T")


class Written(NamedTuple):
    """A sequence behind START, and the log-probabilities of its tokens in nats."""

    warmup: Ids
    """c, without the separator; empty where the model has no warmups."""
    output: Ids
    """y, with its end token if it has one."""
    warmup_log_probabilities: list[float] | None
    """Of the tokens of c, and of the separator unless the length limit forced it; None where the
    model has no warmups."""
    output_log_probabilities: list[float]
    """Of the tokens of y."""

    @property
    def warmup_log_probability(self) -> float | None:
        """log P(c|x); None where the model has no warmups."""
        each = self.warmup_log_probabilities
        return None if each is None else math.fsum(each)

    @property
    def output_log_probability(self) -> float:
        """log P(y|x,c)."""
        return math.fsum(self.output_log_probabilities)


class Writer:
    """Writes sequences for inputs, which are token ids; results are in the order of the inputs.

    Inputs of like length go through the network together, the longest first.

    Args:
        model: the model, in evaluation mode.
        form: the checkpoint's `warmup.json`.
        beams: beam width; 1 is greedy.
        batch_size: sequences at once.
        progress: say on stderr how far it is.
    """

    def __init__(
        self,
        model: LanguageModel,
        form: dict[str, Any],
        *,
        beams: int,
        batch_size: int,
        progress: bool = True,
    ) -> None:
        self.model = model
        self.form = form
        self.limit: int | None = form["max_warmup_tokens"]
        self.beams = beams
        self.batch_size = batch_size
        self.progress = progress

    def write(self, sources: Sequence[Ids]) -> list[Written]:
        """Return warmup and output that the model writes; a beam is over the whole sequence."""
        room = 0 if self.limit is None else self.limit + 1

        def write(rows: list[int]) -> list[Written]:
            source = self._encode([sources[i] for i in rows])
            return self._write(source, None, self.form["max_target_tokens"] + room)

        return self._in_batches("generated", [(len(ids),) for ids in sources], write)

    def texts(self, written: Written) -> tuple[str, str]:
        """Return warmup and output as text."""
        tokenizer = self.model.tokenizer
        output = decode(tokenizer, written.output, skip_special_tokens=True).strip()
        return decode(tokenizer, written.warmup), output

    def warmups(self, sources: Sequence[Ids]) -> list[Ids]:
        """Return the warmups that `write` would write."""
        assert self.limit is not None, "a model without warmups"
        if self.beams > 1:  # which beam is best is known at the end of the output
            return [written.warmup for written in self.write(sources)]
        room = self.limit + 1

        def write(rows: list[int]) -> list[Ids]:
            source = self._encode([sources[i] for i in rows])
            found = self._greedy(source, None, room, self.model.tokens.separator)
            return [self._split(ids)[0] for ids, _ in found]

        return self._in_batches("wrote the warmups of", [(len(ids),) for ids in sources], write)

    def behind(self, sources: Sequence[Ids], warmups: Sequence[Ids]) -> list[Written]:
        """Return the outputs behind given warmups, of at most as many tokens as the model's own.

        Warmups of one length go through the network together, so that no padding is between a
        warmup and its output. A sequence has as much room as one that the model writes by itself:
        behind the model's own warmup comes its own output. A beam is over the output.
        """
        assert self.limit is not None, "a model without warmups"
        assert len(sources) == len(warmups)
        limit, separator = self.limit, self.model.tokens.separator

        def write(rows: list[int]) -> list[Written]:
            source = self._encode([sources[i] for i in rows])
            prefix = torch.tensor([[*warmups[i], separator] for i in rows])
            room = self.form["max_target_tokens"] + limit + 1 - prefix.shape[1]
            return self._write(source, prefix, room)

        keys = [(len(c), len(ids)) for c, ids in zip(warmups, sources, strict=True)]
        return self._in_batches("generated", keys, write)

    def sample(
        self, sources: Sequence[Ids], samples: int, seed: int, purpose: int
    ) -> list[list[Ids]]:
        """Return warmups drawn from P(c|x) for each input.

        Args:
            sources: inputs.
            samples: how many for each.
            seed: of the random numbers, which are the same whatever the batches are.
            purpose: a number that sets these random numbers apart from others.
        """
        limit = self.limit
        assert limit is not None, "a model without warmups"

        def draw(rows: list[int]) -> list[list[Ids]]:
            warmups, _ = sample(
                self.model,
                self._encode([sources[i] for i in rows]),
                max_tokens=limit,
                temperature=1.0,
                uniform=uniforms(seed, purpose, torch.tensor(rows), samples, limit),
            )
            return [
                [c[:length] for c, length in zip(one, lengths, strict=True)]
                for one, lengths in zip(warmups.ids.tolist(), warmups.lengths.tolist(), strict=True)
            ]

        keys = [(len(ids),) for ids in sources]
        return self._in_batches(
            "sampled warmups of", keys, draw, max(self.batch_size // samples, 1)
        )

    def _in_batches(
        self,
        what: str,
        keys: Sequence[tuple[int, ...]],
        work: Callable[[list[int]], list[T]],
        size: int | None = None,
    ) -> list[T]:
        """Return the results of all rows, in their order."""
        said = what if self.progress else None
        return in_batches(said, keys, work, size or self.batch_size)

    def _encode(self, sources: list[Ids]) -> EncodedInput:
        model, device = self.model, self.model.network.device
        input_ids = pad(sources, model.tokens.pad, model.pads_left)
        mask = pad([[1] * len(row) for row in sources], 0, model.pads_left)
        with torch.no_grad():
            return model.encode(input_ids.to(device), mask.to(device))

    def _write(self, source: EncodedInput, prefix: torch.Tensor | None, room: int) -> list[Written]:
        """Return what is written behind START, or behind a given prefix."""
        if self.beams > 1:
            return self._scored(source, self._search(source, prefix, room))
        found = self._greedy(source, prefix, room, self.model.tokens.end)
        return [self._parted(*row) for row in found]

    def _greedy(
        self, source: EncodedInput, prefix: torch.Tensor | None, room: int, end: int
    ) -> list[tuple[Ids, list[float]]]:
        """Return tokens and log-probabilities of each sequence."""
        given = None if prefix is None else prefix.to(source.input_ids.device)
        found = greedy_search.write(
            self.model, source, limit=self.limit, room=room, end=end, prefix=given
        )
        return list(zip(found.ids.tolist(), found.log_probabilities.tolist(), strict=True))

    def _parted(self, ids: Ids, log_probabilities: list[float]) -> Written:
        """Return warmup and output of a sequence, each with its log-probabilities."""
        c, y = self._split(ids)
        if self.limit is None:
            return Written(c, y, None, log_probabilities[: len(y)])
        first = len(c) + 1
        # a separator that the limit forced is no part of P(c|x)
        of_warmup = log_probabilities[: first if len(c) < self.limit else len(c)]
        return Written(c, y, of_warmup, log_probabilities[first : first + len(y)])

    @torch.no_grad()
    def _search(
        self, source: EncodedInput, prefix: torch.Tensor | None, room: int
    ) -> list[tuple[Ids, Ids]]:
        """Return c and y of each input by beam search."""
        model, tokens = self.model, self.model.tokens
        given = None if prefix is None else prefix.to(source.input_ids.device)
        inputs, prompt = model.generation_inputs(source, given)
        boundary = [] if self.limit is None else [WarmupBoundary(model, prompt, self.limit)]
        sequences = model.network.generate(
            **inputs,
            generation_config=GenerationConfig(
                max_new_tokens=room,
                num_beams=self.beams,
                do_sample=False,
                pad_token_id=tokens.pad,
                eos_token_id=tokens.end,
                decoder_start_token_id=tokens.start,
            ),
            logits_processor=LogitsProcessorList(boundary),
        )
        return [self._split(row) for row in sequences[:, prompt:].tolist()]

    def _split(self, row: Ids) -> tuple[Ids, Ids]:
        tokens = self.model.tokens
        c: Ids = []
        if self.limit is not None:
            edge = row.index(tokens.separator)
            c, row = row[:edge], row[edge + 1 :]
        if tokens.end in row:
            return c, row[: row.index(tokens.end) + 1]
        return c, row

    @torch.no_grad()
    def _scored(self, source: EncodedInput, found: list[tuple[Ids, Ids]]) -> list[Written]:
        """Return what beam search has written with its log-probabilities."""
        model, device = self.model, source.input_ids.device
        # an output of no token has probability 1; a padded column keeps its tensor non-empty
        labels = pad([[*y, IGNORED] for _, y in found], IGNORED).to(device)
        if self.limit is None:
            each = target_token_log_probabilities(model, model.network, source, labels)
            outputs = _kept(each, labels)
            return [Written(c, y, None, l) for (c, y), l in zip(found, outputs, strict=True)]
        lengths = torch.tensor([[len(c)] for c, _ in found], device=device)
        rows = [[*c, *[model.tokens.pad] * (self.limit - len(c))] for c, _ in found]
        ids = torch.tensor(rows, dtype=torch.long, device=device)[:, None]
        warmups = Warmups(ids, lengths, lengths >= self.limit)
        branches = lay_out(model.tokens, warmups, labels)
        scores = score(model, model.network, source, branches)
        values = zip(
            _kept(scores.warmup_tokens[:, 0], branches.warmup_labels[:, 0]),
            _kept(scores.target_tokens[:, 0], labels),
            strict=True,
        )
        return [Written(c, y, s, l) for (c, y), (s, l) in zip(found, values, strict=True)]


def _kept(values: torch.Tensor, labels: torch.Tensor) -> list[list[float]]:
    """Return each row's values [B, T] at the labels that are not ignored."""
    pairs = zip(values.cpu(), (labels != IGNORED).cpu(), strict=True)
    return [row[keep].tolist() for row, keep in pairs]
