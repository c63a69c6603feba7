"""Print one run of an experiment with everything that determines it."""

import argparse

from warmup.common.encodings import print_json
from warmup.config import conversion, experiment, files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("run", help="DATASET/PAIR/MODEL/METHOD/seedN, as `warmup config runs` says")
    files.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Print one run, complete, as JSON: what `warmup train --config` takes."""
    config = experiment.load(*options.configfile)
    run = conversion.to_json(experiment.resolve(config, options.run))
    print_json(run, indent=2)
