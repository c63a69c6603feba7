"""What training does beside training: report progress, time updates, complete checkpoints."""

import signal
import sys
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from warmup.common.errors import StoppedError
from warmup.common.files import write_json
from warmup.training import checkpoints

FLAT_FILE = "flat_examples.json"
"""What a checkpoint remembers for adaptive sampling."""


class Progress(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Prints a line at each validation, for terminals and logs that show no progress bar."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = time.perf_counter()
        self.first: int | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Print what the last log line said, at each validation."""
        if self.first is None:
            self.first = state.global_step - 1
        if not logs or "eval_loss" not in logs or not state.is_world_process_zero:
            return
        last: dict[str, Any] = next((h for h in reversed(state.log_history) if "loss" in h), {})
        names = ("loss", "reward", "warmup_length", "effective_sample_size")
        shown = "  ".join(f"{n} {last[n]:.3g}" for n in names if n in last)
        pace = (time.perf_counter() - self.began) / max(state.global_step - self.first, 1)
        left = pace * (state.max_steps - state.global_step)
        print(
            f"{self.name}  update {state.global_step}/{state.max_steps}  "
            f"validation nll {logs['eval_loss']:.3f}  {shown}  {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


class StepTimer(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Times updates without validation and saving."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.began = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Hand over the time of the update."""
        self.trainer.end_step(time.perf_counter() - self.began)
        if state.global_step == state.max_steps:  # what came since the last log counts too
            control.should_log = True


class CompleteCheckpoints(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Adds what only the criterion knows, and seals a checkpoint once all of it is written.

    Older ones are deleted after that, and only then. Asked to end, it writes one after the update.
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.ending = False

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask for a checkpoint if the process is to end."""
        self.ending = self.trainer.anywhere(self.trainer.interruption.requested)
        if self.ending:
            control.should_log = True  # sums since the last log are not in a checkpoint
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Complete the checkpoint that was just written.

        Raises:
            StoppedError: the process was asked to end.
        """
        args.distributed_state.wait_for_everyone()  # each process writes its random state
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero:
            write_json(folder / FLAT_FILE, sorted(self.trainer.criterion.flat))
            checkpoints.seal(folder)
            checkpoints.thin(folder.parent)
        if self.ending:
            args.distributed_state.wait_for_everyone()
            by = self.trainer.interruption.by
            cause = by.name if by else "the end of another process"
            raise StoppedError(
                f"ended by {cause} after update {state.global_step}, which {folder} holds; start "
                "again to go on",
                by or signal.SIGTERM,
            )
