"""Write the splits of a data set as records, one JSON lines file each: `warmup prepare`.

Reads local files, downloads made by `warmup fetch data`, and generators; never the network.
"""

import argparse
import contextlib
import hashlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from warmup.common import plugins, register
from warmup.common.errors import InputError
from warmup.common.files import atomic, fill_jsonl, read_json, sha256, write_json
from warmup.common.languages import Pair
from warmup.common.progress import counted
from warmup.common.texts import Normaliser
from warmup.data import leakage, shared_data, symbols
from warmup.data.dataset import Dataset, load
from warmup.data.records import Record
from warmup.data.shared_data import SUMMARY
from warmup.data.sources import Context, LeftOut


def prepare(
    dataset: Dataset, pair: Pair, *, data_root: str, downloads: Path, output_dir: Path
) -> dict[str, Any]:
    """Write `{split}.jsonl` for every split, and `summary.json`; return the summary.

    Records of `train` and `valid` that occur in a later split are left out (see
    `warmup.data.leakage`): by their source, and for a pair of two languages also by their target.
    The summary counts them, and what a source leaves out because its entry says so.

    No split is held in memory as a whole, only the texts of `valid` and the test splits. All files
    are put in place together when the last one is complete, the summary after them.

    Raises:
        InputError: a source is not valid, a record does not fit the task, or a split is empty.
    """
    held_out = leakage.HeldOut()
    found = {}
    with contextlib.ExitStack() as files:
        for split in leakage.in_order(dataset.splits):
            context, normalise = Context(split, data_root, downloads), Normaliser()
            records = counted(read_split(dataset, pair, context, normalise), split)
            kept = leakage.Filter(split, held_out, by_target=not pair.monolingual)
            description = Description(dataset.task)
            path = output_dir / f"{split}.jsonl"
            temporary = files.enter_context(atomic(path))
            fill_jsonl(temporary, map(description.of, kept.kept(records)), str(path))
            if not description.records:
                raise InputError(
                    f"splits.{split}: no records left: all of them occur in other splits"
                )
            found[split] = {
                "sha256": sha256(temporary),
                "left_out_of_source": asdict(context.left_out),
                "left_out": {"same_source": kept.same_source, "same_target": kept.same_target},
                "same_target_kept": kept.same_target_kept,
                "texts": normalise.read,
                "normalised": normalise.changed,
                **description.facts(),
            }
        (output_dir / SUMMARY).unlink(missing_ok=True)  # it would not be that of the new files
    splits = {split: found[split] for split in dataset.splits}
    summary = {"task": dataset.task, "pair": str(pair), "splits": splits}
    write_json(output_dir / SUMMARY, summary)
    return summary


def read_split(
    dataset: Dataset, pair: Pair, context: Context, normalise: Callable[[str], str]
) -> Iterator[Record]:
    """Yield the records of one split in NFC, checked against the task.

    Raises:
        InputError: as `prepare`.
    """
    spec = dataset.splits[context.split]
    check = plugins.load("task", dataset.task).check
    is_empty = True
    for found in plugins.load("source", spec["type"]).read(spec, pair, context):
        is_empty = False
        natural = found.with_texts(normalise)
        try:
            record = symbols.split(natural, spec.get("characters", ()))
            if dataset.prefix:
                record = replace(record, prefix=dataset.prefix)
            check(record)
        except InputError as error:
            raise InputError(f"splits.{context.split}: {error}") from None
        yield record
    if is_empty:
        said = ["no records", *context.left_out.sentences()]
        raise InputError(f"splits.{context.split}: {'; '.join(said)}")


class Description:
    """Counts the records of a split, and what a model sees of them, while they are written.

    Args:
        task: renders records as text.
    """

    def __init__(self, task: str) -> None:
        self._render = plugins.load("task", task).render
        self._sources = array("Q")  # as hashes: 8 bytes instead of a text
        self._input_words = self._target_words = self._references = 0

    @property
    def records(self) -> int:
        """How many records there are."""
        return len(self._sources)

    def of(self, one: leakage.Keyed) -> dict[str, Any]:
        """Count a record, and return it as it is written."""
        text = self._render(one.record)
        digest = hashlib.blake2b(one.source.encode(), digest_size=8).digest()
        self._sources.append(int.from_bytes(digest))
        self._input_words += len(str(text.input).split())
        self._target_words += len(text.target.split())
        self._references += len(text.references)
        return one.record.to_dict()

    def facts(self) -> dict[str, Any]:
        """Return counts, and mean lengths in words (separated by spaces) of what a model sees."""
        return {
            "records": self.records,
            "different_sources": len(np.unique(np.frombuffer(self._sources, dtype=np.uint64))),
            "input_words": round(self._input_words / self.records, 2),
            "target_words": round(self._target_words / self.records, 2),
            "references": round(self._references / self.records, 2),
        }


def sentences(summary: dict[str, Any]) -> list[str]:
    """Return the sentences about a summary: one per split, and how texts were compared."""
    lines = []
    compared = False
    for split, facts in summary["splits"].items():
        where = "in a test split" if split == "valid" else "in valid or a test split"
        counts = {
            f"left out, their source is {where}": facts["left_out"]["same_source"],
            f"left out, only their target is {where}": facts["left_out"]["same_target"],
            f"kept, only their target is {where}": facts["same_target_kept"],
        }
        said = [f"{count:,} {what}" for what, count in counts.items() if count]
        compared = compared or bool(said)
        said = LeftOut(**facts["left_out_of_source"]).sentences() + said
        said += [note] if (note := Normaliser(facts["normalised"]).note()) else []
        lines.append("; ".join([f"{split}: {facts['records']:,} records", *said]))
    return [*lines, f"texts were compared with {leakage.SAME}"] if compared else lines


def add_data_set(parser: argparse.ArgumentParser) -> None:
    """Add the options that `warmup prepare` and `warmup fetch data` share."""
    parser.add_argument(
        "--dataset",
        required=True,
        metavar="JSON|FILE",
        help="the data set: JSON text with task, pairs and splits, or a file of it",
    )
    parser.add_argument(
        "--pair", required=True, help="one of its pairs, such as en-de, or a language such as en"
    )
    parser.add_argument(
        "--data-root",
        default=".",
        help="folder, or for the source url also an http(s) address, that relative paths start "
        "from (default: %(default)s)",
    )
    parser.add_argument(
        "--downloads",
        type=Path,
        default=Path("downloads"),
        help="folder of downloaded files (default: %(default)s)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_data_set(parser)
    parser.add_argument(
        "--downloaded",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="with --register: the list that `warmup fetch data` has written, if there is one",
    )
    parser.add_argument(
        "--register",
        type=Path,
        metavar="FOLDER",
        help="register of finished results: a data set that would have the same records, whatever "
        "its name, is copied (default: prepare in any case)",
    )
    parser.add_argument(
        "--output-dir",
        type=Path,
        required=True,
        help="folder to write {split}.jsonl and summary.json to",
    )


def run(options: argparse.Namespace) -> None:
    """Write every split of a data set as records, one JSON lines file each."""
    dataset, folder = load(options.dataset), options.output_dir
    pair, root, downloads = dataset.pair(options.pair), options.data_root, options.downloads
    if options.register:
        key = shared_data.key_of_data(dataset, pair, root, downloads, options.downloaded)
        made = register.find(options.register, key, shared_data.hashes_of_data)
        if made:
            shared_data.copy_data(made, folder)
            print(f"copied from {made}, which has the same records")
            print("\n".join(sentences(read_json(folder / SUMMARY))))
            return
    summary = prepare(dataset, pair, data_root=root, downloads=downloads, output_dir=folder)
    if options.register:
        register.add(options.register, key, folder, shared_data.hashes_of_data(folder))
    print("\n".join(sentences(summary)))
