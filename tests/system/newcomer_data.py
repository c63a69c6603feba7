"""Make the files of a new user: tables, parallel text, other systems' outputs, a checkpoint.

    python newcomer_data.py FOLDER

All are invented, and the same each time. The outputs of other systems are made so that their scores
are known: `expected.json` has them.
"""

import csv
import json
import random
import sys
from pathlib import Path

NAMES = ["Ann", "Bob", "Cay", "Dan", "Eve", "Fay", "Gus", "Hal"]
WORDS = {
    "a": "nějaký", "dog": "pes", "cat": "kocour", "runs": "běží", "sleeps": "spí", "red": "rudý",
    "old": "starý", "here": "tady", "now": "teď", "fish": "ryba",
}  # fmt: skip


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def nli(folder: Path, draw: random.Random) -> None:
    """One CSV table: premises, a conclusion, and True, False or Uncertain (as FOLIO has it)."""
    with (folder / "nli.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "premises", "conclusion", "label"])
        for number in range(300):
            one, other = draw.sample(NAMES, 2)
            label = ("True", "False", "Uncertain")[number % 3]
            tall = {"True": f"{one} is tall.", "False": f"{one} is not tall.", "Uncertain": ""}
            premises = f'"{other}," they say, is number {number}. {tall[label]}'.strip()
            table.writerow([number, premises, f"{one} is tall.", label])


def exam(folder: Path, draw: random.Random) -> None:
    """JSON lines: a passage, a question and options with letters (as AGIEval's LSAT has them)."""
    rows = []
    for number in range(130):
        people = draw.sample(NAMES, 5)
        options = [
            f"({letter}){name}" for letter, name in zip("ABCDE", sorted(people), strict=True)
        ]
        passage = f"Day {number}. " + " ".join(f"{p} has seat {k}." for k, p in enumerate(people))
        answer = "ABCDE"[sorted(people).index(people[number % 5])]
        rows.append({"passage": passage, "question": f"Who has seat {number % 5}?",
                     "options": options, "label": answer})  # fmt: skip
    write(folder / "exam.jsonl", [json.dumps(row) for row in rows])


def words(folder: Path, draw: random.Random) -> None:
    """TSV: words and their sounds; another system has two of four words wrong, by one sound."""
    pairs = []
    for number in range(160):
        word = (
            "".join(draw.choice("aeiou" if i % 2 else "bdfgklmn") for i in range(4)) + f"{number}"
        )
        pairs.append((word, " ".join(word.replace("a", "ɑ"))))
    for split, part in (("train", pairs[:100]), ("dev", pairs[100:120]), ("test", pairs[120:])):
        write(folder / f"words.{split}.tsv", ["\t".join(pair) for pair in part])
    theirs = [f"x {sounds[2:]}" if n % 2 else sounds for n, (_, sounds) in enumerate(pairs[120:])]
    write(folder / "theirs/words/nl/test.txt", theirs)


def captions(folder: Path, draw: random.Random) -> int:
    """English-Czech text files; another system gives the references themselves."""
    english = [
        " ".join([*(draw.choice(list(WORDS)) for _ in range(draw.randint(3, 7))), str(number)])
        for number in range(160)
    ]
    czech = [" ".join(WORDS.get(word, word) for word in line.split()) for line in english]
    for split, start, end in (("train", 0, 100), ("val", 100, 120), ("test", 120, 160)):
        write(folder / f"{split}.en", english[start:end])
        write(folder / f"{split}.cs", czech[start:end])
    write(folder / "theirs/captions/en-cs/test.txt", czech[120:])
    return sum(len(line) for line in czech[120:])


def main(folder: Path) -> None:
    """Write all files."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(5)
    nli(folder, draw)
    exam(folder, draw)
    words(folder, draw)
    captions(folder, draw)
    sounds = [line.split() for line in (folder / "theirs/words/nl/test.txt").open(encoding="utf-8")]
    expected = {
        "words": {"wer": 50.0, "ser": 100 * 20 / sum(map(len, sounds))},
        "captions": {"bleu": 100.0, "ter": 0.0},
    }
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
