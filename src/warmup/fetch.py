"""Download what a data set needs, and list it with hashes: `python -m warmup.fetch`.

With `warmup.fetch_model` and `warmup.fetch_metric` the only steps that use the network: run them
where there is one. `warmup.prepare` then works offline.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from warmup import dataset as datasets
from warmup import plugins
from warmup.dataset import Dataset
from warmup.errors import run
from warmup.files import write_json
from warmup.pairs import Pair
from warmup.prepare import arguments
from warmup.sources import Context


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


def main() -> None:
    """Run the command line."""
    parser = arguments(
        "warmup.fetch",
        "Download what a data set needs. Local files and generated data need nothing.",
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="JSON file to list the downloaded files in"
    )
    args = parser.parse_args()
    dataset = datasets.load(args.dataset)
    files = fetch(
        dataset, dataset.pair(args.pair), data_root=args.data_root, downloads=args.downloads
    )
    write_json(args.output, {"files": files})
    print(f"{len(files)} files, {sum(file['bytes'] for file in files):,} bytes in {args.downloads}")


if __name__ == "__main__":
    run(main)
