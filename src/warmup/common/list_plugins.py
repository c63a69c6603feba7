"""List what a configuration can name: each is a module, found by its name."""

import argparse

from warmup.common import plugins

KINDS = {
    "objectives": ("objective",),
    "tasks": ("task",),
    "metrics": ("metric", "neural metric"),
    "sources": ("source",),
    "generators": ("generator",),
    "figures": ("figure",),
    "models": ("architecture",),
    "decodings": ("decoding",),
}
"""What can be listed -> the kinds of plug-ins that this is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("what", choices=KINDS)


def run(options: argparse.Namespace) -> None:
    """List what a configuration can name, with one line about each."""
    found = {
        plugins.constant(kind, file, "NAME") if kind == "metric" else file: plugins.summary(
            kind, file
        )
        for kind in KINDS[options.what]
        for file in plugins.names(kind)
    }
    width = max(map(len, found))
    for name in sorted(found):
        print(f"{name:<{width}}  {found[name]}")
