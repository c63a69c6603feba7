"""The command `warmup ls`: list the plug-ins that a configuration or a command can name."""

import argparse

from warmup.common import plugins

KINDS = {
    "objectives": ("objective",),
    "tasks": ("task",),
    "metrics": ("metric", "neural metric"),
    "sources": ("source",),
    "generators": ("generator",),
    "tables": ("table",),
    "figures": ("figure",),
    "models": ("architecture",),
    "decodings": ("decoding",),
}
"""What can be listed -> kinds of plug-ins."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("what", choices=KINDS, nargs="?", help="without it, list these kinds")


def run(options: argparse.Namespace) -> None:
    """List what a configuration or a command can name, with one line about each."""
    if options.what is None:
        print("\n".join(f"warmup ls {kind}" for kind in KINDS))
        return
    summaries = {
        plugins.constant(kind, file, "NAME") if kind == "metric" else file: plugins.summary(
            kind, file
        )
        for kind in KINDS[options.what]
        for file in plugins.names(kind)
    }
    width = max(map(len, summaries))
    for name in sorted(summaries):
        print(f"{name:<{width}}  {summaries[name]}")
