"""What people read in tables, figures and the report: display names of tasks and methods."""

TASKS = {
    "translation": "Translation",
    "summarization": "Summarization",
    "multiple_choice": "Multiple choice",
    "transduction": "Transduction",
}
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
