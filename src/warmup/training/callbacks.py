"""Callbacks of the trainer: progress, the time of updates and of the run, complete checkpoints."""

import datetime
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from warmup.common.errors import StoppedError
from warmup.common.files import read_json, write_json
from warmup.common.units import duration
from warmup.training import checkpoints

SILENCE = 30
"""Seconds without a line after which a training run says where it is."""
FLAT_FILE = "flat_examples.json"
"""File of a checkpoint with what adaptive sampling remembers."""


class Progress(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Prints a line at each validation, and now and then between, for terminals and logs."""

    def __init__(self, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        """Print nothing yet.

        Args:
            name: of the run.
            clock: returns seconds.
        """
        self.name, self.clock = name, clock
        self.first: int | None = None
        """The first update of this start; its time, which loads and compiles, is not counted."""
        self.began = self.said = 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Print a line if there was none for a while."""
        now = self.clock()
        if self.first is None:
            self.first, self.began, self.said = state.global_step, now, now
        elif now - self.said >= SILENCE:
            self._say(state, now, "")

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Print the last line of the log at each validation."""
        if logs and "eval_loss" in logs:
            self._say(state, self.clock(), f"validation nll {logs['eval_loss']:.3f}  ")

    def _say(self, state: Any, now: float, validation: str) -> None:
        self.said = now
        if not state.is_world_process_zero:
            return
        last: dict[str, Any] = next((h for h in reversed(state.log_history) if "loss" in h), {})
        names = ("loss", "reward", "warmup_length", "effective_sample_size")
        values = "".join(f"{n} {last[n]:.3g}  " for n in names if n in last)
        print(
            f"{self.name}  update {state.global_step}/{state.max_steps}  {validation}{values}"
            f"{self._left(state, now)}".rstrip(),
            file=sys.stderr,
            flush=True,
        )

    def _left(self, state: Any, now: float) -> str:
        """Return how long the remaining updates take, at the pace of those after the first."""
        timed = state.global_step - (self.first or 0)
        if self.first is None or not timed:
            return ""
        seconds = (now - self.began) / timed * (state.max_steps - state.global_step)
        return f"{duration(seconds)} left"


class RunClock(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Measures when a run was started and how long it has taken, over all its starts.

    A file next to the checkpoints carries the time from one start to the next. Time after the last
    checkpoint of a killed process is not counted, since that work is repeated.
    """

    def __init__(self, path: Path) -> None:
        """Start the clock.

        Args:
            path: the file. It counts only if training resumes from a checkpoint.
        """
        self.path = path
        self.started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.earlier_seconds = 0.0
        self.began = time.perf_counter()  # the date may be corrected in the meantime

    def read(self) -> dict[str, Any]:
        """Return the date of the first start, and the seconds of all starts until now."""
        seconds = self.earlier_seconds + time.perf_counter() - self.began
        return {"started": self.started, "seconds": seconds}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Add the time of the starts before this one."""
        if state.global_step and self.path.exists():
            earlier = read_json(self.path)
            self.started, self.earlier_seconds = earlier["started"], earlier["seconds"]

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write the time until this checkpoint."""
        if state.is_world_process_zero:
            write_json(self.path, self.read())


class UpdateTimer(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Times updates without validation and saving."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.began = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the trainer how long the update took."""
        self.trainer.end_update(time.perf_counter() - self.began)
        if state.global_step == state.max_steps:  # updates since the last log count too
            control.should_log = True


class CompleteCheckpoints(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Adds the memory of adaptive sampling to a checkpoint, and marks it as complete."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Complete the checkpoint that was just written."""
        args.distributed_state.wait_for_everyone()  # each process writes its random state
        if state.is_world_process_zero:
            folder = _checkpoint(args, state)
            adaptive = self.trainer.criterion.adaptive_sampling
            write_json(folder / FLAT_FILE, sorted(adaptive.flat) if adaptive else [])
            checkpoints.mark_complete(folder)


class PruneCheckpoints(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Deletes older checkpoints after a new one is complete, see `checkpoints.prune`."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Delete older checkpoints than the one that was just written."""
        if state.is_world_process_zero:
            checkpoints.prune(Path(args.output_dir))


class EndWhenAsked(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Lets a process that is asked to end write a checkpoint after its update."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.ending = False

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask for a checkpoint if the process is to end."""
        self.ending = self.trainer.any_process(self.trainer.interruption.requested)
        if self.ending:
            control.should_log = True  # checkpoints do not contain the sums since the last log
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """End after the checkpoint.

        Raises:
            StoppedError: the process was asked to end.
        """
        if self.ending:
            args.distributed_state.wait_for_everyone()
            by = self.trainer.interruption.by
            cause = by.name if by else "the end of another process"
            raise StoppedError(
                f"ended by {cause} after update {state.global_step}, which "
                f"{_checkpoint(args, state)} holds; start again to go on",
                by or signal.SIGTERM,
            )


def _checkpoint(args: Any, state: Any) -> Path:
    """Return the folder of the checkpoint that was just written."""
    return Path(args.output_dir) / f"checkpoint-{state.global_step}"
