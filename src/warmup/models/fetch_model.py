"""Download a model of the Hugging Face Hub at a pinned revision: `warmup fetch model`.

With `warmup fetch data` and `warmup fetch metric` the only steps that use the network;
training then works offline.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import filter_repo_objects

from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.common.files import atomic, refuse_full
from warmup.config import schema

WEIGHTS = "*.safetensors"
PICKLED = "pytorch_model.bin"
"""The one pickled file that is downloaded, if its SHA-256 is given."""
TEXTS = ("*.json", "*.model", "*.spm", "vocab.txt", "merges.txt")
"""Configurations and tokenizers."""
FILES = (WEIGHTS, *TEXTS)
"""All that a model needs; nothing pickled, since loading that can run code."""
NESTED = "*/*"
"""Files in subfolders, such as exports to other formats, which `from_pretrained` ignores."""


def fetch_model(hub: str, revision: str, folder: Path, pickled_sha256: str | None = None) -> None:
    """Make `folder` the checkpoint of a Hub repository at a commit.

    The files are downloaded to a folder next to it. If the download is interrupted, the next call
    continues it. A restricted repository needs a token in the environment variable HF_TOKEN.

    Args:
        hub: id of the repository, such as `google-t5/t5-base`.
        revision: its commit.
        folder: the checkpoint; it must be empty or missing.
        pickled_sha256: SHA-256 of the repository's `pytorch_model.bin`, to make the safetensors of
            it; None to take those of the repository.

    Raises:
        InputError: the folder is not empty, the Hub cannot be reached or refuses, the repository or
            revision does not exist, or it has no such weights.
    """
    refuse_full(folder)  # before the download
    partial = folder.with_name(f"partial-{folder.name}-{revision}")
    weights = PICKLED if pickled_sha256 else WEIGHTS
    download(hub, revision, partial, (weights, *TEXTS), (NESTED,))
    if not any(partial.glob(weights)):
        shutil.rmtree(partial)
        raise InputError(
            f"{hub} has no {PICKLED} at revision {revision}; remove pickled_sha256"
            if pickled_sha256
            else f"{hub} has no weights as safetensors at revision {revision}, and others are not "
            "loaded; choose another revision: a later commit of its main branch, or the commit of "
            f"a pull request that adds them (https://huggingface.co/{hub}/discussions). If it has "
            f"a {PICKLED} whose SHA-256 you know, set pickled_sha256"
        )
    with atomic(folder) as temporary:
        if pickled_sha256:
            _convert(hub, partial / PICKLED, pickled_sha256, temporary)
        else:
            shutil.rmtree(partial / ".cache", ignore_errors=True)  # notes of the library
            partial.replace(temporary)
    shutil.rmtree(partial, ignore_errors=True)  # only now: a killed conversion starts from it again


def _convert(hub: str, pickled: Path, expected: str, folder: Path) -> None:
    """Fill a folder with safetensors of a pickled file, and with the texts next to that.

    A file that is refused is deleted, so that the next call downloads it again.
    """
    from warmup.models import pickled_weights  # noqa: PLC0415  # torch takes seconds

    folder.mkdir(parents=True, exist_ok=True)
    try:
        pickled_weights.check_hash(pickled, expected)
        pickled_weights.convert(pickled, folder / "model.safetensors")
    except InputError as error:
        pickled.unlink()
        raise InputError(f"{hub}: {error}") from None
    for path in pickled.parent.iterdir():
        if path.is_file() and path != pickled:
            shutil.copy2(path, folder)


def download(
    hub: str, revision: str, folder: Path, wanted: Sequence[str], unwanted: Sequence[str] = ()
) -> None:
    """Download the files of a Hub repository at a commit that match the patterns.

    With HF_HUB_OFFLINE they are copied from the cache of the Hub, as `hf download` fills it.

    Raises:
        InputError: the Hub cannot be reached or refuses, or the repository or revision does not
            exist; or without network, the cache does not have all files.
    """
    if constants.HF_HUB_OFFLINE:
        _copy_cached(hub, revision, folder, wanted, unwanted)
        return
    try:
        snapshot_download(
            hub,
            revision=revision,
            local_dir=folder,
            allow_patterns=list(wanted),
            ignore_patterns=list(unwanted),
        )
    except hub_errors.GatedRepoError:  # also a RepositoryNotFoundError
        raise InputError(
            f"{hub}: access is restricted; agree to its terms at https://huggingface.co/{hub} and "
            "set HF_TOKEN to a token of that account"
        ) from None
    except hub_errors.RevisionNotFoundError:
        raise InputError(f"{hub}: has no revision {revision}") from None
    except hub_errors.RepositoryNotFoundError:
        raise InputError(
            f"{hub}: no such model on the Hub, or a private one (set HF_TOKEN to a token that may "
            "read it)"
        ) from None
    except hub_errors.HfHubHTTPError as error:
        raise InputError(f"{hub}: the Hub refused: {error}") from None
    except hub_errors.LocalEntryNotFoundError as error:
        reason = error.__cause__ or error
        raise InputError(f"{hub}: cannot reach the Hub: {reason}; run again later") from None
    except Exception as error:  # from its HTTP client, the disk, …
        raise InputError(f"{hub}: cannot download: {error}") from None


def _copy_cached(
    hub: str, revision: str, folder: Path, wanted: Sequence[str], unwanted: Sequence[str]
) -> None:
    patterns = {"allow_patterns": list(wanted), "ignore_patterns": list(unwanted)}
    try:
        cached = Path(snapshot_download(hub, revision=revision, local_files_only=True, **patterns))
    except hub_errors.LocalEntryNotFoundError:
        raise InputError(
            f"{hub}: HF_HUB_OFFLINE is set, and the cache of the Hub, {constants.HF_HUB_CACHE}, "
            f"does not have all of revision {revision}; unset it, or run `hf download {hub} "
            f"--revision {revision}` where there is a network"
        ) from None
    names = [str(path.relative_to(cached)) for path in cached.rglob("*") if path.is_file()]
    for name in filter_repo_objects(names, **patterns):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cached / name, folder / name)  # a link there, a file here


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="JSON|FILE",
        help="entry of `models` in the configuration, with hub, revision and maybe pickled_sha256",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write; new")


def run(options: argparse.Namespace) -> None:
    """Download a model of the Hugging Face Hub: configuration, tokenizer and safetensors."""
    entry = read_object(options.model, "--model")
    keys = schema.definition("model")["properties"]
    wanted = {key: keys[key] for key in ("hub", "revision")}
    schema.check(entry, schema.mapping(wanted, keys), "--model")
    fetch_model(entry["hub"], entry["revision"], options.output, entry.get("pickled_sha256"))
    files = [path for path in options.output.iterdir() if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{entry['hub']}: {len(files)} files, {size:,} bytes in {options.output}")
