"""COMET (Rei et al. 2020, 2022): a regression from source, output and reference.

A model's folder has `hparams.yaml` and `checkpoints/model.ckpt`, as on the Hub, and `encoder/`:
configuration and tokenizer of the network that the training of COMET started from.
"""

import inspect
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import read_bytes
from warmup.config.settings import MetricModelConfig, NeuralMetricConfig
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.neural_metrics import Scorer

LABEL = "COMET"
HIGHER_IS_BETTER = True
RANGE = (None, None)
KIND = "semantic"
NEEDS = ""
HUB_NEEDS = "encoder_revision"
PACKAGES = ("unbabel-comet", "transformers")

_SETTINGS, _WEIGHTS, _ENCODER = "hparams.yaml", "checkpoints/model.ckpt", "encoder"
_TOKENIZER = ("*.json", "*.model", "vocab.txt", "merges.txt")


def fetch(model: MetricModelConfig, folder: Path) -> None:
    """Download a model, and configuration and tokenizer of the encoder that its settings name.

    Raises:
        InputError: the Hub cannot be reached or refuses, or the model is not a COMET model.
    """
    from warmup.models.fetch_model import NESTED, download  # noqa: PLC0415  # of the main environment

    download(*model.repository, folder, (_SETTINGS, _WEIGHTS))
    encoder = _settings(folder)["pretrained_model"]
    download(encoder, str(model.encoder_revision), folder / _ENCODER, _TOKENIZER, (NESTED,))


def check(folder: Path) -> None:
    """Raise an `InputError` that names the file that a model's folder lacks."""
    for name in (_SETTINGS, _WEIGHTS, f"{_ENCODER}/config.json"):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: has no {name}, which a COMET model must have")
    _settings(folder)


def choices(entry: NeuralMetricConfig) -> str:
    """Return how several references and the scale of the model are treated."""
    return "refs:mean|scale:100"


def load(folder: Path, entry: NeuralMetricConfig) -> Scorer:
    """Load a model offline, without running code from its file; errors as `NeuralMetric`."""
    import torch  # noqa: PLC0415
    from comet.models import str2model  # noqa: PLC0415

    kind = str2model[_settings(folder)["class_identifier"]]
    # the library's own `load_from_checkpoint` would ask the Hub for the encoder, and leave missing
    # weights random
    checkpoint = torch.load(folder / _WEIGHTS, map_location="cpu", weights_only=True)
    names = inspect.signature(kind).parameters
    settings = {key: v for key, v in checkpoint["hyper_parameters"].items() if key in names}
    settings |= {"pretrained_model": str(folder / _ENCODER), "local_files_only": True}
    settings |= {"load_pretrained_weights": False}
    if _settings(folder).get("layer_transformation") == "sparsemax_patch":  # as the library does
        settings["layer_transformation"] = "softmax"
    model = kind(**settings)
    if missing := model.load_state_dict(checkpoint["state_dict"], strict=False).missing_keys:
        raise InputError(f"{folder / _WEIGHTS}: no weights for {missing[0]}")
    if not model.requires_references():
        raise InputError(f"{folder}: {kind.__name__} does not use references")
    gpus = int(torch.cuda.is_available())
    return lambda corpus: _score(model, corpus, entry.batch_size, gpus)


def _score(model: Any, corpus: Corpus, batch_size: int, gpus: int) -> list[float]:
    """Return 100 times the mean over an item's references, [n]; the model cuts long texts."""
    samples = [
        {"src": source, "mt": output, "ref": reference}
        for source, output, references in zip(
            corpus.sources, corpus.hypotheses, corpus.references, strict=True
        )
        for reference in references
    ]
    # no workers: tokenizing takes little time compared with the network
    options = {"batch_size": batch_size, "gpus": gpus, "num_workers": 0, "progress_bar": False}
    scores = iter(model.predict(samples, **options).scores)
    return [
        100 * sum(next(scores) for _ in references) / len(references)
        for references in corpus.references
    ]


def _settings(folder: Path) -> dict[str, Any]:
    """Return the settings of a model.

    Raises:
        InputError: they are not those of a COMET model.
    """
    import yaml  # noqa: PLC0415  # planning starts without it

    path = folder / _SETTINGS
    try:
        content: Any = yaml.safe_load(read_bytes(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {error}") from None
    for key in ("class_identifier", "pretrained_model"):
        if not isinstance(content, dict) or not isinstance(content.get(key), str):
            raise InputError(f"{path}: {key} is missing: not the settings of a COMET model")
    settings: dict[str, Any] = content
    return settings
