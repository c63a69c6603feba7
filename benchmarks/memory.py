"""Peak memory of one variant's step, in a process of its own.

`python -m benchmarks.memory SHAPE VARIANT` prints it as JSON.
"""

import argparse
import contextlib
import ctypes
import json
import subprocess
import sys
import warnings
from pathlib import Path

import torch

from benchmarks.shapes import SHAPES
from benchmarks.steps import prepare
from benchmarks.variants import VARIANTS
from warmup.common.errors import run

MIB = 2**20


def peak_of(
    shape: str, variant: str, *, device: str, dtype: str, threads: int
) -> dict[str, float] | None:
    """Return the peak in MiB as another process measures it, None if that fails.

    Returns:
        `peak`: weights, gradients, optimiser state and everything else that a step needs;
        `step`: what a step needs in addition to weights and optimiser state.
    """
    command = [sys.executable, "-m", "benchmarks.memory", shape, variant]
    command += ["--device", device, "--dtype", dtype, "--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return None
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(shape: str, variant: str, device: str, dtype: str) -> dict[str, float]:
    """Do two steps; return the peaks in MiB, as `peak_of` does."""
    _return_freed_memory()
    before = _used(device)
    _, steps = prepare(SHAPES[shape], [variant], device, dtype)
    step = steps[variant]
    step(0)
    step.optimiser.zero_grad()
    kept = _used(device)
    step(1)
    peak = _peak(device)
    return {"peak": (peak - before) / MIB, "step": (peak - kept) / MIB}


def _return_freed_memory() -> None:
    """Make the C library return each freed tensor at once, so that no gaps are counted.

    Blocks of 64 KiB and more then come straight from the system; glibc would raise that limit.
    """
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(-3, 2**16)  # M_MMAP_THRESHOLD


def _used(device: str) -> int:
    """Return the bytes in use now: of the process on the CPU, of tensors on a GPU."""
    return _of_process("VmRSS") if device == "cpu" else int(torch.cuda.memory_allocated())


def _peak(device: str) -> int:
    """Return the largest number of bytes in use since the start."""
    return _of_process("VmHWM") if device == "cpu" else int(torch.cuda.max_memory_allocated())


def _of_process(field: str) -> int:
    """Return a size of this process that Linux reports, in bytes.

    getrusage() would not do: its ru_maxrss starts from the memory of the parent process.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024


def main() -> None:
    """Print the peak memory of one variant's training step, as JSON in MiB."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=main.__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--dtype", default="float32", help="type of the weights")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)
    torch.set_num_threads(options.threads)
    print(json.dumps(measure(options.shape, options.variant, options.device, options.dtype)))


if __name__ == "__main__":
    run(main)
