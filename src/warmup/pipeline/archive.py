"""The predictions of an experiment in one file, `predictions.tar.xz`.

Items are much alike from one method to the next, so that one archive is a fraction of as many
compressed files. The same predictions give the same bytes.
"""

import io
import lzma
import tarfile
from collections.abc import Iterable
from pathlib import Path

from warmup.common.errors import InputError, adding_path
from warmup.common.files import read_jsonl, to_json
from warmup.data.predictions import BY_TOKEN


def pack(archive: Path, folder: Path, paths: Iterable[Path]) -> None:
    """Write files of predictions, without `BY_TOKEN`, into an archive.

    Args:
        archive: file to write.
        folder: where the files are.
        paths: within the folder; they keep their order.

    Raises:
        InputError: a file is missing, or a line of it is not a JSON object.
    """
    with tarfile.open(archive, "w:xz") as tar:
        for path in paths:
            lines = (
                to_json({key: row[key] for key in row if key not in BY_TOKEN}, str(archive))
                for row in read_jsonl(folder / path)
            )
            content = "".join(f"{line}\n" for line in lines).encode()
            entry = tarfile.TarInfo(path.as_posix())  # of nobody, made in 1970
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of an archive into a folder.

    Raises:
        InputError: the archive is missing or broken.
    """
    try:
        with adding_path(folder), tarfile.open(archive, "r:xz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise InputError(f"{archive}: broken archive: {error}") from None
