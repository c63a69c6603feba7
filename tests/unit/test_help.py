"""`--help` is there at once: no command imports torch or transformers to show it."""

import subprocess
import sys

import pytest

from helpers import commands

HELP = """
import runpy, sys
module, *sys.argv[1:] = sys.argv[1:]
try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
finally:
    print("imported:", *sorted({"torch", "transformers"} & sys.modules.keys()))
"""


@pytest.mark.parametrize("module", commands.COMMANDS)
def test_help_is_shown_without_heavy_imports(module):
    done = subprocess.run(
        [sys.executable, "-c", HELP, module, "--help"], capture_output=True, text=True, check=False
    )
    *shown, imported = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert shown[0].startswith(f"usage: python -m {module}")
    assert imported == "imported:"
