"""Write the splits of a data set as records, one JSON lines file each: `warmup prepare`.

Reads local files, downloads made by `warmup fetch data`, and generators; never the network.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.files import sha256, write_json, write_jsonl
from warmup.common.languages import Pair
from warmup.common.texts import Normaliser
from warmup.data import leakage, symbols
from warmup.data.dataset import Dataset, load
from warmup.data.records import Record
from warmup.data.sources import Context, LeftOut


def prepare(
    dataset: Dataset, pair: Pair, *, data_root: str, downloads: Path, output_dir: Path
) -> dict[str, Any]:
    """Write `{split}.jsonl` for every split, and `summary.json`; return the summary.

    Records of `train` and `valid` that occur in a later split are left out (see
    `warmup.data.leakage`): by their source, and for a pair of two languages also by their target.
    The summary counts them, and what a source leaves out because its entry says so.

    Raises:
        InputError: a source is not valid, a record does not fit the task, or a split is empty.
    """
    normalisers = {split: Normaliser() for split in dataset.splits}
    contexts = {split: Context(split, data_root, downloads) for split in dataset.splits}
    splits = {
        split: read_split(dataset, pair, contexts[split], normalise)
        for split, normalise in normalisers.items()
    }
    found = leakage.without_leaks(splits, by_target=not pair.monolingual)
    summary: dict[str, Any] = {"task": dataset.task, "pair": str(pair), "splits": {}}
    for split, kept in found.items():
        if not kept.records:
            raise InputError(f"splits.{split}: no records left: all of them occur in other splits")
        path = output_dir / f"{split}.jsonl"
        write_jsonl(path, (record.to_dict() for record in kept.records))
        summary["splits"][split] = {
            "sha256": sha256(path),
            "left_out_of_source": asdict(contexts[split].left_out),
            "left_out": {"same_source": kept.same_source, "same_target": kept.same_target},
            "same_target_kept": kept.same_target_kept,
            "texts": normalisers[split].read,
            "normalised": normalisers[split].changed,
            **describe(dataset.task, kept.records),
        }
    write_json(output_dir / "summary.json", summary)
    return summary


def read_split(
    dataset: Dataset, pair: Pair, context: Context, normalise: Callable[[str], str]
) -> list[Record]:
    """Return the records of one split in NFC, checked against the task.

    Raises:
        InputError: as `prepare`.
    """
    spec = dataset.splits[context.split]
    found = plugins.load("source", spec["type"]).read(spec, pair, context)
    normalised = [record.with_texts(normalise) for record in found]
    if not normalised:
        said = ["no records", *context.left_out.sentences()]
        raise InputError(f"splits.{context.split}: {'; '.join(said)}")
    check = plugins.load("task", dataset.task).check
    records = []
    for natural in normalised:
        try:
            record = symbols.split(natural, spec.get("characters", ()))
            record = replace(record, prefix=dataset.prefix)
            check(record)
            records.append(record)
        except InputError as error:
            raise InputError(f"splits.{context.split}: {error}") from None
    return records


def describe(task: str, records: list[Record]) -> dict[str, Any]:
    """Return counts, and mean lengths in words (separated by spaces) of what a model sees."""
    render = plugins.load("task", task).render
    texts = [render(record) for record in records]
    return {
        "records": len(records),
        "different_sources": len({leakage.key(record.source) for record in records}),
        "input_words": round(fmean(len(str(text.input).split()) for text in texts), 2),
        "target_words": round(fmean(len(text.target.split()) for text in texts), 2),
        "references": round(fmean(len(text.references) for text in texts), 2),
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
        "--output-dir",
        type=Path,
        required=True,
        help="folder to write {split}.jsonl and summary.json to",
    )


def run(options: argparse.Namespace) -> None:
    """Write every split of a data set as records, one JSON lines file each."""
    dataset = load(options.dataset)
    summary = prepare(
        dataset,
        dataset.pair(options.pair),
        data_root=options.data_root,
        downloads=options.downloads,
        output_dir=options.output_dir,
    )
    print("\n".join(sentences(summary)))
