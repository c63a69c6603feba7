"""Where records come from, one kind of source a file.

Each has `read(spec, pair, context)`, which yields the records of one split without using the
network, and `fetch(spec, pair, context)`, which downloads what `read` will need and returns what
it has (nothing for a source that needs no network). `NEEDS_NETWORK`, written out as `True` or
`False`, says whether the workflow has to fetch before it prepares; it is read from the file,
which is not imported for it. `spec` is the split's entry in the configuration; its keys are
described at the top of each file.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Context:
    """What a source is read for, and where files are."""

    split: str
    """Name of the split: `train`, `valid`, or any other, which is a test."""
    data_root: str
    """Folder that relative paths start from; for the source `url` it may be an http(s) address."""
    downloads: Path
    """Folder that downloads are kept in."""


@dataclass(frozen=True)
class Fetched:
    """A file that is in the downloads folder."""

    origin: str
    """Its address."""
    path: str
    """Where it is, relative to the downloads folder."""
    sha256: str
    """The hash of its bytes."""
    bytes: int
    """Its size."""
