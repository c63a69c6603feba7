import html
import re
from dataclasses import replace
from types import SimpleNamespace

import matplotlib as mpl
import pandas as pd
import pytest
from docutils.core import publish_parts
from jinja2 import Environment
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import is_color_like

from helpers.synthetic_results import (
    METHODS,
    make_curves,
    make_results,
    make_scores,
    make_warmups,
)
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config.methods import Methods
from warmup.reporting import figures
from warmup.reporting.draw_figures import caption, save
from warmup.reporting.figures._style import RC, WIDTH, look

NAMES = [
    "gain_per_pair", "learning_curves", "lookahead", "training_cost", "warmup_content",
    "warmup_content_curves", "warmup_training_curves", "when_warmup_helps",
]  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return make_results(
        make_scores(seeds=2), curves=make_curves(seeds=2), warmups=make_warmups(seeds=2)
    )


def draw(name, data):
    with mpl.rc_context(RC):
        return figures.load(name).draw(data)


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def test_names():
    assert figures.names() == NAMES
    with pytest.raises(InputError, match="choose from: gain_per_pair, "):
        figures.load("nothing")


def test_gains_are_drawn_where_they_are(data):
    figure = draw("gain_per_pair", data)
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "Multiple choice", "Summarization", "Translation",
    ]  # fmt: skip
    axis = figure.axes[0]
    colour, _ = look("warmup")
    marks = [line for line in axis.lines if line.get_color() == colour]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx([61.3] * 2, abs=1)
    assert "Warmup against SFT: better in " in words(figure)
    hollow = [line for line in axis.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata()[0] for line in hollow] == [0.87]
    assert "reported: logiqa2 en,\nT5-base" in words(figure)
    assert "reported in the paper" in words(figure)


@pytest.mark.parametrize(
    "name",
    ["learning_curves", "lookahead", "training_cost", "warmup_content", "when_warmup_helps"],
)
@pytest.mark.parametrize(("panels", "first"), [(1, 0), (4, 2), (5, 3), (8, 6)])
def test_panels_with_none_below_them_name_their_axis(data, name, panels, first):
    known = ["task", "dataset", "pair", "model"]
    settings = data.scores[known].drop_duplicates().head(panels)
    few = (frame.merge(settings) for frame in (data.scores, data.curves, data.warmups))
    scores, curves, warmups = few
    figure = draw(name, make_results(scores, curves=curves, warmups=warmups))
    named = [bool(axis.get_xlabel()) for axis in figure.axes]
    assert named == [False] * first + [True] * (panels - first)


def test_learning_curves_begin_where_the_start_ended(data):
    figure = draw("learning_curves", data)
    assert len(figure.axes) == 8
    begins = {line.get_color(): line.get_xdata()[0] for line in figure.axes[0].lines}
    assert begins == {look(name)[0]: 0 if name == "sft" else 1000 for name in METHODS}


def test_without_known_starts_all_curves_begin_at_zero(data):
    unknown = make_results(data.scores, Methods(), curves=data.curves)
    lines = draw("learning_curves", unknown).axes[0].lines
    assert {line.get_xdata()[0] for line in lines} == {0}


def test_seeds_are_a_mean_and_a_band(data):
    axis = draw("learning_curves", data).axes[0]
    assert len(axis.lines) == len(axis.collections) == len(METHODS)
    curves = data.curves
    here = curves[
        (curves["dataset"] == "shell_game")
        & (curves["model"] == "llama_tiny")
        & (curves["method"] == "sft")
        & (curves["quantity"] == "nll")
    ]
    by_update = here.groupby("update")["value"]
    (line,) = [line for line in axis.lines if line.get_color() == look("sft")[0]]
    assert line.get_ydata().tolist() == pytest.approx(by_update.mean().tolist())
    band = axis.collections[axis.lines.index(line)].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((by_update.min().min(), by_update.max().max()))


def test_lookahead_has_a_line_a_method(data):
    axis = draw("lookahead", data).axes[0]
    assert len(axis.lines) == len(METHODS)
    assert axis.get_ylabel() == "accuracy ↑"
    assert axis.get_xticks().tolist() == [1, 2, 3, 4, 5, 6]


def test_lookahead_has_a_line_at_chance_for_accuracy(data):
    experiment = replace(data.experiment, chance={"shell_game": 20.0, "headlines": 10.0})
    figure = draw("lookahead", replace(data, experiment=experiment))
    dotted = [
        [line.get_ydata()[0] for line in axis.lines if line.get_linestyle() == ":"]
        for axis in figure.axes
    ]
    assert dotted[:4] == [[20.0], [20.0], [], []]  # ROUGE has no score of guessing
    assert figure.legends[0].texts[-1].get_text() == "guessing"
    assert "guessing" not in [text.get_text() for text in draw("lookahead", data).legends[0].texts]


def test_when_warmup_helps_draws_the_gain_over_each_sft(data):
    figure = draw("when_warmup_helps", data)
    assert len(figure.axes) == 8  # no panel for the mean over pairs
    axis = figure.axes[0]
    lines = {line.get_color(): line.get_ydata().tolist() for line in axis.lines[1:]}  # after 0
    here = data.scores[data.scores["subset"].str.startswith("lookahead=")]
    here = here[
        (here["metric"] == "accuracy")
        & (here["model"] == axis.get_title().split("\n")[-1].lower().replace(" ", "_"))
    ]
    means = here.groupby(["method", "subset"])["value"].mean()
    for name in ("sft", "sft_continued", "sft_compute"):
        assert lines[look(name)[0]] == pytest.approx((means["warmup"] - means[name]).tolist())
    assert len(lines) == 3
    assert axis.get_xticks().tolist() == [1, 2, 3, 4, 5, 6]
    assert "over SFT (same compute)" in words(figure)


def test_training_cost_is_relative_to_sft(data):
    axis = draw("training_cost", data).axes[0]
    places = {line.get_color(): line.get_xdata()[0] for line in axis.lines}
    assert [places[look(name)[0]] for name in METHODS] == [1, 10.5, 3, 11]


def test_warmup_training_curves_shows_only_methods_that_have_warmups(data):
    figure = draw("warmup_training_curves", data)
    colours = {line.get_color() for axis in figure.axes for line in axis.lines}
    assert colours == {look("warmup")[0]}
    assert "reward (nats)" in words(figure)


def test_warmup_content_curves_shows_what_was_measured_in_validation(data):
    figure = draw("warmup_content_curves", data)
    assert [axis.get_title() for axis in figure.axes[:2]] == [
        "precision reference (%)",
        "agreement (%)",
    ]
    first = figure.axes[0].lines[0]
    assert first.get_ydata()[0] == pytest.approx(30)
    assert {line.get_color() for axis in figure.axes for line in axis.lines} == {look("warmup")[0]}


def test_warmup_content_shows_shares_of_methods_with_warmups(data):
    figure = draw("warmup_content", data)
    assert len(figure.axes) == 8  # no panel for the mean over pairs
    axis = figure.axes[0]
    assert {line.get_color() for line in axis.lines} == {look("warmup")[0]}
    places = {line.get_ydata()[0]: line.get_xdata()[0] for line in axis.lines}
    assert places[0] == pytest.approx(85, abs=2)  # in reference
    assert places[5] == pytest.approx(93, abs=2)  # distinct
    names = [text.get_text() for text in axis.get_yticklabels()]
    assert names[:2] == ["precision reference", "precision source"]
    assert not figure.legends  # one method is in the title
    assert "What warmups say: warmup" in words(figure)


@pytest.mark.parametrize("name", NAMES)
def test_one_seed_will_do(name):
    scores, curves = make_scores(seeds=1), make_curves(seeds=1)
    data = make_results(scores, Methods(), curves=curves, warmups=make_warmups(seeds=1))
    assert len(draw(name, data).axes) > 1


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("gain_per_pair", "No gains to show"),
        ("learning_curves", "No learning curves to show"),
        ("lookahead", "No look-ahead to show"),
        ("training_cost", "No training cost to show"),
        ("warmup_content", "No warmups to show"),
        ("warmup_content_curves", "No warmups to show"),
        ("warmup_training_curves", "No warmups to show"),
        ("when_warmup_helps", "Nothing to show"),
    ],
)
def test_what_is_missing_is_said_in_words(name, begin, data):
    nothing = make_results(data.scores.head(0), Methods(), curves=data.curves.head(0))
    assert begin in words(draw(name, nothing))


def shown(figure):
    """Return the texts around the panels; ticks beyond the limits of an axis are not drawn."""
    for panel in figure.axes:
        yield from (panel.title, panel.xaxis.label, panel.yaxis.label)
        for axis in (panel.xaxis, panel.yaxis):
            low, high = sorted(axis.get_view_interval())
            labels = axis.get_ticklabels()  # none within a row that shares an axis
            ticks = zip(axis.get_ticklocs(), labels, strict=True) if labels else ()
            yield from (text for place, text in ticks if low <= place <= high)
        yield from panel.get_legend().texts if panel.get_legend() else ()
    for legend in figure.legends:
        yield from legend.texts


def overlaps(figure, renderer):
    """Assert that no text of a figure overlaps another one or leaves the figure."""
    texts = [text for text in shown(figure) if text.get_text() and text.get_visible()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    whole = figure.bbox.padded(1)
    for index, (one, box) in enumerate(boxes):
        assert whole.contains(box.x0, box.y0), one
        assert whole.contains(box.x1, box.y1), one
        for other, other_box in boxes[index + 1 :]:
            assert not box.padded(-0.5).overlaps(other_box.padded(-0.5)), (one, other)


def crowded():
    """Return data with more methods and longer names."""
    scores, curves = make_scores(seeds=1), make_curves(seeds=1)
    names = {"qaa-qab": "eng_Latn-zho_Hans", "qab-qaa": "zho_Hans-eng_Latn", "t5_tiny": "mT5-base"}
    more = [
        scores[scores["method"] == "sft_continued"].assign(method=name)
        for name in ("filler", "empty_warmup", "keywords_as_warmup")
    ]
    curves["update"] *= 100
    said = make_warmups(seeds=1)
    said = said[said["method"] == "warmup"]
    others = [said.assign(method=name) for name in ("filler", "keywords_as_warmup", "another")]
    return make_results(
        pd.concat([scores, *more]).replace(names),
        Methods(),
        curves=curves.replace(names),
        warmups=pd.concat([said, *others]).replace(names),
    )


@pytest.mark.parametrize("crowd", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_no_text_overlaps_another_or_leaves_the_figure(name, crowd, data):
    data = crowded() if crowd else data
    with mpl.rc_context(RC):
        figure = figures.load(name).draw(data)
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()
        overlaps(figure, renderer)


def test_known_methods_have_colours_and_markers_of_their_own():
    names = (*METHODS, "empty_warmup", "filler", "keywords", "no_score_term")
    looks = [look(name) for name in names]
    assert len({colour for colour, _ in looks}) == len({marker for _, marker in looks}) == 8


def test_an_unknown_method_always_looks_the_same():
    colour, marker = look("something_new")
    assert (colour, marker) == look("something_new")
    assert is_color_like(colour)
    assert (colour, marker) != look("another_one")


def test_files_are_the_same_each_time_and_hold_no_date(tmp_path, data):
    scores = data.scores[data.scores["task"] == "multiple_choice"]
    few = make_results(scores, curves=data.curves)
    for folder in ("a", "b"):
        with mpl.rc_context(RC):
            save(figures.load("training_cost").draw(few), "training_cost", tmp_path / folder)
    for suffix in ("svg", "pdf", "png"):
        one, other = (tmp_path / folder / f"training_cost.{suffix}" for folder in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()
    svg = (tmp_path / "a" / "training_cost.svg").read_text()
    assert "<text" not in svg  # letters are paths: no font is needed
    assert "<dc:date>" not in svg
    assert not re.search(r'(href|src)="(?!#)', svg)
    pdf = (tmp_path / "a" / "training_cost.pdf").read_bytes()
    assert b"/CIDFontType2" in pdf  # TrueType, embedded whole letters
    assert b"CreationDate" not in pdf


def test_command_draws_one_figure(tmp_path, monkeypatch, data):
    data.scores.head(200).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    data.curves.head(200).to_csv(tmp_path / "curves.tsv", sep="\t", index=False)
    arguments = ["--scores", "scores.tsv", "--curves", "curves.tsv", "--output-dir", "out"]
    monkeypatch.chdir(tmp_path)
    main(["figures", *arguments, "--only", "training_cost"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "training_cost.pdf", "training_cost.png", "training_cost.rst", "training_cost.svg",
    ]  # fmt: skip
    written = (tmp_path / "out" / "training_cost.rst").read_text()
    assert written == caption(figures.load("training_cost"))


@pytest.mark.parametrize("name", NAMES)
def test_captions_are_rendered_as_they_are_written(name):
    module = figures.load(name)
    assert rendered(caption(module)) == f"{module.TITLE}. {module.CAPTION}"


def rendered(text):
    """Return the text of a caption, made into a web page as Snakemake's report makes it."""
    made = Environment().from_string(text).render()
    page = publish_parts(made, writer="html", settings_overrides={"report_level": 1})["body"]
    assert page.startswith("<p><strong>")
    assert "system-message" not in page
    return html.unescape(re.sub("<[^>]+>", "", page)).strip().replace("\n", " ")


def test_marks_in_a_caption_stand_for_themselves():
    words = r"log P(y|x,c), \(N=4\), a_b_ `c` *d* {{ e }} {% f %} {# g #} [1]_ http_"
    assert rendered(caption(SimpleNamespace(TITLE="P(c|x)", CAPTION=words))) == f"P(c|x). {words}"


@pytest.mark.parametrize("name", ["learning_curves", "training_cost"])
def test_a_legend_fits_under_one_panel(name, data):
    curves, scores = (
        table[(table["dataset"] == "shell_game") & (table["model"] == "t5_tiny")]
        for table in (data.curves, data.scores)
    )
    figure = draw(name, make_results(scores, curves=curves))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    (legend,) = figure.legends
    box = legend.get_window_extent(renderer)
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width
    assert legend.texts[0].get_text() == "SFT"


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_as_wide_as_a_line_and_have_a_title(name, data):
    figure = draw(name, data)
    assert figure.get_figwidth() == WIDTH
    assert figure.get_suptitle()
    sizes = {text.get_fontsize() for text in shown(figure) if text.get_text()}
    assert min(sizes) >= 7


@pytest.mark.parametrize("name", NAMES)
def test_a_legend_has_markers_only_if_lines_have(name, data):
    figure = draw(name, data)
    lines = [line for axis in figure.axes for line in axis.lines]
    drawn = {(line.get_color(), str(line.get_marker())) for line in lines}
    for handle in [handle for legend in figure.legends for handle in legend.legend_handles]:
        if str(handle.get_marker()) not in ("None", ""):
            assert (handle.get_color(), str(handle.get_marker())) in drawn


@pytest.mark.parametrize("name", ["learning_curves", "training_cost"])
def test_a_logarithmic_axis_says_so(name, data):
    figure = draw(name, data)
    words_of = {"log": "log", "linear": ""}
    axis = figure.axes[-1]
    assert words_of[axis.get_xscale()] in axis.get_xlabel()
    assert words_of[figure.axes[0].get_yscale()] in figure.axes[0].get_ylabel()
