"""Display names of tasks and decodings. Those of methods, models and data are in `config`."""


def task_label(task: str) -> str:
    """Return the display name of a task: capitalised, with spaces for underscores."""
    return task.replace("_", " ").capitalize()


def decoding_label(decoding: str) -> str:
    """Return the display name of a decoding: with spaces for underscores."""
    return decoding.replace("_", " ")
