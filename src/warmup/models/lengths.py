"""Check that a network has a position for every token that it will be fed."""

import torch

from warmup.common.errors import InputError, out_of_memory
from warmup.config.settings import CheckpointFormat
from warmup.models.interface import LanguageModel


def check_lengths(model: LanguageModel, form: CheckpointFormat) -> None:
    """Feed a network one sequence of the greatest lengths that a run allows.

    A table of learned positions has an end; other kinds of positions have none. The network has to
    be on the CPU: after an index out of range a GPU can do nothing more.

    Args:
        model: the model.
        form: the format of its checkpoint: the longest input, warmup and target.

    Raises:
        InputError: the network has too few positions.
    """
    warmup = form.max_warmup_tokens
    before = 0 if warmup is None else warmup + 1  # c and the separator
    # START is fed and the last token of y is not; if even one token fails, the reason is another
    decoder = before + form.max_target_tokens
    if _takes(model, form.max_source_tokens, decoder) or not _takes(model, 1, 1):
        return
    limits = {
        "max_source_tokens": form.max_source_tokens,
        "max_warmup_tokens": warmup,
        "max_target_tokens": form.max_target_tokens,
    }
    named = ", ".join(f"{key} {value}" for key, value in limits.items() if value is not None)
    config = model.network.config
    most = getattr(config, "max_position_embeddings", None)
    known = f" (max_position_embeddings: {most})" if most else ""
    raise InputError(
        f"{named}: too many tokens for the positions of this {config.model_type}{known}"
    )


def _takes(model: LanguageModel, source: int, decoder: int) -> bool:
    """Return whether a network accepts so many source and decoder tokens."""
    inputs, ids = (torch.full((1, length), model.tokens.end) for length in (source, decoder))
    try:
        with torch.no_grad(), torch.random.fork_rng([]):
            encoded = model.encode(inputs, torch.ones_like(inputs))
            one = ids[:, None]
            model.branch_states(model.network, encoded, one, torch.ones_like(one).bool())
    except Exception as error:  # each model type fails in its own way
        if out_of_memory(error):
            raise
        return False
    return True
