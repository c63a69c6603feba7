"""A trained model that one can call from Python: sources in, warmups and outputs out."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypedDict

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from warmup.common.errors import InputError
from warmup.common.texts import Normaliser
from warmup.config.settings import CheckpointFormat
from warmup.data.batches import check_positions
from warmup.data.records import Unlabelled, from_dict
from warmup.generation.prediction import Texts
from warmup.generation.sequence_generator import SequenceGenerator
from warmup.method import self_check
from warmup.method.scoring import evaluating
from warmup.models import loading
from warmup.models.checkpoint_format import read_format
from warmup.models.interface import LanguageModel
from warmup.models.lengths import check_lengths

Source = str | Mapping[str, Any]
"""A text, or a record without its target: a mapping with `source` and what else the task needs,
such as `source_lang` and `target_lang` for translation."""
_FILES = ["*.json", "*.safetensors", "*.model", "*.txt"]
"""What a model consists of, without pickled weights."""


class Generated(TypedDict):
    """What a model has generated for a source."""

    warmup: str | None
    """The warmup as text; None if the model was trained without warmups."""
    output: str
    """The output as text."""


class WarmupModel:
    """A network with its tokenizer and its `warmup.json`, ready to generate.

    Args:
        model: network, tokenizer and control tokens.
        form: the content of `warmup.json`.
    """

    def __init__(self, model: LanguageModel, form: CheckpointFormat) -> None:
        self.model = model
        self.form = form

    @classmethod
    def from_pretrained(
        cls, name: str | Path, *, revision: str | None = None, device: str | None = None
    ) -> Self:
        """Load a model that `WarmupTrainer.save_model` or the pipeline has written.

        Args:
            name: its folder, or the id of a repository of the Hub.
            revision: branch, tag or commit of that repository.
            device: where it runs; None for a GPU if there is one, else the CPU.

        Raises:
            InputError: there is no such model, it has no `warmup.json`, or its type is not
                supported.
        """
        folder = Path(name) if Path(name).exists() else _download(str(name), revision)
        form = read_format(folder)
        model = loading.load(folder, form)
        model.network.eval()
        check_lengths(model, form)
        model.network.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self_check.check(model, form)
        return cls(model, form)

    def generate(
        self, sources: Sequence[Source], *, beams: int = 1, batch_size: int = 32
    ) -> list[Generated]:
        """Return warmup and output of each source, in their order.

        Sources that are longer than `max_source_tokens` are cut; a line on stderr says how many.

        Args:
            sources: texts, or records without their target.
            beams: beam width; 1 is greedy search.
            batch_size: sequences generated at once.

        Raises:
            InputError: a source is empty or not a text, or has no room in the network.
        """
        if isinstance(sources, str):
            raise InputError("sources: needs a list of texts, not one text; write [TEXT]")
        if beams < 1 or batch_size < 1:
            raise InputError(f"beams and batch_size must be at least 1: {beams}, {batch_size}")
        normaliser = Normaliser()
        rows = [self._record(n, source, normaliser) for n, source in enumerate(sources)]
        texts = Texts(self.model, self.form, rows)
        notes = [f"sources: {note}"] if (note := normaliser.note()) else []
        for sentence in (*notes, *texts.sentences()):
            print(sentence, file=sys.stderr)
        longest = max(map(len, texts.inputs.ids), default=0)
        check_positions(self.model.network, longest, "sources")
        generator = SequenceGenerator(
            self.model, self.form, beams=beams, batch_size=batch_size, progress=False
        )
        with evaluating(self.model.network):
            found = [generator.texts(one) for one in generator.generate(texts.inputs.ids)]
        has_warmups = self.form.max_warmup_tokens is not None
        return [
            {"warmup": warmup if has_warmups else None, "output": output}
            for warmup, output in found
        ]

    def _record(self, number: int, source: Source, normaliser: Normaliser) -> Unlabelled:
        given = {"source": source} if isinstance(source, str) else source
        if not isinstance(given, Mapping):
            raise InputError(f"sources[{number}]: needs a text, not {type(source).__name__}")
        usual = {"id": str(number)} | ({"prefix": self.form.prefix} if self.form.prefix else {})
        record = from_dict(usual | dict(given), f"sources[{number}]", Unlabelled)
        return record.with_texts(normaliser)


def _download(name: str, revision: str | None) -> Path:
    """Return the folder of a repository of the Hub, without pickled weights."""
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                allow_patterns=["*.json", "*.safetensors", "*.model", "*.txt"],
            )
        )
    except HFValidationError:
        raise InputError(f"{name}: no such folder") from None
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"{name}: no such folder, and not on the Hub: {reason}") from None
