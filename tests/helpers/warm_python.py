"""A `python` that starts `python -m warmup …` within milliseconds, for tests with many jobs.

Importing torch and transformers takes seconds of each start. Here one process imports them once,
and each start is a fork of it, with the arguments, environment, folder and output of the caller.
Any other command line gets the real Python.
"""

import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

IMPORTED = (
    "accelerate", "matplotlib.pyplot", "pandas", "sacrebleu", "torch", "transformers",
    "transformers.models.llama.modeling_llama", "transformers.models.mt5.modeling_mt5",
    "transformers.models.t5.modeling_t5", "warmup.generation.prediction",
    "warmup.training.training_job",
)  # fmt: skip
PATIENCE = 300
"""Seconds until the process has imported all this, on a busy machine."""
CLIENT = """#!{python} -IS
import os, socket, sys
if sys.argv[1:3] != ["-m", "warmup"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
import json
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    job = json.dumps([sys.argv[3:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(job).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(job)
    status = server.recv(1)
sys.exit(status[0] if status else 1)
"""


@contextmanager
def started(folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Start the process; yield the folder with its `python`, which belongs first in PATH."""
    folder.mkdir(parents=True)
    address = folder / "socket"
    client = folder / "python"
    client.write_text(CLIENT.format(python=sys.executable, address=str(address)))
    client.chmod(0o755)
    server = subprocess.Popen([sys.executable, __file__, address], env=dict(environment))
    try:
        deadline = time.monotonic() + PATIENCE
        while not address.exists():
            assert server.poll() is None, "the process ended"
            assert time.monotonic() < deadline, "the process has not started"
            time.sleep(0.05)
        yield folder
    finally:
        server.terminate()
        server.wait()


def serve(address: str) -> None:
    """Fork for each connection, until terminated."""
    for name in IMPORTED:
        __import__(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{address}.new")
        server.listen(64)
        Path(f"{address}.new").rename(address)  # only now it can be found
        while True:
            caller = server.accept()[0]
            with caller:
                if os.fork() == 0:
                    server.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    caller.sendall(bytes([_run(caller)]))
                    os._exit(0)


def _run(caller: socket.socket) -> int:
    """Run a command as its caller would; return its exit status."""
    size, descriptors, _, _ = socket.recv_fds(caller, 8, 3)
    left, job = int.from_bytes(size, "big"), b""
    while len(job) < left:
        job += caller.recv(left - len(job))
    arguments, folder, environment = json.loads(job)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    # those of this process may be of another kind, such as a file where the caller has a pipe
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.FileIO(number, "w", closefd=False), "utf-8", line_buffering=True)
        for number in (1, 2)
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["warmup", *arguments]
    status: int | str | None = 0
    try:
        runpy.run_module("warmup", run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        status = stop.code
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return status if isinstance(status, int) else int(status is not None)


if __name__ == "__main__":
    serve(sys.argv[1])
