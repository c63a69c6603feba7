"""Write the conda environment files from the locks: Python and the full pip closure inline.

Conda files cannot refer to a requirements file, so the pins are copied, here and nowhere else.
`main.yaml` is for jobs that need torch; `analysis.yaml` leaves out torch and what only it needs;
`metrics.yaml` is for neural metrics, which need older versions than the rest.
"""

import importlib.metadata
import re
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = "3.11"
ANALYSIS = (
    "jsonschema", "matplotlib", "pandas", "pyyaml", "regex", "rich", "sacrebleu", "scipy",
)  # fmt: skip
"""What scoring, tables, figures and the report import."""


def pins(lock: str = "main") -> dict[str, str]:
    """Return a lock's lines by normalised package name."""
    lines = (HERE / f"{lock}.lock").read_text(encoding="utf-8").split()
    return {normalise(line.partition("==")[0]): line for line in lines}


def normalise(name: str) -> str:
    """Return a package name as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names: tuple[str, ...], locked: dict[str, str]) -> list[str]:
    """Return the pins of packages and of all they need, from the installed metadata."""
    wanted: dict[str, str] = {}
    queue = [normalise(name) for name in names]
    while queue:
        name = queue.pop()
        if name in wanted or name not in locked:
            continue
        wanted[name] = locked[name]
        for line in importlib.metadata.requires(name) or []:
            if "extra ==" not in line:
                queue.append(normalise(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]))
    return sorted(wanted.values(), key=str.lower)


def render(lines: list[str], lock: str) -> str:
    """Return the text of a conda environment file."""
    pinned = "\n".join(f"      - {line}" for line in lines)
    return (
        f"# Written by envs/render.py from {lock}.lock.\n"
        "channels:\n  - conda-forge\n  - nodefaults\n"
        f"dependencies:\n  - python ={PYTHON}\n  - pip\n  - pip:\n{pinned}\n"
    )


def main() -> None:
    """Write main.yaml, analysis.yaml and metrics.yaml."""
    locked = pins()
    for name, lock, lines in (
        ("main", "main", list(locked.values())),
        ("analysis", "main", closure(ANALYSIS, locked)),
        ("metrics", "metrics", list(pins("metrics").values())),
    ):
        (HERE / f"{name}.yaml").write_text(render(lines, lock), encoding="utf-8")


if __name__ == "__main__":
    main()
