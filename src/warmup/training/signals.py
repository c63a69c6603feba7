"""End a training in good order when the system or a person asks for it.

SIGTERM is what Slurm, systemd and `kill` send, some seconds before they end a process by force;
SIGINT is Ctrl-C.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


class Interruption:
    """Whether this process was asked to end."""

    requested = False
    by: signal.Signals | None = None
    """The first signal."""


@contextlib.contextmanager
def listening() -> Iterator[Interruption]:
    """Note a SIGTERM or SIGINT instead of dying of it; a second one does what it did before."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # only the main thread may listen
        return
    before = {
        number: handler
        for number in (signal.SIGTERM, signal.SIGINT)
        # A shell lets what it starts in the background ignore Ctrl-C. That SIGTERM is ignored, a
        # process has from its torchrun, and concerns that alone: workflow/scripts/launch.sh
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN or number == signal.SIGTERM
    }

    def note(number: int, _: Any) -> None:
        interruption.requested = True
        interruption.by = interruption.by or signal.Signals(number)
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, note)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
