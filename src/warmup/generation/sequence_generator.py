"""Generate decoder sequences `START c SEP y EOS` with a checkpoint, and score them.

The warmup c is the model's own, or it is given and only the output y is generated.

Greedy search is a loop of our own, which is faster than `generate()` of `transformers` and records
log-probabilities on the way. Beam search is that of `transformers`; its scores are sums per beam,
so a second forward pass computes the log-probability of each token.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch
from transformers import GenerationConfig, LogitsProcessorList

from warmup.common.errors import InputError
from warmup.config.settings import CheckpointFormat
from warmup.data.batches import IGNORED, pad
from warmup.data.encoding import decode
from warmup.generation import greedy_search
from warmup.generation.batching import in_batches
from warmup.generation.format_constraint import FormatConstraint
from warmup.method.random_numbers import Stream, uniforms
from warmup.method.sampling import Warmups, sample
from warmup.method.scoring import build_branches, score, target_token_log_probabilities
from warmup.models.interface import EncodedInput, LanguageModel

Ids = list[int]
T = TypeVar("T")


class Hypothesis(NamedTuple):
    """A generated sequence, and the log-probabilities of its tokens in nats."""

    warmup: Ids
    """c, without the separator; empty if the model has no warmups."""
    output: Ids
    """y, with its end token if it has one."""
    warmup_log_probabilities: list[float] | None
    """One per token of c, and one for the separator unless the length limit forced it; None if the
    model has no warmups."""
    output_log_probabilities: list[float]
    """One per token of y."""

    @property
    def warmup_log_probability(self) -> float | None:
        """log P(c|x), nats; None if the model has no warmups."""
        each = self.warmup_log_probabilities
        return None if each is None else math.fsum(each)

    @property
    def output_log_probability(self) -> float:
        """log P(y|x,c), nats."""
        return math.fsum(self.output_log_probabilities)


class SequenceGenerator:
    """Generates sequences for inputs, given as token ids; results are in the order of the inputs.

    Inputs of similar length go through the network together, the longest first.

    Args:
        model: the model, in evaluation mode.
        form: the format of its checkpoint.
        beams: beam width; 1 is greedy search.
        batch_size: sequences at once.
        progress: print progress on stderr.
    """

    def __init__(
        self,
        model: LanguageModel,
        form: CheckpointFormat,
        *,
        beams: int,
        batch_size: int,
        progress: bool = True,
    ) -> None:
        self.model = model
        self.form = form
        self.limit = form.max_warmup_tokens
        self.beams = beams
        self.batch_size = batch_size
        self.progress = progress

    def generate(self, sources: Sequence[Ids]) -> list[Hypothesis]:
        """Return warmup and output of each input; a beam is over the whole sequence."""
        in_front = 0 if self.limit is None else self.limit + 1

        def generate(rows: list[int]) -> list[Hypothesis]:
            source = self._encode([sources[i] for i in rows])
            return self._hypotheses(source, None, self.form.max_target_tokens + in_front)

        return self._in_batches("generated", [(len(ids),) for ids in sources], generate)

    def generate_warmups(self, sources: Sequence[Ids]) -> list[Ids]:
        """Return the warmup of each input that `generate` returns.

        Raises:
            InputError: the model was trained without warmups.
        """
        limit = self._max_warmup_tokens()
        if self.beams > 1:  # the best beam is known only at the end of the output
            return [hypothesis.warmup for hypothesis in self.generate(sources)]

        def generate(rows: list[int]) -> list[Ids]:
            source = self._encode([sources[i] for i in rows])
            found = self._greedy(source, None, limit + 1, self.model.tokens.separator)
            return [self._split(ids)[0] for ids, _ in found]

        keys = [(len(ids),) for ids in sources]
        return self._in_batches("generated the warmups of", keys, generate)

    def generate_after(self, sources: Sequence[Ids], warmups: Sequence[Ids]) -> list[Hypothesis]:
        """Return the outputs after given warmups, which have at most as many tokens as the model's.

        Warmups of one length go through the network together, so that no padding is between a
        warmup and its output. A sequence may be as long as one that `generate` returns, so after
        the model's own warmup comes its own output. A beam is over the output.

        Raises:
            InputError: the model was trained without warmups.
            ValueError: the number of warmups is not that of the inputs.
        """
        limit, separator = self._max_warmup_tokens(), self.model.tokens.separator

        def generate(rows: list[int]) -> list[Hypothesis]:
            source = self._encode([sources[i] for i in rows])
            prefix = torch.tensor([[*warmups[i], separator] for i in rows])
            max_new_tokens = self.form.max_target_tokens + limit + 1 - prefix.shape[1]
            return self._hypotheses(source, prefix, max_new_tokens)

        if len(sources) != len(warmups):
            raise ValueError(f"{len(sources)} inputs and {len(warmups)} warmups: need as many")
        keys = [(len(c), len(ids)) for c, ids in zip(warmups, sources, strict=True)]
        return self._in_batches("generated", keys, generate)

    def sample_warmups(
        self, sources: Sequence[Ids], samples: int, seed: int, stream: Stream, first: int = 0
    ) -> list[list[Ids]]:
        """Return warmups drawn from P(c|x) for each input.

        Args:
            sources: the inputs.
            samples: warmups per input.
            seed: of the random numbers, which do not depend on the batches.
            stream: of the random numbers.
            first: number of the first input, on which the random numbers depend.

        Raises:
            InputError: the model was trained without warmups.
        """
        limit = self._max_warmup_tokens()

        def draw(rows: list[int]) -> list[list[Ids]]:
            warmups, _ = sample(
                self.model,
                self._encode([sources[i] for i in rows]),
                max_tokens=limit,
                temperature=1.0,
                uniform=uniforms(seed, stream, first + torch.tensor(rows), samples, limit),
            )
            return [
                [c[:length] for c, length in zip(one, lengths, strict=True)]
                for one, lengths in zip(warmups.ids.tolist(), warmups.lengths.tolist(), strict=True)
            ]

        keys = [(len(ids),) for ids in sources]
        return self._in_batches(
            "sampled warmups of", keys, draw, max(self.batch_size // samples, 1)
        )

    def texts(self, hypothesis: Hypothesis) -> tuple[str, str]:
        """Return warmup and output as text."""
        tokenizer = self.model.tokenizer
        output = decode(tokenizer, hypothesis.output, skip_special_tokens=True).strip()
        return decode(tokenizer, hypothesis.warmup), output

    def _max_warmup_tokens(self) -> int:
        if self.limit is None:
            raise InputError("the model was trained without warmups, so it has no warmup")
        return self.limit

    def _in_batches(
        self,
        what: str,
        keys: Sequence[tuple[int, ...]],
        work: Callable[[list[int]], list[T]],
        size: int | None = None,
    ) -> list[T]:
        """Return the results of all rows, in their order."""
        return in_batches(what if self.progress else None, keys, work, size or self.batch_size)

    def _encode(self, sources: list[Ids]) -> EncodedInput:
        model, device = self.model, self.model.network.device
        input_ids = pad(sources, model.tokens.pad, model.pads_left)
        mask = pad([[1] * len(row) for row in sources], 0, model.pads_left)
        with torch.no_grad():
            return model.encode(input_ids.to(device), mask.to(device))

    def _hypotheses(
        self, source: EncodedInput, prefix: torch.Tensor | None, max_new_tokens: int
    ) -> list[Hypothesis]:
        """Return what is generated after START and the prefix [B, P], if there is one."""
        if self.beams > 1:
            return self._scored(source, self._beam_search(source, prefix, max_new_tokens))
        found = self._greedy(source, prefix, max_new_tokens, self.model.tokens.end)
        return [self._hypothesis(*row) for row in found]

    def _greedy(
        self, source: EncodedInput, prefix: torch.Tensor | None, max_new_tokens: int, end: int
    ) -> list[tuple[Ids, list[float]]]:
        """Return tokens and log-probabilities of each sequence."""
        found = greedy_search.search(
            self.model,
            source,
            max_warmup_tokens=self.limit,
            max_new_tokens=max_new_tokens,
            end=end,
            prefix=None if prefix is None else prefix.to(source.input_ids.device),
        )
        return list(zip(found.ids.tolist(), found.log_probabilities.tolist(), strict=True))

    def _hypothesis(self, ids: Ids, log_probabilities: list[float]) -> Hypothesis:
        """Divide a sequence and its log-probabilities into warmup and output."""
        c, y = self._split(ids)
        if self.limit is None:
            return Hypothesis(c, y, None, log_probabilities[: len(y)])
        first = len(c) + 1
        # a separator that the limit forced is not part of P(c|x)
        of_warmup = log_probabilities[: first if len(c) < self.limit else len(c)]
        return Hypothesis(c, y, of_warmup, log_probabilities[first : first + len(y)])

    @torch.no_grad()
    def _beam_search(
        self, source: EncodedInput, prefix: torch.Tensor | None, max_new_tokens: int
    ) -> list[tuple[Ids, Ids]]:
        """Return c and y of each input."""
        model, tokens = self.model, self.model.tokens
        given = None if prefix is None else prefix.to(source.input_ids.device)
        inputs, prompt = model.generation_inputs(source, given)
        constraint = [] if self.limit is None else [FormatConstraint(model, prompt, self.limit)]
        sequences = model.network.generate(
            **inputs,
            generation_config=GenerationConfig(
                max_new_tokens=max_new_tokens,
                num_beams=self.beams,
                do_sample=False,
                pad_token_id=tokens.pad,
                eos_token_id=tokens.end,
                decoder_start_token_id=tokens.start,
            ),
            logits_processor=LogitsProcessorList(constraint),
        )
        return [self._split(row) for row in sequences[:, prompt:].tolist()]

    def _split(self, row: Ids) -> tuple[Ids, Ids]:
        """Return c and y of a sequence after START."""
        tokens = self.model.tokens
        c: Ids = []
        if self.limit is not None:
            edge = row.index(tokens.separator)
            c, row = row[:edge], row[edge + 1 :]
        if tokens.end in row:
            return c, row[: row.index(tokens.end) + 1]
        return c, row

    @torch.no_grad()
    def _scored(self, source: EncodedInput, found: list[tuple[Ids, Ids]]) -> list[Hypothesis]:
        """Return each c and y with the log-probabilities of their tokens."""
        model, device = self.model, source.input_ids.device
        # the padded column keeps the tensor non-empty; an output of no token has probability 1
        labels = pad([[*y, IGNORED] for _, y in found], IGNORED).to(device)
        if self.limit is None:
            each = target_token_log_probabilities(model, model.network, source, labels)
            outputs = _kept(each, labels)
            return [Hypothesis(c, y, None, l) for (c, y), l in zip(found, outputs, strict=True)]
        lengths = torch.tensor([[len(c)] for c, _ in found], device=device)
        rows = [[*c, *[model.tokens.pad] * (self.limit - len(c))] for c, _ in found]
        ids = torch.tensor(rows, dtype=torch.long, device=device)[:, None]
        warmups = Warmups(ids, lengths, lengths >= self.limit)
        branches = build_branches(model.tokens, warmups, labels)
        scores = score(model, model.network, source, branches)
        values = zip(
            _kept(scores.warmup_tokens[:, 0], branches.warmup_labels[:, 0]),
            _kept(scores.target_tokens[:, 0], labels),
            strict=True,
        )
        return [Hypothesis(c, y, s, l) for (c, y), (s, l) in zip(found, values, strict=True)]


def _kept(values: torch.Tensor, labels: torch.Tensor) -> list[list[float]]:
    """Return each row's values [B, T] at the labels that are not ignored."""
    pairs = zip(values.cpu(), (labels != IGNORED).cpu(), strict=True)
    return [row[keep].tolist() for row, keep in pairs]
