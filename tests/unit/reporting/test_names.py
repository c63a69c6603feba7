"""Labels, order and colours of the configuration in tables, figures and the terminal."""

import io
from dataclasses import replace

import pandas as pd
from rich.console import Console

from helpers.synthetic_results import make_comparisons, make_results, make_scores
from warmup.config.methods import Methods
from warmup.config.names import Names
from warmup.reporting import figures, tables, terminal
from warmup.reporting.figures._style import look

SCORES = make_scores(seeds=2)


def named(scores: pd.DataFrame = SCORES, **changes):
    """Return results whose models and data sets have labels, and come in another order."""
    made = make_results(scores, comparisons=make_comparisons(SCORES))
    dataset = max(set(scores["dataset"]))
    names = Names({dataset: "My data", max(set(scores["model"])): "My model"}, (dataset,))
    return replace(made, experiment=replace(made.experiment, names=names, **changes)), dataset


def test_tables_and_terminal_call_data_and_models_by_their_labels():
    results, dataset = named()
    task = results.scores[results.scores["dataset"] == dataset]["task"].iloc[0]
    cells = [
        str(cell.text)
        for placed in tables.of_task(results, task)
        for row in placed.table.rows
        for cell in row
    ]
    assert any(text.startswith("My data ") for text in cells)
    assert "My model" in cells
    assert not any(text.startswith(f"{dataset} ") for text in cells)
    console = Console(file=io.StringIO(), width=150)
    for table in terminal.main_tables(results):
        console.print(table)
    assert "My data" in console.file.getvalue()


def test_the_first_of_the_order_comes_first():
    results, dataset = named()
    of_task = [item.setting for item in results.estimates if item.setting.dataset == dataset]
    task = of_task[0].task
    first = next(item.setting for item in results.estimates if item.setting.task == task)
    assert first.dataset == dataset


def test_figures_name_panels_by_labels():
    results, _ = named()
    drawn = figures.load("gain_per_pair").draw(results)
    texts = [label.get_text() for axis in drawn.axes for label in axis.get_yticklabels()]
    assert any("My data" in text and "My model" in text for text in texts)


def test_a_method_has_the_colour_of_the_configuration():
    methods = Methods(("sft", "warmup", "own"), colours={"warmup": "#123456", "own": "#654321"})
    assert look("warmup", methods) == ("#123456", look("warmup")[1])
    assert look("own", methods)[0] == "#654321"
    assert look("sft", methods) == look("sft")


def test_outputs_that_are_given_count_once_whatever_the_seeds():
    method = "filler" if "filler" in set(SCORES["method"]) else sorted(set(SCORES["method"]))[0]
    results, _ = named(outputs=(method,))
    seeds = {item.method: item.seeds for item in results.estimates}
    assert seeds[method] == 1
    assert {count for name, count in seeds.items() if name != method} == {2}
    tested = [gain for gain in results.differences if method in (gain.method, gain.baseline)]
    assert {gain.seeds for gain in tested} == {2}
