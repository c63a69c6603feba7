"""Figures of more methods than there are colours: split by what ablations vary."""

import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from test_figures import NAMES, overlaps

from helpers.many_methods import make
from helpers.synthetic_results import make_results
from warmup.config.methods import Methods
from warmup.reporting import figures
from warmup.reporting.figures._style import MOST, RC, look

ASPECTS = ["objective", "weights", "samples (N)", "length (K)", "start", "fewer samples"]
# linear RGB to what is seen with a kind of colour blindness (Machado et al. 2009, severity 1)
SEEN = {
    "all": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.fixture(scope="module")
def data():
    return make()


def draw(name, data):
    with mpl.rc_context(RC):
        return figures.load(name).draw(data)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_overlaps_another_or_leaves_the_figure(name, data):
    with mpl.rc_context(RC):
        figure = figures.load(name).draw(data)
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()
        overlaps(figure, renderer)


@pytest.mark.parametrize("name", ["lookahead", "learning_curves", "training_cost"])
def test_a_panel_is_what_ablations_vary_and_a_block_is_a_setting(name, data):
    figure = draw(name, data)
    assert [axis.get_title() for axis in figure.axes[:7]] == ["others", *ASPECTS]
    assert len(figure.axes) == 4 * 7
    headings = [part.get_suptitle() for part in figure.subfigs]
    assert headings[0] == "Shell game (English), T5 tiny"
    assert len(headings) == 4


@pytest.mark.parametrize("name", ["lookahead", "learning_curves", "training_cost"])
def test_within_a_panel_no_two_methods_look_alike(name, data):
    for axis in draw(name, data).axes:
        colours = {line.get_color() for line in axis.lines}
        assert len(axis.lines) == len(colours) >= 4  # SFT, SFT (same updates), warmup, and more


def test_every_method_is_in_the_legend_of_its_panel(data):
    figure = draw("training_cost", data)
    below = [[text.get_text() for text in axis.get_legend().texts] for axis in figure.axes[-7:]]
    assert below[0] == ["SFT (same compute)"]
    assert below[1] == ["Jensen", "multisample", "expected", "group normalised"]
    assert below[-1] == ["M = 1", "M = 2", "adaptive"]
    context = [text.get_text() for text in figure.legends[0].texts]
    assert context == ["SFT", "SFT (same updates)", "warmup"]


def test_gains_have_a_row_a_method_under_a_heading(data):
    figure = draw("gain_per_pair", data)
    rows = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert [row for row in rows if row in ASPECTS] == ASPECTS
    assert len(rows) == len(data.methods.order) - 1 + len(ASPECTS)
    assert rows[-1] == "warmup"
    axis = figure.axes[0]
    gains = {round(line.get_ydata()[0]): line.get_xdata()[0] for line in axis.lines[1:]}
    jensen, multisample = (rows.index(f"   {name}") for name in ("Jensen", "multisample"))
    assert gains[jensen] - gains[multisample] == pytest.approx(1)


def test_curves_of_warmups_have_a_panel_per_setting_and_aspect_for_the_first_quantity(data):
    figure = draw("warmup_training_curves", data)
    assert len(figure.axes) == 4 * 6
    assert [axis.get_title() for axis in figure.axes[:6]] == ASPECTS
    assert figure.get_suptitle().endswith("reward (nats)")


def test_marks_are_where_the_data_are_and_hollow(data):
    objective = draw("training_cost", data).axes[1]
    places = sorted(line.get_xdata()[0] for line in objective.lines)
    assert places[-5:] == pytest.approx([11] * 5)  # four objectives and warmup
    assert {line.get_markerfacecolor() for line in objective.lines} == {"none"}


def test_one_colour_a_method_as_long_as_there_are_enough():
    names = ("sft", "sft_continued", "warmup", *"abcde")
    few = Methods(names, varied=dict.fromkeys("ab", "tau") | dict.fromkeys("cde", "samples"))
    assert len(names) == MOST
    assert len({look(name, few)[0] for name in names}) == MOST
    more = Methods((*names, "f"), varied=few.varied | {"f": "max_tokens"})
    assert look("f", more)[0] == look("a", more)[0]  # never in one panel
    assert look("c", more)[0] == look("a", more)[0]
    assert len({look(name, more)[0] for name in (*names[:3], *"cde")}) == 6


def test_colours_are_told_apart_with_every_kind_of_colour_blindness():
    names = (
        *("sft", "sft_continued", "sft_compute", "empty_warmup", "filler", "keywords"),
        *("no_score_term", "warmup"),
    )
    colours = [look(name)[0] for name in names]
    for matrix in SEEN.values():
        seen = [lab(np.asarray(matrix) @ linear(to_rgb(colour))) for colour in colours]
        for one, other in itertools.combinations(seen, 2):
            assert np.linalg.norm(one - other) > 15  # 2 can just be noticed


def linear(colour):
    part = np.array(colour)
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(colour):
    """Return CIE L*a*b* of linear RGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    part = xyz @ np.clip(colour, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(part > 0.008856, np.cbrt(part), 7.787 * part + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_without_an_order_the_methods_still_fit(data):
    unknown = make_results(data.scores, Methods())
    figure = draw("training_cost", unknown)
    assert {axis.get_title() for axis in figure.axes[:1]} == {"others"}
    assert len(figure.axes) == 4


def test_ticks_on_a_long_logarithmic_axis_are_powers_of_ten(data):
    curves = data.curves.copy()
    warmup = curves["method"] == "warmup"
    curves.loc[warmup, "value"] *= np.where(curves.loc[warmup, "update"] > 1500, 1e-3, 1.0)
    few = make_results(data.scores, data.methods, curves=curves)
    axis = draw("learning_curves", few).axes[0]
    ticks = [tick.get_text() for tick in axis.get_yticklabels()]
    assert ticks
    assert all(re.fullmatch(r"10*|1e-05|0\.0*1", tick) for tick in ticks), ticks
