"""End a training run in good order when the system or a person asks for it.

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
def catch_signals() -> Iterator[Interruption]:
    """Record a SIGTERM or SIGINT instead of ending; a second one has its usual effect."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # only the main thread may set handlers
        return
    before = {
        number: handler
        for number in (signal.SIGTERM, signal.SIGINT)
        # A shell lets background processes ignore Ctrl-C; that is respected. If SIGTERM is ignored,
        # torchrun did that for itself (workflow/scripts/launch.sh); handle it anyway.
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN or number == signal.SIGTERM
    }

    def record(number: int, _: Any) -> None:
        interruption.requested = True
        interruption.by = interruption.by or signal.Signals(number)
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, record)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
