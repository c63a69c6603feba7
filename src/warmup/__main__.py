"""The command line, `warmup COMMAND`: finds the module of a command and runs it.

Only the module of the command that was asked for is imported, so that each help is there at once.
Such a module has `add_arguments(parser)` and `run(options)`, whose docstring is the description.
"""

import argparse
import difflib
import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from warmup.common import encodings, errors
from warmup.common.errors import InputError


class Command(NamedTuple):
    """What is known of a command before its module is imported."""

    stage: str
    module: str
    help: str
    """One line."""


COMMANDS = {
    "config runs": Command("Configuration", "config.list_runs", "list the runs of an experiment"),
    "config show": Command("Configuration", "config.show_run", "print one run, complete, as JSON"),
    "config check": Command("Configuration", "pipeline.check_files", "check configuration files"),
    "ls": Command("Configuration", "common.list_plugins", "list tasks, metrics, objectives, …"),
    "fetch data": Command("Data", "data.fetch", "download what a data set needs"),
    "prepare": Command("Data", "data.prepare", "write the splits of a data set as records"),
    "train-tokenizer": Command("Data", "data.train_tokenizer", "train a tokenizer on the records"),
    "fetch model": Command("Training", "models.fetch_model", "download a model to start from"),
    "export": Command("Training", "models.export", "make a checkpoint ready for generation"),
    "train": Command("Training", "training.train", "train one run"),
    "generate": Command("Generation", "generation.generate", "generate outputs with a checkpoint"),
    "generate-run": Command(
        "Generation", "generation.generate_run", "generate all outputs of a run"
    ),
    "import-outputs": Command(
        "Evaluation", "data.import_outputs", "take the outputs of another system"
    ),
    "score": Command("Evaluation", "evaluation.score_files", "score predictions, compare two"),
    "score-text": Command("Evaluation", "evaluation.score_text", "score plain text files"),
    "fetch metric": Command("Evaluation", "evaluation.fetch_metric", "get a neural metric's model"),
    "score-neural": Command("Evaluation", "evaluation.score_neural", "compute a neural metric"),
    "collect": Command("Evaluation", "evaluation.collect", "collect the scores of all runs"),
    "compare": Command("Evaluation", "evaluation.compare", "compare methods, with tests"),
    "analyse-warmups": Command(
        "Evaluation", "evaluation.warmup_analysis.analyse", "analyse what warmups say"
    ),
    "tables": Command("Reporting", "reporting.write_tables", "write the tables"),
    "figures": Command("Reporting", "reporting.draw_figures", "draw the figures"),
    "report": Command("Reporting", "reporting.report.write", "write the report as one HTML page"),
    "show": Command("Reporting", "reporting.terminal", "show the main results in the terminal"),
    "plan": Command("Pipeline", "pipeline.forecast.command", "say what an experiment takes"),
    "snapshot": Command("Pipeline", "pipeline.snapshot", "copy the results of an experiment"),
    "verify": Command("Pipeline", "pipeline.verify", "compute such a copy anew and compare"),
    "reproduce": Command("Pipeline", "pipeline.reproduce", "say how to make a result again"),
    "slurm-check": Command("Pipeline", "pipeline.slurm", "look for jobs that Slurm still has"),
}
"""The commands in the order of the pipeline; a name of two words belongs to a group."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command; exit with a status that is not 0 if it fails, see `errors.run`.

    Args:
        argv: the command and its options; without it, those of this process.
    """
    encodings.print_signs()
    errors.run(lambda: _main(list(sys.argv[1:] if argv is None else argv)))


def _main(argv: list[str]) -> None:
    asked, options = (argv[0], argv[1:]) if argv else ("--help", [])
    group = [name for name in COMMANDS if name.split()[0] == asked and name != asked]
    if asked in ("-h", "--help"):
        print(overview(COMMANDS))
        return
    if group:
        if not options or options[0] in ("-h", "--help"):
            print(overview(group))
            return
        asked, options = f"{asked} {options[0]}", options[1:]
    if asked not in COMMANDS:
        (nearest,) = difflib.get_close_matches(asked, group or COMMANDS, 1, cutoff=0)
        raise InputError(
            f"unknown command {asked!r}; the nearest is `warmup {nearest}`, "
            "and `warmup` alone lists all"
        )
    module = importlib.import_module(f"warmup.{COMMANDS[asked].module}")
    parser = argparse.ArgumentParser(prog=f"warmup {asked}", description=module.run.__doc__)
    module.add_arguments(parser)
    module.run(parser.parse_args(options))


def overview(names: Iterable[str]) -> str:
    """Return the list of some commands by stage, one line each."""
    lines = ["usage: warmup COMMAND [OPTION ...]; `warmup COMMAND --help` shows its options"]
    stage = None
    for name in names:
        command = COMMANDS[name]
        if command.stage != stage:
            stage = command.stage
            lines += ["", f"{stage}:"]
        lines.append(f"  {name:<{max(map(len, COMMANDS))}}  {command.help}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
