"""Download what a data set needs, and list it with hashes: `warmup fetch data`.

Only this command, `warmup fetch model` and `warmup fetch metric` use the network. `warmup prepare`
then works offline.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from warmup.common import plugins
from warmup.common.files import write_json
from warmup.common.languages import Pair
from warmup.data.dataset import Dataset, load
from warmup.data.prepare import add_data_set
from warmup.data.sources import Context


def fetch(dataset: Dataset, pair: Pair, *, data_root: str, downloads: Path) -> list[dict[str, Any]]:
    """Download the files of all splits that are not there yet; return all of them.

    Each is `{"origin", "path", "sha256", "bytes"}`, the path relative to the downloads folder.

    Raises:
        InputError: a source is not valid, or a download fails.
    """
    files = {
        file.path: asdict(file)
        for split, spec in dataset.splits.items()
        for file in plugins.load("source", spec["type"]).fetch(
            spec, pair, Context(split, data_root, downloads)
        )
    }
    return [files[path] for path in sorted(files)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_data_set(parser)
    parser.add_argument(
        "--output", type=Path, required=True, help="JSON file to list the downloaded files in"
    )


def run(options: argparse.Namespace) -> None:
    """Download what a data set needs. Local files and generated data need nothing."""
    dataset = load(options.dataset)
    files = fetch(
        dataset,
        dataset.pair(options.pair),
        data_root=options.data_root,
        downloads=options.downloads,
    )
    write_json(options.output, {"files": files})
    size = sum(file["bytes"] for file in files)
    print(
        f"{len(files)} files, {size:,} bytes in {options.downloads}"
        if files
        else "nothing to download: all files are read where they are"
    )
