"""Share prepared data and tokenizers between experiments, see `warmup.common.register`."""

import importlib.metadata
import shutil
from dataclasses import asdict
from pathlib import Path

from warmup.common import register
from warmup.common.files import atomic, read_json, sha256
from warmup.common.languages import Pair
from warmup.common.provenance import code_sha256, digest
from warmup.config.settings import TokenizerConfig
from warmup.data.dataset import Dataset
from warmup.data.sources import Context, local

SUMMARY = "summary.json"
"""File that counts the records. It is there only if all splits are."""


def key_of_data(
    dataset: Dataset, pair: Pair, data_root: str, downloads: Path, downloaded: Path | None
) -> str:
    """Return the same hash for all data sets with the same records, whatever their names.

    Args:
        dataset: what is prepared.
        pair: the pair that is prepared.
        data_root: folder that relative paths start from.
        downloads: folder of downloaded files.
        downloaded: the list of files that `warmup fetch data` has written, if there is one.

    Raises:
        InputError: a source is not valid, or a file is missing.
    """
    files = {
        split: [
            sha256(path) for path in local.files(spec, pair, Context(split, data_root, downloads))
        ]
        for split, spec in dataset.splits.items()
        if spec["type"] == "local"
    }
    fetched = [file["sha256"] for file in read_json(downloaded)["files"]] if downloaded else []
    entry = asdict(dataset) | {"pairs": str(pair)}
    return digest(["data", entry, files, fetched, code_sha256()])


def key_of_tokenizer(train: Path, task: str, config: TokenizerConfig, architecture: str) -> str:
    """Return the same hash for all tokenizers that are trained on the same texts in the same way.

    Args:
        train: training records (JSON lines).
        task: turns them into text.
        config: of the tokenizer.
        architecture: of the model, which has its own special tokens.
    """
    version = importlib.metadata.version("tokenizers")
    made_of = [sha256(train), task, asdict(config), architecture]
    return digest(["tokenizer", *made_of, version, code_sha256()])


def hashes_of_data(folder: Path) -> register.Hashes:
    """Return the hashes of a prepared data set's files; an `OSError` if one is not there."""
    splits = read_json(folder / SUMMARY)["splits"]
    names = [SUMMARY, *(f"{split}.jsonl" for split in splits)]
    return {name: sha256(folder / name) for name in names}


def copy_data(made: Path, output_dir: Path) -> None:
    """Copy a prepared data set to another folder, its summary after all splits."""
    if made.resolve() == output_dir.resolve():
        return
    *splits, summary = (output_dir / name for name in reversed(hashes_of_data(made)))
    summary.unlink(missing_ok=True)
    for path in (*splits, summary):
        with atomic(path) as temporary:
            shutil.copyfile(made / path.name, temporary)


def copy_tokenizer(made: Path, output: Path) -> None:
    """Copy the folder of a tokenizer, without what Snakemake adds to it."""
    with atomic(output) as temporary:
        shutil.copytree(made, temporary, ignore=shutil.ignore_patterns(register.ADDED_BY_SNAKEMAKE))
