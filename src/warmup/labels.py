"""What people read in tables, figures and the report: display names and the order of metrics."""

from collections.abc import Iterable

TASKS = {
    "translation": "Translation",
    "summarization": "Summarization",
    "multiple_choice": "Multiple choice",
}
METRICS = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "chrf++": "chrF++",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "comet": "COMET",
    "bertscore": "BERTScore",
}
"""In the order of the columns; the first one a task has is the one that figures and words use."""
SEMANTIC = ("comet", "bertscore")
"""Metrics that compare meaning; those of translation and summarization besides compare words."""
PERCENT = frozenset(METRICS) - {"comet", "bertscore"}
"""Metrics whose values lie between 0 and 100."""
METHODS = {
    "sft": "SFT",
    "sft_continued": "SFT (same updates)",
    "sft_compute": "SFT (same compute)",
    "empty_warmup": "empty warmup",
    "filler": "filler tokens",
    "jensen": "Jensen",
    "tau_03": "tau 0.3",
    "samples_2": "2 samples",
    "samples_8": "8 samples",
    "tokens_3": "3 tokens",
    "tokens_12": "12 tokens",
    "backprop_1": "M = 1",
    "backprop_2": "M = 2",
    "warmup": "warmup",
}
"""Of those whose name, with spaces for underscores, does not read well."""


def label(names: dict[str, str], name: str) -> str:
    """Return the display name of `name`; a name unknown to `names` reads as it is written."""
    return names.get(name, name.replace("_", " "))


def metric_order(metrics: Iterable[str]) -> list[str]:
    """Return the distinct metrics in the order of `METRICS`, unknown ones last, by name."""
    known = list(METRICS)
    return sorted(
        set(metrics), key=lambda name: (known.index(name) if name in known else len(known), name)
    )
