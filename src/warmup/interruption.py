"""End a training in good order when the system asks for it.

SIGTERM is what Slurm, systemd and `kill` send, some seconds before they end a process by force.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


class Interruption:
    """Whether this process was asked to end."""

    requested = False


@contextlib.contextmanager
def listening() -> Iterator[Interruption]:
    """Note a SIGTERM instead of dying of it; a second one ends the process as ever."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # only the main thread may listen
        return
    before = signal.getsignal(signal.SIGTERM)

    def note(*_: Any) -> None:
        interruption.requested = True
        signal.signal(signal.SIGTERM, before)

    signal.signal(signal.SIGTERM, note)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGTERM, before)
