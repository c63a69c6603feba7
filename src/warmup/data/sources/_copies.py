"""Copies of remote files that the data root may have, for machines without network."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

REMOTE = ("http", "https")


def is_remote(address: str) -> bool:
    """Return whether an address has to be downloaded."""
    return urlsplit(address).scheme in REMOTE


def place(url: str, data_root: str) -> Path | None:
    """Return where a copy of an http(s) address belongs: under its host and path.

    None if the data root is not a folder but an address itself.
    """
    if is_remote(data_root):
        return None
    parts = urlsplit(url)
    return Path(data_root, parts.netloc, unquote(parts.path).lstrip("/"))
