"""Write `warmup.json` for a checkpoint of `transformers`, so that `warmup generate` takes it."""

import argparse
from pathlib import Path
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.config import schema
from warmup.models.checkpoint_format import FORMAT_FILE, parse_format, write_format

_OF_MODEL = ("separator", "prompt_end", "dtype")
_OF_DATASET = ("max_source_tokens", "max_target_tokens")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="folder of a checkpoint, which gets the file")
    add("--task", required=True, metavar="TASK", help=", ".join(plugins.names("task")))
    add("--prefix", metavar="TEXT", help="for text_to_text: what the model reads before a source")
    add(
        "--max-warmup-tokens",
        type=int,
        metavar="K",
        help="longest warmup, for a model that writes warmups (default: it writes none)",
    )
    definitions = schema.read()["$defs"]
    for part, names in (("model", _OF_MODEL), ("dataset", _OF_DATASET)):
        for name in names:
            key = definitions[part]["properties"][name]
            kind: Any = int if key.get("type") == "integer" else str
            default = key["default"]
            option = f"--{name.replace('_', '-')}"
            add(option, type=kind, default=default, help=f"default: {default}")


def run(options: argparse.Namespace) -> None:
    """Write warmup.json into the folder of a checkpoint that `transformers` saved.

    `warmup generate` reads there which task the model has, and how long its texts are.
    """
    folder: Path = options.model
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    path = folder / FORMAT_FILE
    if path.exists():
        raise InputError(f"{path}: is there already; delete it to write another")
    config = folder / "config.json"
    if not config.is_file():
        raise InputError(f"{folder}: not a checkpoint (config.json is missing)")
    names = ("task", "max_warmup_tokens", *_OF_MODEL, *_OF_DATASET)
    document = {name: getattr(options, name) for name in names}
    if options.prefix is not None:
        document["prefix"] = options.prefix
    joint = read_json(config).get("is_encoder_decoder", False)
    document["architecture"] = "encoder_decoder" if joint else "decoder_only"
    form = parse_format(document, "warmup export")

    from transformers.utils import logging  # noqa: PLC0415  # takes seconds; --help does not

    from warmup.models import loading  # noqa: PLC0415

    logging.disable_progress_bar()
    loading.load(folder, form)  # refuses tokens that the vocabulary lacks
    write_format(folder, form)
    print(f"{path}: written; `warmup generate --model {folder}` takes the model now")
