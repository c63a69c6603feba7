"""Scores, curves and runs as the pipeline writes them, with values made up by a formula."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.experiment_summary import ExperimentSummary
from warmup.config.methods import Methods
from warmup.evaluation.result_tables import CURVES, SCORES
from warmup.reporting import estimates
from warmup.reporting.estimates import Estimate
from warmup.reporting.results import Results

METHODS = ("sft", "sft_compute", "sft_continued", "warmup")
STARTS = dict.fromkeys(METHODS[1:], "sft")
SETTINGS = [
    ("translation", "invented", "qaa-qab", {"bleu": 31.0, "chrf": 40.0, "chrf++": 43.0}),
    ("translation", "invented", "qab-qaa", {"bleu": 35.0, "chrf": 44.0, "chrf++": 46.0}),
    ("summarization", "headlines", "en", {"rouge1": 48.0, "rouge2": 22.0, "rougeL": 41.0}),
    ("multiple_choice", "shell_game", "en", {"accuracy": 24.0, "macro_f1": 22.0}),
]
TASKS = {dataset: task for task, dataset, *_ in SETTINGS}
GAIN = {"sft": 0.0, "sft_compute": 2.5, "sft_continued": 1.0, "warmup": 6.0}
MODELS = ("llama_tiny", "t5_tiny")
LABELS = {"sft_compute": "SFT (same compute)", "sft_continued": "SFT (same updates)"}
ORDER = Methods(METHODS, STARTS, labels=LABELS)


def make_results(
    scores: pd.DataFrame | None = None,
    methods: Methods = ORDER,
    decodings: Decodings = UNKNOWN,
    **more: pd.DataFrame | None,
) -> Results:
    """Return results with these scores, and few numbers of a paper.

    Args:
        scores: by default those of `make_scores`.
        methods: of the experiment.
        decodings: of the experiment.
        more: other fields of `Results`.
    """
    scores = make_scores() if scores is None else scores
    experiment = ExperimentSummary("test", methods, decodings)
    return Results(scores, experiment, **({"claims": reported()} | more))


def make_scores(seeds: int = 3, beam: bool = False, lookahead: bool = True) -> pd.DataFrame:
    """Return scores of 4 methods in 4 settings with 2 models; on the shell game warmup wins."""
    rows: list[dict[str, Any]] = []
    for task, dataset, pair, metrics in SETTINGS:
        for m, model in enumerate(MODELS):
            for method in METHODS:
                for seed in range(1, seeds + 1):
                    run = {
                        "experiment": "test", "task": task, "dataset": dataset, "pair": pair,
                        "model": model, "method": method, "seed": seed,
                    }  # fmt: skip
                    rows += _evaluation(run, metrics, m, beam, lookahead)
                    rows += _training(run, m)
    return pd.DataFrame(rows, columns=list(SCORES.columns))


def make_comparisons(scores: pd.DataFrame, baselines: Iterable[str] = METHODS) -> pd.DataFrame:
    """Return comparisons of those scores; a difference is significant where it is above 12 points.

    Intervals reach one point to either side.
    """
    rows = []
    for baseline in baselines:
        for gain in _gains(scores, baseline):
            p = 0.001 if abs(gain.mean) > 12 else 0.5
            rows.append(
                {
                    **{"experiment": "test", **gain.setting._asdict(), "decoding": gain.decoding},
                    **{"method": gain.method, "baseline": baseline, "metric": gain.metric},
                    **{"difference": gain.mean, "low": gain.mean - 1, "high": gain.mean + 1},
                    **{"scope": "items" if gain.seeds == 1 else "seeds and items"},
                    **{"test": "made up", "p": p / 10, "p_holm": p, "p_bootstrap": p / 10},
                    **{"effect_size": gain.mean / 10, "detectable": 1.5, "n": gain.n},
                    **{"seeds": gain.seeds, "tests": 10, "resamples": 100, "resampling_seed": 0},
                }
            )
    return pd.DataFrame(rows)


def _gains(scores: pd.DataFrame, baseline: str) -> list[Estimate]:
    """Return the scores of every other method less those of the baseline."""
    rows = estimates.with_pair_means(estimates.rows_of(scores, estimates.ALL))
    compared = (row for row in rows if row["method"] != baseline)
    others = (row for row in rows if row["method"] == baseline)
    return estimates.estimates_of(
        estimates.paired_differences(
            compared, others, baseline, lambda row: estimates.identity(row, "method")
        )
    )


def _evaluation(
    run: dict[str, Any], metrics: dict[str, float], m: int, beam: bool, lookahead: bool
) -> list[dict[str, Any]]:
    gain = GAIN[run["method"]] * (10 if run["task"] == "multiple_choice" else 1) + 2 * m
    base = {**run, "split": "test", "n": 500, "signature": "made:up",
            "hypotheses_sha256": "0" * 64, "references_sha256": "1" * 64}  # fmt: skip
    rows = []
    for metric, level in metrics.items():
        value = level + gain + 0.7 * math.sin(7 * run["seed"] + len(run["method"]))
        interval = {"value": value, "low": value - 2, "high": value + 2}
        row = {**base, "decoding": "greedy", "subset": "all", "metric": metric, **interval}
        rows.append(row)
        if beam:
            rows.append({**row, "decoding": "beam4", "value": value + 1})
        if lookahead:
            for k in range(1, 7):
                part = value - (1.5 if run["method"] == "warmup" else 5) * (k - 3)
                rows.append({**row, "subset": f"lookahead={k}", "value": part, "n": 80,
                             "low": part - 4, "high": part + 4})  # fmt: skip
    return rows


def _training(run: dict[str, Any], m: int) -> list[dict[str, Any]]:
    updates = {"sft": 1000, "sft_compute": 9500, "sft_continued": 2000, "warmup": 2000}
    each = 5.0 if run["method"] == "warmup" else 1.0
    number = updates[run["method"]]
    values = {
        "train_updates": number,
        "train_flops": number * each * 1e9 * (m + 1),
        "train_seconds": number * each * 0.02 + run["seed"],
    }
    return [
        {**run, "split": "train", "decoding": "-", "subset": "all", "metric": metric,
         "value": float(value), "low": math.nan, "high": math.nan, "n": number, "signature": "",
         "hypotheses_sha256": "", "references_sha256": ""}
        for metric, value in values.items()
    ]  # fmt: skip


def make_curves(seeds: int = 3) -> pd.DataFrame:
    """Return training curves of the same runs."""
    rows = []
    updates = {"sft": 1000, "sft_compute": 9500, "sft_continued": 2000, "warmup": 2000}
    for task, dataset, pair, _ in SETTINGS:
        for m, model in enumerate(MODELS):
            for method in METHODS:
                for seed in range(1, seeds + 1):
                    key = (task, dataset, pair, model, method, seed)
                    for update in range(0, updates[method] + 1, 100):
                        for quantity, value in _curve(method, update, seed + m):
                            rows.append((*key, update, quantity, value))
    return pd.DataFrame(rows, columns=list(CURVES.columns))


def _curve(method: str, update: int, seed: int) -> list[tuple[str, float]]:
    start = 12.0 if method == "sft" else 5.0
    floor = 0.8 if method == "warmup" else 4.0
    nll = floor + (start - floor) * math.exp(-update / 700) + 0.1 * math.sin(seed + update)
    values = [("loss", nll / 6), ("nll", nll)]
    if method == "warmup":
        values += [
            ("reward", -nll),
            ("warmup_length", 7 - 3 * math.exp(-update / 500) + 0.1 * math.cos(update)),
            ("effective_sample_size", 1 + 3 * math.exp(-update / 900)),
            ("warmup_surprisal", 2 + 4 * math.exp(-update / 600)),
            ("warmup_copied", 0.3 * (1 - math.exp(-update / 800))),
            ("validation_precision_reference", 0.9 - 0.6 * math.exp(-update / 600)),
            ("validation_agreement", 0.8 - 0.5 * math.exp(-update / 700)),
            ("validation_constant", 0.4 * math.exp(-update / 500)),
            ("validation_recall_reference", 0.7 - 0.6 * math.exp(-update / 600)),
            ("validation_novelty", 0.3 * math.exp(-update / 900)),
            ("validation_copied_beginning", 0.2 * (1 - math.exp(-update / 800))),
        ]
    return values


def make_warmups(seeds: int = 3) -> pd.DataFrame:
    """Return what the warmups of the same runs say, and what they gain."""
    rows = []
    for task, dataset, pair, _ in SETTINGS:
        for m, model in enumerate(MODELS):
            for method in ("sft_continued", "warmup"):
                for seed in range(1, seeds + 1):
                    run = {
                        "experiment": "test", "task": task, "dataset": dataset, "pair": pair,
                        "model": model, "method": method, "seed": seed, "split": "test",
                        "decoding": "greedy", "subset": "all",
                    }  # fmt: skip
                    for i, (quantity, level) in enumerate(_said(task, method)):
                        value = level + 0.02 * math.sin(seed + i + 3 * m)
                        bounds = {"value": value, "low": value - 0.03, "high": value + 0.03}
                        rows.append({**run, "quantity": quantity, **bounds, "n": 500})
    return pd.DataFrame(rows)


def _said(task: str, method: str) -> list[tuple[str, float]]:
    found = []
    if method == "warmup":
        found += [
            ("length", 5.0), ("length_median", 5.0), ("surprisal", 0.4), ("distinct", 0.93),
            ("empty", 0.05), ("constant", 0.1), ("copied_beginning", 0.3), ("copied_whole", 0.1),
            ("precision_reference", 0.85), ("recall_reference", 0.6), ("precision_source", 0.1),
            ("recall_source", 0.1), ("novelty", 0.06), ("agreement", 0.8),
        ]  # fmt: skip
    if task == "multiple_choice":
        return [*found, ("names_answer_given", 0.9)] if found else []
    gain = 0.05 if method == "warmup" else 0.01
    return [
        *found, ("recall_function_words", 0.5), ("recall_content_words", 0.4),
        ("gain_function_words", gain), ("gain_content_words", 2 * gain),
        ("gain_content_minus_function", gain),
    ]  # fmt: skip


def make_runs(folder: Path, items: int = 6, seeds: int = 1) -> list[Path]:
    """Write prediction files and provenance of every run; return the prediction files."""
    paths = []
    for task, dataset, pair, _ in SETTINGS:
        for model in MODELS:
            for method in METHODS:
                for seed in range(1, seeds + 1):
                    run = folder / "runs" / dataset / pair / model / method / f"seed{seed}"
                    run.mkdir(parents=True)
                    path = run / "test.greedy.predictions.jsonl"
                    path.write_text(
                        "".join(
                            json.dumps(_prediction(task, method, item), ensure_ascii=False) + "\n"
                            for item in range(items)
                        ),
                        encoding="utf-8",
                    )
                    paths.append(path)
                    (run / "provenance.json").write_text(json.dumps(_provenance(seed)))
    return paths


def _prediction(task: str, method: str, item: int) -> dict[str, Any]:
    right = method == "warmup" or item % 4 == 0
    reference = "B. Steps: 2 4 1." if task == "multiple_choice" else "ko lumi sata ver"
    wrong = "A. Steps: 2 4 1." if task == "multiple_choice" else "ka lumi sata dor"
    output = reference if right else wrong
    steps = ["2", "4", "1", *["3"] * (item // 6 % 4)] if method == "warmup" else []
    return {
        "id": f"{task}-{item}",
        "source": "swap 2 and 4; swap 4 and 1" if task == "multiple_choice" else "mi ver sata lum",
        "references": [reference],
        "warmup": " ".join(steps),
        "output": output,
        "warmup_log_probability": -0.5 if method == "warmup" else None,
        "output_log_probability": -0.25 - item % 7,
        "warmup_tokens": len(steps),
        "output_tokens": 6,
        "warmup_by_token": _by_token([*steps, "<sep>"], -0.5) if steps else None,
        "output_by_token": _by_token([*output.split(), "</s>"], -0.25 - item % 7),
        "meta": {"lookahead": item % 6 + 1},
    }


def _by_token(words: list[str], total: float) -> list[tuple[str, float]]:
    """Return words as tokens, of which the first is the least probable."""
    weights = [len(words), *[1] * (len(words) - 1)]
    parts = [total * weight / sum(weights) for weight in weights]
    return [(f" {word}"[i == 0 :], p) for i, (word, p) in enumerate(zip(words, parts, strict=True))]


def _provenance(seed: int) -> dict[str, Any]:
    return {
        "git": {"revision": "abc1234def", "dirty": False},
        "python": "3.11.7",
        "packages": {"torch": "2.13.0", "sacrebleu": "2.6.0"},
        "device": "cpu",
        "machine": "Linux x86_64, node",
        "started": f"2026-11-20T10:0{seed}:00+00:00",
        "seconds": 12.5 + seed,
        "config_sha256": "c" * 64,
        "data_sha256": {"train": "d" * 64, "valid": "e" * 64},
        "code_sha256": "f" * 64,
    }


def reported() -> pd.DataFrame:
    """Return a few values that a paper might report."""
    columns = ["task", "dataset", "pair", "model", "metric", "quantity", "value", "source"]
    rows = [
        ("translation", "flores", "mean of 8 directions", "mT5-base", "bleu", "gain", 1.57, "text"),
        ("multiple_choice", "logiqa2", "en", "T5-base", "accuracy", "gain", 0.87, "text"),
        ("multiple_choice", "logiqa2", "en", "", "macro_f1", "absolute", 55.5, "text"),
    ]
    return pd.DataFrame(rows, columns=columns)
