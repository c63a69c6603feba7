"""Private names of `transformers` are listed in one place."""

import inspect
import re
from importlib.metadata import version

from transformers import Trainer

from warmup.training import sharded_trainer, trainer, transformers_internals
from warmup.training.sharded_trainer import ShardedTrainer
from warmup.training.trainer import WarmupTrainer

PRIVATE = {name for name in dir(Trainer) if re.match("_[a-z]", name)}


def test_all_private_methods_that_are_overridden_are_listed():
    overridden = PRIVATE & {*vars(WarmupTrainer), *vars(ShardedTrainer)}
    assert overridden == set(transformers_internals.OVERRIDDEN)


def test_all_private_methods_that_are_called_are_listed():
    source = inspect.getsource(trainer) + inspect.getsource(sharded_trainer)
    called = {name for name in PRIVATE if f"self.{name}(" in source}
    assert called == set(transformers_internals.CALLED)


def test_the_version_that_was_tested_is_installed():
    tested = re.search(r"tested with version ([0-9.]+[0-9])", transformers_internals.__doc__)[1]
    assert version("transformers").startswith(f"{tested}.")
