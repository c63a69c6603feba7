"""The table of a speed benchmark, from its saved result.

`python -m benchmarks.table results/benchmarks/speed.json` prints it again.
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.variants import TITLES
from warmup.common.errors import run
from warmup.common.files import read_json

COLUMNS = (
    "step", "ms", "÷ SFT", "processor ÷ SFT", "operations ÷ SFT", "floor, ms", "÷ floor",
    "peak, MiB", "÷ SFT",
)  # fmt: skip


def markdown(result: dict[str, Any]) -> str:
    """Return one table for each shape, and a line on the machine."""
    parts = [origin(result["provenance"])]
    for name, shape in result["shapes"].items():
        rows = [row for row in result["rows"] if row["shape"] == name]
        if not rows:
            continue
        sft = next(row for row in rows if row["variant"] == "sft")
        sizes = "B {batch}, N {samples}, K {warmup}, S {source}, T {target}, V {vocabulary}"
        threads = f"{sft['threads']} thread{'s' if sft['threads'] > 1 else ''}"
        title = f"**{shape['title']}** (`{name}`): {sizes.format(**shape)}, {threads}"
        lines = [title, ""]
        lines += [_line(COLUMNS), _line(["---"] + ["---:"] * (len(COLUMNS) - 1))]
        lines += [_line([TITLES[row["variant"]], *_cells(row, sft)]) for row in rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def origin(provenance: dict[str, Any]) -> str:
    """Return one line on the machine and the settings."""
    settings, packages, git = (provenance[key] for key in ("settings", "packages", "git"))
    revision = f"{git['revision'][:7] if git['revision'] else 'none'}{'+' if git['dirty'] else ''}"
    versions = ", ".join(f"{name} {version or '–'}" for name, version in packages.items())
    return (
        f"{provenance['machine']}, {provenance['cores']} cores, "
        f"{settings['dtype']}, load {provenance['load']:.1f} at the start; {versions}; "
        f"revision {revision}, {provenance['date']}; "
        f"{settings['rounds']} rounds after {settings['warm_up']}"
    )


def _cells(row: dict[str, Any], sft: dict[str, Any]) -> list[str]:
    if "note" in row:
        return [row["note"], *["–"] * (len(COLUMNS) - 2)]
    ms, ratio = row["ms"], row["ratio"]
    cells = [
        f"{number(ms['median'])} [{number(ms['lower'])}, {number(ms['upper'])}]",
        f"{ratio['median']:.2f} [{ratio['lower']:.2f}, {ratio['upper']:.2f}]",
        f"{row['processor_ratio']['median']:.2f}",
        f"{row['flops_ratio']:.2f}",
    ]
    if "floor_ms" in row:
        cells += [number(row["floor_ms"]), f"{row['floor_distance']:.2f}"]
    else:
        cells += ["–", "–"]
    if "mib" not in row:
        return [*cells, "–", "–"]
    if row["mib"] is None:
        return [*cells, "failed", "–"]
    peak = row["mib"]["peak"]
    return [*cells, number(peak), f"{peak / sft['mib']['peak']:.2f}" if sft["mib"] else "–"]


def number(value: float) -> str:
    """Return a number below 100 with three digits, a larger one rounded to an integer."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def tsv(result: dict[str, Any]) -> str:
    """Return all numbers, one line per shape and variant."""
    flat = [dict(_flatten(row)) for row in result["rows"]]
    keys = list(dict.fromkeys(key for row in flat for key in row))
    lines = [keys] + [[str(row.get(key, "")) for key in keys] for row in flat]
    return "".join("\t".join(line) + "\n" for line in lines)


def _flatten(row: dict[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in row.items():
        if isinstance(value, dict):
            pairs += [(f"{key}_{inner}", number) for inner, number in value.items()]
        else:
            pairs.append((key, value))
    return pairs


def main() -> None:
    """Print the table of a saved speed.json as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table", description=main.__doc__)
    parser.add_argument("result", type=Path, help="speed.json of benchmarks.speed")
    print(markdown(read_json(parser.parse_args().result)))


if __name__ == "__main__":
    run(main)
