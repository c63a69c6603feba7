"""Predictions of a trained checkpoint: outputs after its own or other warmups."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.files import parse_jsonl, read_lines
from warmup.common.languages import Pair, parse_pair
from warmup.common.texts import nfc
from warmup.config.settings import CheckpointFormat, DecodingConfig
from warmup.data import text_counts
from warmup.data.batches import check_positions
from warmup.data.encoding import Encoder
from warmup.data.predictions import Prediction
from warmup.data.records import Record, Unlabelled, from_dict, unique
from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator
from warmup.generation.strategies import Inputs
from warmup.generation.token_texts import token_texts
from warmup.method import self_check
from warmup.models import lengths, loading
from warmup.models.checkpoint_format import read_format
from warmup.models.interface import LanguageModel

WINDOW = 16_384
"""Inputs that are held in memory at once, more than the test sets of the paper have."""
DEFAULT_SAMPLES = 8
"""Warmups per input if neither the caller nor the checkpoint says how many."""


def predict(
    folder: Path,
    records: Iterable[Record],
    *,
    task: str | None,
    beams: int,
    batch_size: int,
    warmup: str = "own",
    samples: int | None = None,
    seed: int = 0,
) -> Iterator[Prediction]:
    """Return an iterator over the predictions of records, in order.

    Up to `WINDOW` records are held in memory at once, with their sequences and predictions, as
    batches are made of inputs of similar length.

    Args:
        folder: a checkpoint of `warmup train`.
        records: inputs; `Unlabelled` ones have no references.
        task: if given, it must be the checkpoint's task.
        beams: beam width.
        batch_size: sequences at once.
        warmup: where warmups come from, a module of `warmup.generation.strategies`.
        samples: warmups per input, for a strategy that takes several; None for as many as in
            training.
        seed: of the random numbers.

    Raises:
        InputError: the folder is not a checkpoint of `warmup train`, or its task is another, or
            `warmup` does not fit it, or its network is not supported.
    """
    decoding = DecodingConfig(beams=beams, batch_size=batch_size, warmup=warmup, samples=samples)
    return Predictor(folder, [decoding], task).predict_all(records, decoding, seed)


class Predictor:
    """A trained checkpoint that is loaded once, for any number of inputs and decodings.

    Args:
        folder: a checkpoint of `warmup train`.
        decodings: what it will be used for, which is checked before it is loaded.
        task: if given, it must be the checkpoint's task.

    Raises:
        InputError: as `predict`.
    """

    def __init__(
        self, folder: Path, decodings: Iterable[DecodingConfig], task: str | None = None
    ) -> None:
        self.form = read_format(folder)
        if task and task != self.form.task:
            raise InputError(f"--task: {folder} was trained for {self.form.task}, not {task}")
        for decoding in decodings:
            strategy = plugins.load("decoding", decoding.warmup)
            if strategy.NEEDS_WARMUPS and self.form.max_warmup_tokens is None:
                raise InputError(
                    f"--warmup {decoding.warmup}: {folder} was trained without warmups"
                )
            if decoding.samples and not strategy.SAMPLES:
                raise InputError(f"--samples: --warmup {decoding.warmup} takes no samples")
        self.model = loading.load(folder, self.form)
        self.model.network.eval()
        lengths.check_lengths(self.model, self.form)
        if torch.cuda.is_available():
            self.model.network.to("cuda")
        self_check.check(self.model, self.form)

    def predict_all(
        self, records: Iterable[Record], decoding: DecodingConfig, seed: int
    ) -> Iterator[Prediction]:
        """Yield the prediction of each record, in order; see `predict`."""
        first = 0
        for window in windows(records, WINDOW):
            yield from self.predict(self.texts(window), decoding, seed, first)
            first += len(window)

    def texts(self, records: Iterable[Record]) -> "Texts":
        """Return the texts of records; say on the terminal what was cut, too long or unknown."""
        prefix = self.form.prefix or ""
        rows = [replace(one, prefix=one.prefix or prefix) for one in records]
        texts = Texts(self.model, self.form, rows)
        for sentence in texts.sentences():
            print(sentence, file=sys.stderr)
        longest = max(map(len, texts.inputs.ids), default=0)
        check_positions(self.model.network, longest, "--input")
        return texts

    def predict(
        self, texts: "Texts", decoding: DecodingConfig, seed: int, first: int = 0
    ) -> list[Prediction]:
        """Return the prediction of each record, in order.

        Args:
            texts: the records.
            decoding: how outputs are generated.
            seed: of the random numbers.
            first: number of the first record, if there were others before.
        """
        inputs = Inputs(
            sources=texts.inputs.ids,
            targets=texts.targets,
            samples=decoding.samples or self.form.warmup_samples or DEFAULT_SAMPLES,
            seed=seed,
            first=first,
        )
        generator = SequenceGenerator(
            self.model, self.form, beams=decoding.beams, batch_size=decoding.batch_size
        )
        hypotheses = plugins.load("decoding", decoding.warmup).generate(generator, inputs)
        warmup_from = None if self.form.max_warmup_tokens is None else decoding.warmup
        return [
            Prediction(
                id=record.id,
                source=" ".join(filter(None, (record.features, record.source))),
                references=(
                    [] if isinstance(record, Unlabelled) else texts.task.render(record).references
                ),
                **shown(generator, hypothesis),
                warmup_from=warmup_from,
                as_tokens=lost,
                meta=record.meta,
                task=self.form.task,
                target_lang=record.target_lang or None,
            )
            for record, hypothesis, lost in zip(texts.rows, hypotheses, texts.lost(), strict=True)
        ]


def windows(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """Yield records in lists of a size; a single one at the end goes with those before it."""
    left = iter(records)
    window = list(islice(left, size))
    while following := list(islice(left, size)):
        if len(following) == 1:  # it would have no other input, which `shuffled` needs
            window += following
            break
        yield window
        window = following
    if window:
        yield window


class Texts:
    """The texts of records as tokens: inputs, and the known targets.

    Args:
        model: the model that generates.
        form: the format of its checkpoint.
        rows: records, some of them `Unlabelled`.
    """

    def __init__(
        self, model: LanguageModel, form: CheckpointFormat, rows: Sequence[Record]
    ) -> None:
        self.encoder = Encoder(model.tokenizer, model.tokens.of_form)
        self.form, self.rows = form, rows
        self.task = plugins.load("task", form.task)
        self.inputs = self.encoder.inputs(
            [self.task.model_input(row) for row in rows], form.max_source_tokens
        )
        self.known = [i for i, row in enumerate(rows) if not isinstance(row, Unlabelled)]
        self.target_texts = [self.task.render(rows[i]).target for i in self.known]
        self.target_tokens = self.encoder.targets(self.target_texts)

    def targets(self) -> list[list[int]]:
        """Return the tokens of each target without its end; `InputError` if one is unknown."""
        for row in self.rows:
            self.task.check(row)
        return [ids[:-1] for ids in self.target_tokens.ids]

    def sentences(self) -> list[str]:
        """Return sentences for the terminal: what was cut, too long or unknown."""
        if not self.rows:
            return []
        texts = [str(self.task.model_input(row)) for row in self.rows]
        longest = self.form.max_source_tokens
        inputs = text_counts.count(self.encoder, texts, self.inputs, longest)
        if not self.known:
            return text_counts.sentences("generate", inputs, None)
        longest = self.form.max_target_tokens
        targets = text_counts.count(self.encoder, self.target_texts, self.target_tokens, longest)
        return text_counts.sentences("generate", inputs, targets)

    def lost(self) -> list[dict[str, int]]:
        """Return for each record how many tokens were cut, too many or unknown, without zeros."""
        inputs, targets = self.inputs, self.target_tokens
        numbers: list[dict[str, int]] = [
            {"inputs_cut": cut, "inputs_too_long": excess, "inputs_unknown": unknown}
            for cut, excess, unknown in zip(
                inputs.cut,
                inputs.excess(self.form.max_source_tokens),
                inputs.unknown,
                strict=True,
            )
        ]
        of_targets = zip(
            self.known,
            targets.excess(self.form.max_target_tokens),
            targets.unknown,
            strict=True,
        )
        for i, excess, unknown in of_targets:
            numbers[i] |= {"targets_too_long": excess, "targets_unknown": unknown}
        return [{kind: number for kind, number in one.items() if number} for one in numbers]


def shown(generator: SequenceGenerator, hypothesis: Hypothesis) -> dict[str, Any]:
    """Return the fields of a prediction that describe the sequence."""
    model = generator.model
    warmup, separator = hypothesis.warmup_log_probabilities, model.tokens.separator
    text, output = generator.texts(hypothesis)
    return {
        "warmup": text,
        "output": output,
        "warmup_log_probability": hypothesis.warmup_log_probability,
        "output_log_probability": hypothesis.output_log_probability,
        "warmup_tokens": len(hypothesis.warmup),
        "output_tokens": len(hypothesis.output),
        "warmup_by_token": (
            None if warmup is None else _by_token(model, [*hypothesis.warmup, separator], warmup)
        ),
        "output_by_token": _by_token(model, hypothesis.output, hypothesis.output_log_probabilities),
    }


def _by_token(
    model: LanguageModel, ids: list[int], log_probabilities: list[float]
) -> list[tuple[str, float]]:
    """Return what each token adds to the text, and its log-probability to five digits.

    A forced separator has no log-probability, so it is left out.
    """
    texts = token_texts(model.tokenizer, ids[: len(log_probabilities)])
    return [(text, round(p, 5)) for text, p in zip(texts, log_probabilities, strict=True)]


def read_inputs(path: Path, normalise: Callable[[str], str] = nfc) -> Iterator[Record]:
    """Yield the records of a file, in NFC; a line needs neither target nor answer.

    A line without an `id` gets its line number as id.

    Raises:
        InputError: a line is not a record, or has the id of another line; the message names it.
    """

    def read(where: str, row: dict[str, Any]) -> Record:
        labelled = "targets" in row or "answer" in row
        number = where.rpartition(":")[2]
        record = from_dict({"id": number} | row, where, Record if labelled else Unlabelled)
        return record.with_texts(normalise)

    rows = parse_jsonl(_json_lines(path), str(path))
    return unique((where, read(where, row)) for where, row in rows)


def _json_lines(path: Path) -> Iterator[str]:
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip() and line.lstrip()[0] not in '{["':
            raise InputError(
                f'{path}:{number}: not JSON; a line is {{"source": …}}, plain text needs '
                "--format text"
            )
        yield line


def read_texts(path: Path, pair: str | None, normalise: Callable[[str], str]) -> Iterator[Record]:
    """Yield an unlabelled record for each line of a text file; its id is the number of the line.

    Args:
        path: the file.
        pair: languages of source and target, such as `en-de`; None if the task needs none.
        normalise: what brings a text into NFC.

    Raises:
        InputError: not a pair, or an empty line.
    """
    languages = parse_pair(pair) if pair else Pair("", "")
    for number, line in enumerate(read_lines(path), start=1):
        try:
            yield Unlabelled(
                str(number),
                normalise(line.strip()),
                source_lang=languages.source,
                target_lang=languages.target,
            )
        except InputError:
            raise InputError(f"{path}:{number}: empty line") from None
