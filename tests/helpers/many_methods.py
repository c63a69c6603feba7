"""Synthetic results of as many methods as config/experiments/ablations.yaml has."""

from pathlib import Path

import pandas as pd

from helpers.synthetic_results import (
    LABELS,
    METHODS,
    STARTS,
    make_curves,
    make_results,
    make_scores,
    make_warmups,
)
from warmup.config import experiment, experiment_summary
from warmup.config.methods import Methods
from warmup.reporting.results import Results

ROOT = Path(__file__).parents[2]


def make(seeds: int = 2) -> Results:
    """Return results in which each ablation is a little worse than warmup than the one before."""
    config = experiment.load(ROOT / "config" / "experiments" / "ablations.yaml")
    everything = experiment_summary.parse(experiment.summarise(config), Path()).methods
    scores, curves, said = make_scores(seeds), make_curves(seeds), make_warmups(seeds)
    frames = [frame[frame["model"] == "t5_tiny"] for frame in (scores, curves, said)]
    parts = [frames]
    for place, name in enumerate(everything.varied):
        parts.append([_like_warmup(frame, name, place) for frame in frames])
    scores, curves, said = (pd.concat(frames) for frames in zip(*parts, strict=True))
    order = tuple(dict.fromkeys((*METHODS[:2], *everything.order)))
    labels = LABELS | dict(everything.labels)
    known = Methods(order, STARTS | dict(everything.starts), everything.varied, labels=labels)
    return make_results(scores, known, curves=curves, warmups=said)


def _like_warmup(frame: pd.DataFrame, name: str, place: int) -> pd.DataFrame:
    rows = frame[frame["method"] == "warmup"].assign(method=name)
    if "split" in rows:
        measured = rows["split"] != "train"
        scale = 0.01 if "quantity" in rows else 1
        for key in ("value", "low", "high"):
            rows.loc[measured, key] -= scale * place
    return rows
