"""Every objective with every combination of its settings, and what evaluates one."""

import inspect
import itertools
import math

import pytest
import torch
from hypothesis import strategies as st

from warmup.common import plugins

VALUES = {"tau": (0.5, 1.0, 20.0), "epsilon": (1e-3,)}


def variants():
    """Every objective with every combination of its settings."""
    for name in plugins.names("objective"):
        objective = plugins.load("objective", name)
        parameters = list(inspect.signature(objective.coefficients).parameters.values())[2:]
        keys = [p.name for p in parameters]
        values = [VALUES.get(p.name, (True, False)) for p in parameters]
        for chosen in itertools.product(*values):
            label = " ".join([name, *(f"{k}={v}" for k, v in zip(keys, chosen, strict=True))])
            yield pytest.param(objective, dict(zip(keys, chosen, strict=True)), id=label)


VARIANTS = list(variants())
every_variant = pytest.mark.parametrize(("objective", "options"), VARIANTS)


def evaluate(objective, l, length=500, **options):
    """Coefficients for rows of l, with targets of equal length."""
    l = torch.as_tensor(l)
    return objective.coefficients(l, torch.full((len(l),), length), **options)


def tensor(*rows, dtype=torch.float64):
    return torch.tensor(rows, dtype=dtype)


rows = st.lists(
    st.lists(st.floats(-3000, 0) | st.floats(-3, 0) | st.just(-math.inf), min_size=4, max_size=4),
    min_size=1,
    max_size=3,
)
