"""Write the tables of an experiment: `warmup tables`.

Measured numbers and numbers of the paper are in different tables, and in different columns of the
CSV files.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from warmup.common.files import write_text
from warmup.reporting import long_form, results, tables
from warmup.reporting.display_names import task_label
from warmup.reporting.latex_table import latex
from warmup.reporting.results import Results
from warmup.reporting.table import Table, markdown

WARMUPS = "warmups"
"""Name of the page on warmups."""
_NEEDS = "% needs \\usepackage{booktabs}; include with \\input\n"


def write(results: Results, folder: Path) -> None:
    """Write the pages of all tasks, and that on warmups, as `.md`, `.tex` and `.csv`.

    Args:
        results: of the experiment.
        folder: for `{task}.md` and the like; `warmups.md` needs quantities of warmups.
    """
    for task in results.tasks:
        page = [placed.table for placed in tables.of_task(results, task)]
        _write_page(folder / task, task_label(task), page)
        write_text(folder / f"{task}.csv", long_form.of_task(results.of(task)))
    if results.warmups is not None:
        page = [table for shown in tables.of_warmups(results).values() for table in shown]
        _write_page(folder / WARMUPS, "What warmups say", page)
        write_text(folder / f"{WARMUPS}.csv", long_form.of_warmups(results))


def write_one(results: Results, name: str, folder: Path) -> None:
    """Write `{name}.md` and `{name}.tex`: one table, of each task and decoding that has it.

    Raises:
        InputError: there is no such table; the message lists the valid names.
    """
    title = name.replace("_", " ").capitalize()
    _write_page(folder / name, title, tables.of_name(results, name))


def _write_page(path: Path, title: str, page: Iterable[Table]) -> None:
    page = list(page)
    nothing = "" if page else "This experiment has no numbers for these tables.\n"
    text = f"# {title}\n\n{nothing}" + "\n".join(map(markdown, page))
    write_text(path.with_name(f"{path.name}.md"), text)
    write_text(path.with_name(f"{path.name}.tex"), _NEEDS + "\n".join(map(latex, page)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--output-dir", type=Path, required=True, help="folder for {task}.md, .tex and .csv")
    add("--only", metavar="NAME", help=f"write one table: {', '.join(tables.names())}")
    results.add_options(parser)


def run(options: argparse.Namespace) -> None:
    """Write a page of tables per task, and one on warmups, as Markdown, LaTeX and CSV."""
    if options.only is not None:
        tables.load(options.only)  # an unknown name is refused before anything is read
    shown = results.read(options)
    if options.only is not None:
        write_one(shown, options.only, options.output_dir)
    else:
        write(shown, options.output_dir)
