"""`--help` is there at once: no command imports torch or transformers to show it."""

import subprocess
import sys

import pytest

from warmup.__main__ import COMMANDS

HELP = """
import sys
from warmup.__main__ import main
try:
    main()
finally:
    print("imported:", *sorted({"torch", "transformers"} & sys.modules.keys()))
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_shown_without_heavy_imports(command):
    done = subprocess.run(
        [sys.executable, "-c", HELP, *command.split(), "--help"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    *shown, imported = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert shown[0].startswith(f"usage: warmup {command} ")
    assert imported == "imported:"
