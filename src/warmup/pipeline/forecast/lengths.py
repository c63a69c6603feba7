"""How many tokens the examples of a data set have, from what is there of its data.

Exact for tokenizers of words and of symbols, otherwise from the number of characters. Without any
data the lengths are those that texts of a task usually have.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.common.texts import nfc
from warmup.config.conversion import to_json
from warmup.config.settings import DatasetEntry, ModelConfig
from warmup.data import dataset as datasets
from warmup.data.prepare import read_split
from warmup.data.sources import Context

EXAMPLES = 400
"""Examples that lengths are estimated from, the first of the training split."""
COUNTED = 50_000
"""The most records of a test split that are counted."""
CHARACTERS_PER_TOKEN = 4.0
"""Of subwords; of Chinese and Japanese it is nearer to 1.5."""
CHARACTERS_PER_TOKEN_CJK = 1.5
TYPICAL = {
    "translation": (125, 125, 1000),
    "summarization": (2300, 125, 10_000),
    "multiple_choice": (900, 10, 1500),
    "transduction": (10, 10, 1000),
}
"""Task -> characters of a source and of a target, and items of a test set, where none is there:
news sentences, XSum, LogiQA 2.0 and words."""
SPREAD = 0.5
"""Standard deviation of the log of assumed lengths, as of sentences in news."""


@dataclass(frozen=True)
class Lengths:
    """Tokens of examples, cut at the largest number that is allowed."""

    sources: Sequence[int]
    targets: Sequence[int]
    measured: bool
    """Whether they are of the data; otherwise they are assumed."""

    def padded(self, batch: int) -> tuple[float, float]:
        """Return the mean over batches of the longest source and the longest target."""
        return _mean_of_longest(self.sources, batch), _mean_of_longest(self.targets, batch)

    @property
    def mean_target(self) -> float:
        """The mean number of target tokens."""
        return float(np.mean(self.targets))


class Texts:
    """The first texts of data sets, read once; nothing is downloaded."""

    def __init__(self, data_root: str, downloads: Path, *, read: bool = True) -> None:
        """Read nothing yet.

        Args:
            data_root: folder that relative paths of data start from.
            downloads: folder of downloads.
            read: whether to look at data; if not, all lengths are assumed.
        """
        self.data_root, self.downloads, self.read = data_root, downloads, read
        self._found: dict[tuple[int, str, str], list[tuple[str, str]]] = {}

    def lengths(self, entry: DatasetEntry, pair: str, model: ModelConfig) -> Lengths:
        """Return the lengths of the training examples of a data set's pair for a model."""
        found = self._records(entry, pair, "train", EXAMPLES)
        # an encoder reads EOS; the prompt's end counts as the first token of the decoder
        extra = 1 if model.architecture == "encoder_decoder" or model.scratch is None else 0
        most = entry.max_source_tokens, entry.max_target_tokens
        if not found:
            source, target, _ = TYPICAL.get(entry.task, TYPICAL["translation"])
            both = [
                np.minimum(_assumed(characters / CHARACTERS_PER_TOKEN), limit).astype(int).tolist()
                for characters, limit in zip((source, target), most, strict=True)
            ]
            return Lengths(both[0], both[1], measured=False)
        kind = model.tokenizer.type if model.scratch is not None else "bpe"
        sources, targets = (
            [min(_tokens(texts[side], kind) + more, most[side]) for texts in found]
            for side, more in ((0, extra), (1, 1))
        )
        return Lengths(sources, targets, measured=True)

    def vocabulary(self, entry: DatasetEntry, pair: str, model: ModelConfig) -> int:
        """Return how many tokens a tokenizer that is trained on the data has, at most."""
        kind, most = model.tokenizer.type, model.tokenizer.vocab_size
        found = self._records(entry, pair, "train", EXAMPLES)
        if not found or kind in ("bpe", "unigram"):
            return most
        pieces = {piece for text in itertools.chain(*found) for piece in text.split()}
        return min(len(pieces) + 10, most)  # with the special ones

    def items(self, entry: DatasetEntry, pair: str, split: str) -> int:
        """Return the number of records of a test split; a usual one if its data are not there."""
        spec = entry.splits[split]
        sample = spec.get("sample")
        said = spec.get("size") or spec.get("limit") or (sample or {}).get("size")
        if isinstance(said, int):
            return said
        found = self._records(entry, pair, split, COUNTED)
        return len(found) or TYPICAL.get(entry.task, TYPICAL["translation"])[2]

    def _records(
        self, entry: DatasetEntry, pair: str, split: str, most: int
    ) -> list[tuple[str, str]]:
        """Return source and target of the first records of a split; none if they are not there."""
        if not self.read:
            return []
        key = id(entry), pair, split
        if key not in self._found:
            own = ("task", "prefix", "splits")
            settings = {name: value for name, value in to_json(entry).items() if name in own}
            render = plugins.load("task", entry.task).render
            where = Context(split, self.data_root, self.downloads)
            try:
                data = datasets.parse(settings | {"pairs": [pair]})
                records = read_split(data, parse_pair(pair), where, nfc)
                rendered = [render(one) for one in itertools.islice(records, most)]
            except (InputError, OSError):  # nothing is downloaded yet
                rendered = []
            self._found[key] = [(str(text.input), text.target) for text in rendered]
        return self._found[key]


def _tokens(text: str, kind: str) -> int:
    if kind in ("word", "symbol"):
        return len(text.split())
    wide = sum("\u3040" <= char <= "\u9fff" for char in text)
    return math.ceil((len(text) - wide) / CHARACTERS_PER_TOKEN + wide / CHARACTERS_PER_TOKEN_CJK)


def _assumed(mean: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return lengths with a mean, at the quantiles of a log-normal distribution."""
    normal = np.random.default_rng(1).standard_normal(EXAMPLES)
    lengths: np.ndarray[tuple[int], np.dtype[np.float64]] = np.exp(
        math.log(mean) - SPREAD**2 / 2 + SPREAD * normal
    )
    return np.maximum(lengths, 1)


def _mean_of_longest(lengths: Sequence[int], batch: int) -> float:
    """Return the mean of the largest of `batch` lengths that are drawn with replacement."""
    ordered = np.sort(np.asarray(lengths, dtype=float))
    below = (np.arange(1, len(ordered) + 1) / len(ordered)) ** batch
    return float(np.sum(ordered * np.diff(below, prepend=0)))
