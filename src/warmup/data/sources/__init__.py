"""Sources of records, one kind per file.

Each has three functions. `spec` is the split's entry in the configuration:

- `read(spec, pair, context)` yields the records of one split without using the network;
- `fetch(spec, pair, context)` downloads the files that `read` needs and returns them (none for a
  source that needs no network);
- `check(spec, pair, split, data_root)` raises an `InputError` about what can be found wrong before
  either, at once and without the network: keys, settings, files that should be on this machine.

All three check the keys, which the top of each file describes. `NEEDS_NETWORK`, a literal `True` or
`False`, says whether the workflow has to fetch before it prepares; it is read from the file without
importing it.

`read` yields one record at a time, so that no data set has to fit into memory. What it leaves out
because the entry says so, it counts in `context.left_out`.
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class LeftOut:
    """How many rows a source leaves out of a split because its entry says so."""

    incomplete: int = 0
    """Rows without a source or a target, or with another number of columns."""
    incomplete_example: str = ""
    """What is wrong with the first of these, and where it is."""
    too_long: int = 0
    """Records with a text longer than `max_length`."""
    unequal_lengths: int = 0
    """Records with a text longer than another by more than `max_length_ratio`."""
    duplicates: int = 0
    """Records that are the same as an earlier one."""
    not_sampled: int = 0
    """Records that the sample does not have."""

    def sentences(self) -> list[str]:
        """Return what is said of them on the terminal, nothing of what is 0."""
        said = {
            f"left out as incomplete, the first: {self.incomplete_example}": self.incomplete,
            "left out, longer than max_length": self.too_long,
            "left out, their lengths differ by more than max_length_ratio": self.unequal_lengths,
            "left out, the same as an earlier one": self.duplicates,
            "left out by the sample": self.not_sampled,
        }
        return [f"{count:,} {what}" for what, count in said.items() if count]


@dataclass(frozen=True)
class Context:
    """The split that a source is read for, and where files are."""

    split: str
    """Name of the split: `train`, `valid`, or any other, which is a test."""
    data_root: str
    """Folder that relative paths start from; for the source `url` it may be an http(s) address."""
    downloads: Path
    """Folder that downloads are kept in."""
    left_out: LeftOut = field(default_factory=LeftOut)
    """What the source leaves out, counted while it is read."""


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
