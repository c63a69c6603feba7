"""Run commands of the project in forks of this process, which has imported torch already.

A start of Python with torch and transformers takes five seconds of processor time.
"""

import os
import socket
import sys
import time
import traceback


def run(command, log, processes=1, deadline=300):
    """Run a command's `main` in one process, or in several as torchrun does; return exit statuses.

    Once one process has failed the others are killed, as torchrun does.

    Args:
        command: the arguments after `warmup`.
        log: the file to which the processes write what they print.
        processes: how many run it.
        deadline: seconds after which the rest is killed, too.
    """
    environment = {}
    if processes > 1:
        with socket.socket() as free:
            free.bind(("", 0))
            environment = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
        environment |= {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    running = {}
    for rank in range(processes):
        ranks = {"RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {}
        running[_fork(command, log, environment | ranks)] = rank
    statuses = [None] * processes
    until = time.monotonic() + deadline
    while running:
        for pid in list(running):
            if (ended := os.waitpid(pid, os.WNOHANG))[0]:
                statuses[running.pop(pid)] = os.waitstatus_to_exitcode(ended[1])
        if any(statuses) or time.monotonic() > until:
            for other in running:
                os.kill(other, 9)
        time.sleep(0.01)
    return statuses


def _fork(command, log, environment):
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.environ.update(environment)
        stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        from warmup.__main__ import main

        main(list(map(str, command)))
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
