"""When a run was started, and the seconds it has taken over all its starts."""

import datetime
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from warmup.common.files import read_json, write_json


class Stopwatch(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Measures a run over all its starts; a file beside the checkpoints carries it on.

    What a killed process did behind its last checkpoint does not count: it is done again.
    """

    def __init__(self, path: Path) -> None:
        """Start.

        Args:
            path: the file. It counts only where training goes on from a checkpoint.
        """
        self.path = path
        self.started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.before = 0.0
        self.began = time.perf_counter()  # the date may be corrected in the meantime

    def read(self) -> dict[str, Any]:
        """Return the date of the first start, and the seconds of all until now."""
        seconds = self.before + time.perf_counter() - self.began
        return {"started": self.started, "seconds": seconds}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Go on from the starts before this one."""
        if state.global_step and self.path.exists():
            earlier = read_json(self.path)
            self.started, self.before = earlier["started"], earlier["seconds"]

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note what it took to this checkpoint."""
        if state.is_world_process_zero:
            write_json(self.path, self.read())
