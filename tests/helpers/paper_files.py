"""Files as the configurations of the paper download them: the same names and formats, few lines."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LINES = 12
BLANK = (3, 7)
"""Lines of a training text that are blank, the second one on one side only."""


def url_entries(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the mappings within a configuration that name an address."""
    if isinstance(value, dict) and "url" in value:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from url_entries(item)


def write_copies(datasets: dict[str, Any], root: Path) -> None:
    """Write what the sources `url` and `hub` need under the data root; change the hashes to match.

    Args:
        datasets: of a configuration; changed in place.
        root: the data root.
    """
    contents: dict[str, dict[str, bytes]] = {}
    entries = list(url_entries(datasets))
    for entry in entries:
        name = entry.get("member", "")
        contents.setdefault(entry["url"], {})[name] = text(name or entry["url"])
    for url, members in contents.items():
        path = root / url.partition("://")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(members.get("") or archive(path.name, members))
    for entry in entries:
        content = (root / entry["url"].partition("://")[2]).read_bytes()
        key = "sha256" if "sha256" in entry else "content_sha256"
        entry[key] = hashlib.sha256(content).hexdigest()
    for spec in (spec for entry in datasets.values() for spec in entry["splits"].values()):
        if spec["type"] == "hub":
            write_summaries(root, spec)


def text(name: str) -> bytes:
    """Return a file of parallel text, or of questions."""
    if name.endswith(("train.txt", "dev.txt", "test.txt")):
        return "".join(json.dumps(question(name, number)) + "\n" for number in range(9)).encode()
    is_training = "flores" not in name
    lines = [f"{Path(name).name} {number}" for number in range(LINES)]
    for order, number in enumerate(BLANK):
        if is_training and (order == 0 or name.endswith(("en", "en.txt"))):
            lines[number] = ""
    ending = "\r\n" if "casia" in name else "\n"
    return "".join(line + ending for line in lines).encode()


def question(name: str, number: int) -> dict[str, Any]:
    """Return a row as LogiQA 2.0 has it; ids are not unique there."""
    return {
        "id": number // 2,
        "answer": number % 4,
        "text": f"{Path(name).name} {number}: all that is said.",
        "type": {"Categorical Reasoning": True},
        "question": "Which one follows?",
        "options": ["First.", "Second.", "Third.", "Fourth."],
    }


def write_summaries(root: Path, spec: dict[str, Any]) -> None:
    """Write one split of XSum, with an empty article."""
    import pandas

    revision = Path(spec["id"]) / "resolve" / spec["revision"]
    folder = root / "huggingface.co/datasets" / revision / "data"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"document": f"{spec['split']}\n{number}" if number else "", "summary": f"{number}."}
        for number in range(9)
    ]
    table = pandas.DataFrame([{**row, "id": str(10 + n)} for n, row in enumerate(rows)])
    table.to_parquet(folder / f"{spec['split']}-00000-of-00001.parquet")


def archive(name: str, members: dict[str, bytes]) -> bytes:
    """Return an archive of the kind of its name; FLORES's names begin with `./`."""
    buffer = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w") as packed:
            for member, content in members.items():
                packed.writestr(member, content)
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for member, content in members.items():
                info = tarfile.TarInfo(f"./{member}" if "flores" in member else member)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
