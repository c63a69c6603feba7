"""Check the configuration of an experiment."""

import argparse
from pathlib import Path

from warmup.config import checks, experiment
from warmup.pipeline import readiness


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="YAML file, or several, each one with changes to those before it; without `models` in "
        "any of them they change the config.yaml of this folder",
    )


def run(options: argparse.Namespace) -> None:
    """Check a configuration as the workflow does; say how many runs it has, and what they lack."""
    config = experiment.load(*options.files)
    checks.check_sources(config)
    checks.check_trackers(config)
    print(f"{config.experiment}: valid, {len(experiment.run_names(config))} runs")
    for problem in readiness.problems(config, experiment.runs(config)):
        print(f"{config.experiment}: cannot start here yet: {problem}")
