"""Evaluations of made-up methods."""

import numpy as np

from warmup.common.keys import EvaluationKey
from warmup.evaluation.item_statistics import ItemStatistics

RUN = {"experiment": "e", "task": "multiple_choice", "dataset": "d", "pair": "en", "model": "m",
       "method": "sft", "seed": 1, "split": "test", "decoding": "greedy"}  # fmt: skip


def evaluation(method, seed=1, share=0.5, items=120, luck=0, **run):
    """Return accuracy of a made-up method: hard items are hard for all methods and seeds."""
    hard = np.random.default_rng(0).random(items)
    own = np.random.default_rng([len(method), ord(method[-1]), seed, luck]).random(items)
    right = 0.6 * hard + 0.4 * own < share
    rows = np.stack([right, np.ones(items)], axis=-1).astype(float)
    columns = RUN | {"method": method, "seed": seed} | run
    return ItemStatistics(
        name=f"{method}{seed}",
        experiment=columns["experiment"],
        task=columns["task"],
        key=EvaluationKey.from_row(columns),
        references_sha256="hash",
        signatures={"accuracy": "s"},
        statistics={"accuracy": rows},
    )
