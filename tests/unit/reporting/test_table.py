import math
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from warmup.reporting.latex_table import latex
from warmup.reporting.table import Cell, Table, interval, markdown, number, to_html


def table(*rows, notes=()):
    return Table("A title", ["data", "score"], list(rows), 1, notes)


def test_numbers_have_a_true_minus_and_no_negative_zero():
    assert number(-1.25, 1) == "−1.2"
    assert number(-0.04, 1) == "0.0"
    assert number(0.04, 1, sign=True) == "0.0"
    assert number(1234.5, 0) == "1,234"
    assert number(math.nan) == "–"


def test_interval():
    assert interval(-1, 2, sign=True) == "[−1.0, +2.0]"
    assert interval(math.nan, 2) == "[–]"


def test_markdown():
    text = markdown(table([Cell("a|b"), Cell("1.0", 1.0, strong=True)], notes=["So."]))
    assert text.splitlines() == [
        "### A title", "", "| data | score |", "| --- | ---: |", r"| a\|b | **1.0** |", "", "- So.",
    ]  # fmt: skip


def test_latex_sets_intervals_small_and_groups_rows():
    rows = [
        [Cell("shell_game en"), Cell("84.5 [84.0, 85.1]", 84.5, strong=True)],
        [Cell("shell_game en"), Cell("–")],
    ]
    text = latex(table(*rows))
    assert r"shell\_game en & \textbf{84.5 {\scriptsize [84.0, 85.1]}} \\" in text
    assert "\n & \\textendash{} \\\\\n" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.values = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value for name, value in attrs if name == "data-value"]

    def handle_data(self, data):
        self.text.append(data)


@given(st.text())
def test_html_shows_any_text_as_text(text):
    reader, plain = Reader(), Reader()
    reader.feed(to_html(table([Cell(text), Cell("2.0", 2.0)], notes=[text])))
    plain.feed(to_html(table([Cell("x" * len(text)), Cell("2.0", 2.0)], notes=["x"])))
    assert reader.tags == plain.tags
    assert reader.values == ["2.0"]


def test_html_leaves_the_direction_of_a_text_to_its_script():
    page = to_html(table([Cell("שלום"), Cell("2.0", 2.0)]))
    assert '<td dir="auto">שלום</td>' in page
    assert '<td class="number" data-value="2.0">2.0</td>' in page
