"""Run a command of `warmup`, and write its time and peak memory to a JSON file.

`python -m benchmarks.peak FILE COMMAND ARGUMENT ...` is a process of its own, so that nothing else
is counted.
"""

import json
import sys
import time
from pathlib import Path

from warmup.__main__ import main


def used() -> dict[str, float]:
    """Return the seconds of processor time and the MiB that this process has used (Linux only).

    `mib` is the most memory at one time. It includes the pages of memory-mapped files, which the
    system takes back when something else needs the memory.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = [line.split()[1] for line in status if line.startswith("VmHWM")]
    return {"processor": time.process_time(), "mib": int(peak) / 1024}


if __name__ == "__main__":
    began = time.monotonic()
    main(sys.argv[2:])  # ends the process if the command fails
    found = {"seconds": time.monotonic() - began, **used()}
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")
