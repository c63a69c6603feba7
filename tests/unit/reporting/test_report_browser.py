"""The report in a real browser: 5,000 examples, tables, a phone, and nothing from outside."""

import json
import re
from urllib.parse import quote

import pytest

from helpers import chromium
from helpers.synthetic_results import (
    make_comparisons,
    make_curves,
    make_results,
    make_runs,
    make_scores,
)
from warmup.reporting import figures, write_tables
from warmup.reporting.report import examples
from warmup.reporting.report.page import page

pytestmark = chromium.needed
ITEMS = 625
"""Of each of eight data sets, pairs and models: 5,000 in all."""


def address(*parts):
    """Return the address of an example."""
    return "#example/" + "/".join(quote(part, safe="()") for part in parts)


SHELL_GAME = address("Shell game (English)", "T5 tiny", "multiple_choice-3")


def write(folder, items):
    """Write a report on that many items of each; return its address."""
    scores = make_scores(seeds=2)
    results = make_results(
        scores, comparisons=make_comparisons(scores), curves=make_curves(seeds=1)
    )
    write_tables.write(results, folder / "tables")
    (folder / "figures").mkdir()
    for name in figures.names():
        (folder / "figures" / f"{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg"><title>{name}</title></svg>'
        )
    text = page(
        results,
        examples=examples.collect(make_runs(folder, items=items), results),
        provenance=[],
        figures_dir=folder / "figures",
        tables_dir=folder / "tables",
    )
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Return the address of a report on 5,000 examples."""
    return write(tmp_path_factory.mktemp("report"), ITEMS)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    one = chromium.Page(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture
def show(browser, report):
    """Return a function that opens the report; in the end nothing may have gone wrong."""

    def opened(place="", **screen):
        browser.show(report + place, **screen)
        return browser

    browser.events.clear()
    yield opened
    assert browser.errors() == []
    asked = {address for address in browser.requests() if not address.startswith("data:")}
    assert {address.partition("#")[0] for address in asked} <= {report, "about:blank"}


def count(view):
    """Return how many examples were found."""
    (text,) = view.texts("#count")
    return int(re.search(r"([\d,]+) found among 5,000", text)[1].replace(",", ""))


def names(view):
    return view.texts("#found .name")


def gains(view):
    return [float(text.replace("−", "-")) for text in view.texts("#found .gain")]


def is_open(view):
    return not view.run("document.getElementById('example').hidden")


def test_all_examples_are_there_a_page_at_a_time(show):
    view = show()
    assert count(view) == 5000
    assert len(names(view)) == 25
    assert names(view)[0] == "Shell game (English), Llama tiny: multiple_choice-0"
    assert view.texts("#page") == ["Page 1 of 200"]
    view.run("document.getElementById('after').click()")
    assert view.texts("#page") == ["Page 2 of 200"]
    assert names(view)[0].endswith("-25")
    view.run("document.getElementById('before').click()")
    assert names(view)[0].endswith("-0")
    assert view.run("document.getElementById('before').disabled")
    assert view.texts("#sampled") == [""]


def test_the_page_says_when_not_all_items_are_there(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "LIMIT", 8)
    browser.show(write(tmp_path, 10))
    (text,) = browser.texts("#sampled")
    assert text == "Not all test items are here, but evenly spaced ones: 4 of 10, 2 of 10."


def test_filters(show):
    view = show()
    view.set("task", "Translation")
    assert count(view) == 4 * ITEMS
    assert view.texts("[name=data] option") == ["all", "Invented (qaa→qab)", "Invented (qab→qaa)"]
    view.set("data", "Invented (qab→qaa)")
    view.set("model", "T5 tiny")
    assert count(view) == ITEMS
    view.set("which", "won")
    assert count(view) == ITEMS - len(range(0, ITEMS, 4))
    view.set("which", "lost")
    assert count(view) == 0
    view.set("which", "equal")
    assert count(view) == len(range(0, ITEMS, 4))
    view.set("which", "all")
    view.set("shortest", "6")
    assert count(view) == sum(item // 6 % 4 == 3 for item in range(ITEMS))
    view.set("longest", "5")
    assert count(view) == 0
    view.run("document.querySelector('[type=reset]').click()")
    view.wait("document.getElementById('count').textContent.includes('5,000 found')")


def test_search_is_for_all_words_in_any_text(show):
    view = show()
    view.run("document.forms.filter.elements.words.focus()")
    view.type("T5 TINY translation-62")
    # 62 and 620 to 624, of two pairs
    assert count(view) == 12
    assert all("T5 tiny: translation-62" in name for name in names(view))
    view.set("words", "<b>nothing")
    assert (count(view), names(view)) == (0, [])


def test_sorting(show):
    view = show()
    view.set("task", "Translation")
    view.set("key", "gain")
    view.set("order", "descending")
    assert min(gains(view)) > 0
    view.set("order", "ascending")
    assert set(gains(view)) == {0.0}
    view.set("against", "warmup")
    view.set("method", "SFT")
    assert max(gains(view)) < 0
    view.set("method", "warmup")
    view.set("key", "length")
    view.set("order", "descending")
    assert all(" · 6 tokens · " in text for text in view.texts("#found small"))
    view.set("key", "output")
    assert all(text.endswith("log P −0.25") for text in view.texts("#found small"))
    view.set("key", "id")
    assert [name.split("-")[-1] for name in names(view)[:5]] == ["624"] * 4 + ["623"]


def test_an_example_shows_everything_and_what_differs(show):
    view = show()
    view.set("data", "Invented (qaa→qab)")
    view.run("document.querySelectorAll('#found a')[1].click()")
    view.wait("location.hash && !document.getElementById('example').hidden")
    assert view.texts("#example dt") == [
        "input", "reference", "SFT", "SFT (same compute)", "SFT (same updates)", "warmup",
    ]  # fmt: skip
    shown = view.texts("#example dd")
    assert shown[:2] == ["mi ver sata lum", "ko lumi sata ver"]
    assert "✗ BLEU ↑" in shown[2]
    assert shown[-1].startswith("2 4 1 ⟶ ko lumi sata ver")
    assert "✓ right · 3 tokens of warmup · log P(c|x) −0.50 · log P(y|x,c) −1.25" in shown[-1]
    assert view.texts("#example dd ins")[:2] == ["ka", "dor"]
    assert view.texts("#example dd del")[:2] == ["ko", "ver"]
    assert view.run("document.querySelectorAll('dd:last-child ins').length") == 0


def test_tokens_are_shaded_by_probability(show):
    view = show(address("Invented (qaa→qab)", "T5 tiny", "translation-1"))
    view.run("document.querySelector('[value=tokens]').click()")
    tokens = "#example dd:last-child ruby"
    parts = view.run(
        f"[...document.querySelectorAll('{tokens}')]"
        ".map((node) => [node.className, node.firstChild.textContent, node.lastChild.textContent])"
    )
    assert parts[:2] == [["shade1", "2", "−0.29"], ["shade0", "4", "−0.07"]]
    assert parts[3][1] == "<sep>"
    assert [part[1] for part in parts[4:]] == ["ko", "lumi", "sata", "ver", "</s>"]
    assert parts[4][0] == "shade1"
    view.run("document.getElementById('next').click()")
    view.wait("location.hash.endsWith('translation-2')")
    assert view.run("document.querySelector('[value=tokens]').checked")


def test_keys(show):
    view = show()
    view.run("document.querySelector('#found a').focus()")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        view.press(key)
    view.wait(
        "location.hash.endsWith('multiple_choice-1') && document.activeElement.id === 'example'"
    )
    shown = "document.querySelector('#example h3').textContent.endsWith('multiple_choice-{}')"
    view.press("ArrowRight")
    view.wait(f"location.hash.endsWith('multiple_choice-2') && {shown.format(2)}")
    view.press("ArrowLeft")
    view.wait(f"location.hash.endsWith('multiple_choice-1') && {shown.format(1)}")
    view.press("Escape")
    view.wait("document.getElementById('example').hidden")
    view.wait("document.activeElement.innerText.includes('multiple_choice-1\\n')")


def test_an_address_leads_to_an_example_and_to_its_page_of_the_list(show):
    view = show(address("Headlines (English)", "Llama tiny", "summarization-600"))
    assert is_open(view)
    assert view.texts("#example h3") == ["Headlines (English), Llama tiny: summarization-600"]
    assert view.texts("#found [aria-current] .name") == view.texts("#example h3")
    view.run("history.pushState({}, '', '#examples'); location.hash = '#example/no/such/one'")
    view.wait("document.getElementById('count').textContent.includes('not on this page')")


def test_tables_sort_by_value_whatever_marks_a_number_carries(show):
    view = show()
    found = "document.getElementById('summary')"
    assert "*" in view.run(f"{found}.innerText")
    for expected in ("ascending", "descending"):
        view.run(f"{found}.querySelectorAll('th button')[3].click()")
        state = view.run(
            f"[{found}.querySelectorAll('th')[3].getAttribute('aria-sort'),"
            f"[...{found}.querySelectorAll('tbody tr')].map((row) => row.cells[3].innerText)]"
        )
        assert state[0] == expected
        values = [float(re.match(r"[+−]?[\d.]+", text)[0].replace("−", "-")) for text in state[1]]
        assert values == sorted(values, reverse=expected == "descending")
    order = view.run(
        "[['', 'x'], ['10', '+10*'], ['-2', '−2'], ['9', '+9 [1, 2]']].map(([value, text]) => {"
        "const cell = element('td', '', text);"
        "if (value) cell.dataset.value = value; return cell; })"
        ".sort((a, b) => compareCells(a, b, -1)).map((cell) => cell.textContent)"
    )
    assert order == ["+10*", "+9 [1, 2]", "−2", "x"]


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [
        ("a b c", "a b c", "a b c"),
        ("a x c", "a b c", "a +x -b c"),
        ("", "a b", "-a -b"),
        ("a b", "", "+a +b"),
        ("我爱你", "我恨你", "我 +爱 -恨 你"),
        ("b a b", "a b c", "+b a b -c"),
    ],
)
def test_difference(show, text, reference, expected):
    parts = show().run(f"difference({json.dumps(text)}, {json.dumps(reference)})")
    marks = {"same": "", "extra": "+", "missing": "-"}
    assert " ".join(marks[kind] + word.strip() for kind, word in parts) == expected


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_cut_on_a_phone(show, dark):
    view = show(SHELL_GAME, width=390, height=844, dark=dark)
    assert view.run("document.documentElement.scrollWidth") <= 390
    assert view.run("getComputedStyle(document.getElementById('list')).display") == "none"
    view.run("document.getElementById('close').click()")
    view.wait("document.getElementById('example').hidden")
    assert view.run("document.documentElement.scrollWidth") <= 390
    assert len(names(view)) == 25


WIDE = (
    "[document.documentElement, ...document.querySelectorAll('.scroll')]"
    ".filter((node) => node.scrollWidth > node.clientWidth + 1).length"
)
UNFOLD = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


@pytest.mark.parametrize("width", [390, 768, 900, 1280, 1920])
def test_no_table_is_cut_at_any_width(show, width):
    view = show(width=width)
    view.run(UNFOLD)
    assert view.run("document.querySelectorAll('.scroll').length") > 15
    assert view.run(WIDE) == 0


def test_no_table_is_cut_in_print_and_nothing_is_folded(show):
    view = show(width=718)  # A4 without margins, at 96 dots per inch
    view("Emulation.setEmulatedMedia", media="print")
    view.run("dispatchEvent(new Event('beforeprint'))")
    assert view.run("document.querySelectorAll('details:not([open])').length") == 0
    wide = "[...document.querySelectorAll('table')].filter((one) => one.offsetWidth > innerWidth)"
    assert view.run(f"{wide}.length") == 0
    view("Emulation.setEmulatedMedia", media="")


def test_on_a_phone_a_row_is_a_card_that_names_its_numbers(show):
    view = show(width=390, height=844)
    cell = "document.querySelector('#summary tbody td.number')"
    assert view.run(f"getComputedStyle({cell}, '::before').content") == '"gain over SFT"'
    assert view.run(f"getComputedStyle({cell}.parentElement).display") == "block"


def test_the_contents_stay_and_a_link_skips_them(show):
    view = show(width=1280)
    view.run("scrollTo(0, 3000)")
    assert view.run("document.getElementById('contents').getBoundingClientRect().top") == 0
    skip = "document.querySelector('a.skip')"
    assert view.run(f"document.querySelector('a') === {skip}")
    view("Emulation.setFocusEmulationEnabled", enabled=True)
    view.run(f"{skip}.focus()")
    assert view.run(f"{skip}.getBoundingClientRect().left") >= 0
    assert view.run(f"document.querySelector({skip}.hash) !== null")


def test_figures_are_dark_in_the_dark(show):
    image = "getComputedStyle(document.querySelector('figure.picture img')).filter"
    assert show().run(image) == "none"
    assert "invert" in show(dark=True).run(image)


def test_it_opens_on_warmup_against_sft(show):
    view = show()
    assert view.run("[choice.method, choice.against]") == ["warmup", "SFT"]
    assert "–" not in "".join(view.texts("#found .gain"))


def test_examples_are_filtered_by_look_ahead(show):
    view = show()
    view.set("task", "Multiple choice")
    options = view.texts("[name=lookahead] option")
    assert options[0] == "all"
    assert options[1:] == sorted(options[1:], key=int)
    view.set("lookahead", options[1])
    assert 0 < count(view) < 2 * ITEMS
    assert view.run(f"chosen.every(({{ cell, row }}) => cell.lookaheads[row] === {options[1]})")


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("B D A B", "B", ["B D A B"]),
        ("(B) D", "B", ["(B) D"]),
        ("A D B", "B", ["<ins>A</ins>", "<del>B</del>", "D B"]),
    ],
)
def test_in_multiple_choice_only_the_answer_is_compared(show, output, reference, expected):
    parts = show().run(
        f"showCompared({json.dumps(output)}, [{json.dumps(reference)}], true)"
        ".map((part) => (part.outerHTML ?? part).trim()).filter(Boolean)"
    )
    assert parts == expected


def test_every_field_has_a_label(show):
    view = show(SHELL_GAME)
    assert view.run("[...document.querySelectorAll('input, select')].every((n) => n.labels.length)")


@pytest.mark.parametrize("tokens", [False, True])
def test_texts_are_read_in_the_direction_of_their_script(show, tokens):
    view = show(SHELL_GAME)
    if tokens:
        view.run("document.querySelector('[name=highlight][value=tokens]').click()")
    texts = "[...document.querySelectorAll('.excerpt, dd > .text, dd > .warmup:not(.empty)')]"
    assert view.run(f"{texts}.length") > 25
    assert view.run(f"{texts}.every((node) => node.dir === 'auto')")
    assert view.run("document.forms.filter.elements.words.dir") == "auto"
    direction = view.run(
        "['\u05e9\u05dc\u05d5\u05dd 1', 'B 1'].map((text) => {"
        "const node = document.body.appendChild(shown('text', text));"
        "const found = getComputedStyle(node).direction; node.remove(); return found; })"
    )
    assert direction == ["rtl", "ltr"]
