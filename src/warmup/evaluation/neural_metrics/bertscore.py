"""BERTScore (Zhang et al. 2020): F1 of words matched by their contextual embeddings.

A model's folder is a checkpoint in the layout of transformers. Neither inverse document frequency
nor rescaling with a baseline is used.
"""

import contextlib
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.config.settings import MetricModelConfig, NeuralMetricConfig
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.neural_metrics import Scorer

LABEL = "BERTScore"
HIGHER_IS_BETTER = True
RANGE = (None, None)
KIND = "semantic"
NEEDS = "layer"
HUB_NEEDS = ""
PACKAGES = ("bert-score", "transformers")


def fetch(model: MetricModelConfig, folder: Path) -> None:
    """Download a model: configuration, tokenizer and safetensors.

    Raises:
        InputError: the Hub cannot be reached, refuses, or has no safetensors.
    """
    from warmup.models.fetch_model import FILES, NESTED, download  # noqa: PLC0415  # main environment

    download(*model.repository, folder, FILES, (NESTED,))


def check(folder: Path) -> None:
    """Raise an `InputError` that names the file that a model's folder lacks."""
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: has no config.json, which a model of transformers must have")
    if not any(folder.glob("*.safetensors")):
        raise InputError(f"{folder}: has no *.safetensors; other weights are not loaded")


def choices(entry: NeuralMetricConfig) -> str:
    """Return the layer, and how several references, frequencies and the baseline are treated."""
    return f"f1|layer:{entry.layer}|idf:no|rescale:no|refs:best|empty:0"


def load(folder: Path, entry: NeuralMetricConfig) -> Scorer:
    """Load a model offline; errors as `NeuralMetric`."""
    from bert_score import BERTScorer  # noqa: PLC0415

    # the model is named ".", since the library takes any path that contains "t5" for a T5
    with contextlib.chdir(folder):
        scorer = BERTScorer(model_type=".", num_layers=entry.layer)
    _limit(scorer)
    return lambda corpus: _score(scorer, corpus, entry.batch_size)


def _limit(scorer: Any) -> None:
    """Cut texts to the network's number of positions, which not every tokenizer knows."""
    positions = getattr(getattr(scorer._model, "embeddings", None), "position_embeddings", None)
    if positions is None:
        return
    # the positions of RoBERTa begin after that of padding
    first = 0 if positions.padding_idx is None else positions.padding_idx + 1
    tokenizer = scorer._tokenizer
    tokenizer.model_max_length = min(tokenizer.model_max_length, positions.num_embeddings - first)


def _score(scorer: Any, corpus: Corpus, batch_size: int) -> list[float]:
    """Return 100 times the F1 with the best reference, [n]; 0 for an empty output."""
    # not every tokenizer accepts empty text, for which the library returns 0 anyway
    written = [i for i, output in enumerate(corpus.hypotheses) if output.strip()]
    scores = [0.0] * len(corpus.hypotheses)
    if not written:
        return scores
    part = corpus.take(written)
    references = [list(texts) for texts in part.references]
    _, _, f1 = scorer.score(list(part.hypotheses), references, batch_size=batch_size)
    for i, value in zip(written, f1.tolist(), strict=True):
        scores[i] = 100 * value
    return scores
