"""How many updates a run makes: a given number, or what another run made or cost."""

from typing import Any

from warmup.common.errors import InputError
from warmup.config.settings import Budget


def updates(
    budget: Budget,
    batch_size: int,
    reference: dict[str, Any] | None,
    baseline: dict[str, Any] | None,
) -> int:
    """Return the number of updates of a run.

    Args:
        budget: of the run.
        batch_size: examples per update of the run.
        reference: training.json of the method that the budget names.
        baseline: training.json of a run whose cost per example is that of this run: with
            `same_compute_as`, the run it starts from.

    `same_compute_as` divides the floating-point operations that the reference's updates took
    (counted by PyTorch, sampling included, validation excluded) by those of one update at the
    baseline's cost per example, and rounds up: the control gets no less than the method it is
    compared with.

    Raises:
        InputError: a training.json that the budget needs is missing, or is another file.
    """
    if budget.updates is not None:
        return budget.updates
    key = "same_compute_as" if budget.same_compute_as else "same_updates_as"
    where = f"budget.{key}: {budget.method}"
    if reference is None:
        raise InputError(f"{where}: --reference training.json is needed")
    if baseline is None and budget.same_compute_as:
        raise InputError(f"{where}: --baseline training.json is needed")
    try:
        if baseline is None or budget.same_updates_as:
            return int(reference["updates"])
        per_update = baseline["cost"]["flops"] / baseline["cost"]["examples"] * batch_size
        return -int(-reference["cost"]["flops"] // per_update)
    except (KeyError, TypeError):
        raise InputError(f"{where}: a given file is not a training.json") from None
