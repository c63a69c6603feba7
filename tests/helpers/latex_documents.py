"""Tables of LaTeX set in plain `article` by pdfLaTeX, and what their pages say."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

PROGRAMS = ("pdflatex", "kpsewhich", "pdftotext")


def _missing() -> str:
    for program in PROGRAMS:
        if not shutil.which(program):
            return f"{program} is not installed (texlive-latex-base and poppler-utils have it)"
    if subprocess.run(["kpsewhich", "booktabs.sty"], check=False, capture_output=True).returncode:
        return "booktabs.sty is not installed (texlive-latex-recommended has it)"
    return ""


needed = pytest.mark.skipif(bool(_missing()), reason=_missing() or "everything is here")


def text_of(folder: Path, names: Iterable[str]) -> str:
    """Set the files `{name}.tex` of a folder; return the text of the pages, spaces as one.

    Nothing may be wider or longer than the page.
    """
    inputs = "\\clearpage ".join(rf"\input{{{name}}}" for name in names)
    (folder / "all.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs}"
        rf"\begin{{document}}{inputs}\end{{document}}"
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=folder, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "Float too large" not in done.stdout
    pages = subprocess.run(
        ["pdftotext", "-layout", "all.pdf", "-"], cwd=folder, capture_output=True, check=True
    )
    return " ".join(pages.stdout.decode().split())
