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


def test_a_note_that_begins_with_a_star_is_no_list_of_its_own():
    lines = markdown(table([Cell("a")], notes=["* differs", "1. x", "- y", "a * b"])).splitlines()
    assert lines[-4:] == [r"- \* differs", r"- 1\. x", r"- \- y", "- a * b"]


def test_latex_sets_intervals_small_and_groups_rows():
    rows = [
        [Cell("a_b"), Cell("x"), Cell("84.5 [84.0, 85.1]", 84.5, strong=True)],
        [Cell("a_b"), Cell("y"), Cell("–")],
    ]
    text = latex(Table("A title", ["data", "method", "score"], rows, 2))
    assert "\\multicolumn{2}{@{}l}{\\emph{a\\_b}} \\\\\n" in text
    assert "\nx & \\textbf{84.5 {\\scriptsize [84.0, 85.1]}} \\\\\n" in text
    assert "\ny & \\textendash{} \\\\\n" in text
    assert "resizebox" not in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1


def test_latex_divides_what_is_wider_than_a_line_or_longer_than_a_page():
    header = ["data", "method", *(f"metric {number}" for number in range(12))]
    rows = [
        [Cell("d"), Cell(f"m{row}"), *(Cell(f"{row}.5 [1.0, 2.0]", row) for _ in range(12))]
        for row in range(100)
    ]
    text = latex(Table("A title", header, rows, 2, ["A note."], "wide"))
    assert text.count(r"\begin{table}") == 9  # three of columns, three of rows
    assert "A title (9 of 9)" in text
    assert text.count(r"\label{tab:wide}") == text.count(r"\label{tab:wide-9}") == 1
    assert text.count("A note.") == 1
    assert all(text.count(rf"m{row} & ") == 3 for row in range(100))


def test_latex_says_once_what_is_the_same_in_all_rows():
    rows = [
        [Cell("a"), Cell("1", 1), Cell("500", 500)],
        [Cell("b"), Cell("2", 2), Cell("500", 500)],
    ]
    text = latex(Table("A title", ["data", "score", "n items"], rows, 1))
    assert text.count("500") == 1
    assert "n items: 500 in all rows." in text


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
    assert '<td data-head="data" dir="auto">שלום</td>' in page
    assert '<td class="number" data-value="2.0" data-head="score">2.0</td>' in page
