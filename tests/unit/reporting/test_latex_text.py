"""Every text prints as itself with plain pdfLaTeX."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import latex_documents
from warmup.reporting.latex_table import latex
from warmup.reporting.latex_text import CODES, escape, has_codes
from warmup.reporting.table import Cell, Table

PRINTABLE = "".join(map(chr, range(32, 127)))
LETTERS = "äöüßéèêëçñåøæœłžšćőıíïòğşțẹḇĳ"
SYMBOLS = "–—…“”‘’†‡§¶©£¡¿−×÷±·°≤≥≠≈∞∈↑↓→←⟶µαβγδεζηθικλνξπρσςτυφχψωΔΣ"


@given(st.text())
def test_what_latex_reads_is_ascii_but_for_what_pdflatex_skips(text):
    escaped = escape(text)
    read = re.sub(r"\\ifdefined\\Umathchardef .*?\\else", "", escaped)
    assert read.isascii()
    assert has_codes(escaped) == (read != escaped)


@given(st.text(alphabet="\\\\&%$#_{}~^<>|ab "))
def test_no_character_is_left_to_be_a_command(text):
    bare = re.sub(r"\\[a-z]+\{\}|\\[&%$#_{}]", "", escape(text))
    assert not set(bare) & set("\\&%$#_{}~^<>|")


def test_what_has_no_glyph_is_a_code():
    assert escape("a中文 b") == r"a\ifdefined\Umathchardef 中文\else [U+4E2D][U+6587]\fi{} b"
    table = Table("中", ["a"], [[Cell("x")]], 1)
    assert CODES.split("[")[0] in latex(table)
    assert CODES.split("[")[0] not in latex(Table("ä", ["a"], [[Cell("x")]], 1))


@latex_documents.needed
@pytest.mark.parametrize("where", ["cell", "label", "title", "header", "note"])
def test_every_character_prints_as_itself(tmp_path, where):
    # what OT1 puts together of two glyphs, such as é, ≠ and _, is not one character in the PDF
    whole = "p < 0.05 > |x| \\ {} % & # $ * [y] @ ! ? \"q\" 'r' ` a--b ,, ?‘ !‘ fi"
    words = [whole, "[first", "*starred", " ".join(SYMBOLS), "中文 ok", "שלום", "a\n\nb", "~^_"]
    words += [" ".join(LETTERS), " ".join(PRINTABLE)]
    parts = {
        "cell": {"rows": [[Cell("n"), Cell(word, 1.0, strong=True)] for word in words]},
        "label": {"rows": [[Cell(word), Cell("1")] for word in words]},
        "title": {"title": " ".join(words)},
        "header": {"header": [words[1], words[0]]},
        "note": {"notes": words},
    }
    default = {"title": "A title", "header": ["a", "b"], "rows": [[Cell("x"), Cell("1")]]}
    table = Table(name="t", labels=1, **(default | parts[where]))
    (tmp_path / "table.tex").write_text(latex(table), encoding="utf-8")
    said = latex_documents.text_of(tmp_path, ["table"])
    for word in whole.split():
        assert unicodedata.normalize("NFKC", word) in unicodedata.normalize("NFKC", said)
    if where != "header":
        for symbol in ("≤", "≥", "↑", "↓", "→", "−", "×", "τ", "σ", "æ", "ß", "ø"):
            assert symbol in said
        assert "[U+4E2D][U+6587]" in said
