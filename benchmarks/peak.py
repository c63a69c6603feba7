"""Run a command of `warmup`, and write its time and peak memory to a file.

`python -m benchmarks.peak FILE COMMAND ARGUMENT ...` is a process of its own, which imports nothing
before the command does.
"""

import json
import sys
import time
from pathlib import Path

from warmup.__main__ import main


def used() -> dict[str, float]:
    """Return seconds and MiB that this process has used, as Linux reports them.

    `mib` is the most memory at one time. It includes the pages of memory-mapped files, which the
    system takes back when it needs them.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = [line.split()[1] for line in status if line.startswith("VmHWM")]
    return {"processor": time.process_time(), "mib": int(peak) / 1024}


if __name__ == "__main__":
    begin = time.monotonic()
    failed = main(sys.argv[2:])
    found = {"seconds": time.monotonic() - begin, **used()}
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")
    sys.exit(failed)
