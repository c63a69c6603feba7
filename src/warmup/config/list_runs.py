"""List the runs of an experiment."""

import argparse

from warmup.config import experiment, files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    files.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """List the runs of an experiment: DATASET/PAIR/MODEL/METHOD/seedN, one per line."""
    print("\n".join(experiment.run_names(experiment.load(*options.configfile))))
