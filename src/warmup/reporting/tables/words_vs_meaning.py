"""The table that asks whether a gain is one of words: metrics of words against those of meaning."""

from typing import TYPE_CHECKING, Any

from warmup.common.keys import Setting
from warmup.config.methods import BASELINE, Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import compared_metrics
from warmup.reporting import estimates
from warmup.reporting.display_names import METHODS, label
from warmup.reporting.gains import star
from warmup.reporting.table import Cell, Table, interval, number
from warmup.reporting.tables.comparisons import probability, significance_note

if TYPE_CHECKING:
    import pandas as pd

_NOTES = (
    "Gains over SFT in units of the spread of the items' differences (Cohen's d, paired), so that "
    "two metrics compare. Above 0 is better, also where lower scores are.",
    "Words − meaning [95% interval]: above 0, more is gained on words than in meaning, as the "
    "paper says of warmups. With one seed the paired bootstrap over items, with several the "
    "hierarchical bootstrap over seeds and items. p (Holm): corrected for the rows of the table.",
)


def lexical_table(tested: "pd.DataFrame", methods: Methods, name: str, title: str) -> Table | None:
    """Return gains on words beside gains in meaning; None where no metric of meaning was computed.

    Args:
        tested: rows of `warmup.evaluation.result_tables.COMPARISONS`, of one task and decoding.
        methods: order of the methods.
        name: of the table.
        title: of the table.
    """
    over_sft: list[dict[Any, Any]] = tested[tested["baseline"] == BASELINE].to_dict("records")
    effects = {
        (*_place(row), row["metric"]): row["effect_size"]
        for row in over_sft
        if not compared_metrics(row["metric"])
    }
    rows = [
        (place, metrics, row)
        for row in over_sft
        if (metrics := compared_metrics(row["metric"])) and (place := _place(row))
    ]
    if not rows:
        return None
    order = methods.sort(place[1] for place, _, _ in rows)
    rows.sort(key=lambda item: (estimates.place(item[0][0]), order.index(item[0][1]), item[1]))
    cells = []
    for (setting, method), metrics, row in rows:
        mark = star(row["p_holm"], row["difference"], digits=2)
        bounds = interval(row["low"], row["high"], 2, sign=True)
        gains = [
            metric_properties.of(metric).improvement(effects[setting, method, metric])
            for metric in metrics
        ]
        words, meaning = map(metric_properties.label, metrics)
        cells.append(
            [
                *map(Cell, (setting.data, setting.model, label(METHODS, method))),
                Cell(f"{words} − {meaning}"),
                *(Cell(number(gain, 2, sign=True), gain) for gain in gains),
                Cell(
                    f"{number(row['difference'], 2, sign=True)}{mark} {bounds}", row["difference"]
                ),
                *(Cell(probability(row[key]), row[key]) for key in ("p", "p_holm")),
                *(Cell(number(row[key], 0), row[key]) for key in ("seeds", "n")),
            ]
        )
    header = [
        *("data", "model", "method", "metrics", "words", "meaning", "words − meaning"),
        *("p", "p (Holm)", "seeds", "n items"),
    ]
    return Table(name, title, header, cells, 4, [*_NOTES, significance_note("0")])


def _place(row: dict[Any, Any]) -> tuple[Setting, str]:
    return Setting.from_row(row), row["method"]
