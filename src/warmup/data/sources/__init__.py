"""Sources of records, one kind per file.

Each has `read(spec, pair, context)`, which yields the records of one split without using the
network, and `fetch(spec, pair, context)`, which downloads the files that `read` needs and returns
them (none for a source that needs no network). `NEEDS_NETWORK`, a literal `True` or `False`, says
whether the workflow has to fetch before it prepares; it is read from the file without importing
it. `spec` is the split's entry in the configuration; the top of each file describes its keys, and
`read` and `fetch` check them with `warmup.config.schema`.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Context:
    """The split that a source is read for, and where files are."""

    split: str
    """Name of the split: `train`, `valid`, or any other, which is a test."""
    data_root: str
    """Folder that relative paths start from; for the source `url` it may be an http(s) address."""
    downloads: Path
    """Folder that downloads are kept in."""


@dataclass(frozen=True)
class Fetched:
    """A file in the downloads folder."""

    origin: str
    """Its address."""
    path: str
    """Its path, relative to the downloads folder."""
    sha256: str
    """The hash of its bytes."""
    bytes: int
    """Its size."""
