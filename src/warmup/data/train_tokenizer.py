"""Train the tokenizer of a model that starts from scratch."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from warmup.common import plugins, register
from warmup.common.arguments import read_object
from warmup.common.files import atomic, refuse_full
from warmup.common.progress import counted
from warmup.config import schema
from warmup.config.conversion import from_json
from warmup.config.settings import TokenizerConfig
from warmup.data import shared_data
from warmup.data.records import read_records


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--train", type=Path, required=True, help="training records (JSON lines)")
    parser.add_argument("--task", required=True, help="task that turns records into text")
    parser.add_argument("--spec", required=True, help='JSON: {"type": "bpe", "vocab_size": 8000}')
    parser.add_argument("--architecture", required=True, choices=plugins.names("architecture"))
    parser.add_argument(
        "--register",
        type=Path,
        metavar="FOLDER",
        help="register of finished results: a tokenizer that was trained on the same texts in the "
        "same way, whatever its name, is copied (default: train in any case)",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write; new")


def run(options: argparse.Namespace) -> None:
    """Train a tokenizer on the training split and write it to a folder."""
    from warmup.data import tokenizer_training  # noqa: PLC0415  # takes a second; --help does not

    spec = read_object(options.spec, "--spec")
    keys = schema.definition("model")["properties"]["tokenizer"]["properties"]
    schema.check(spec, schema.mapping(keys), "--spec")
    config = from_json(TokenizerConfig, spec)
    refuse_full(options.output)  # before the work
    key = shared_data.key_of_tokenizer(options.train, options.task, config, options.architecture)
    if options.register:
        made = register.find(options.register, key, register.hashes_of_folder)
        if made:
            shared_data.copy_tokenizer(made, options.output)
            print(f"{options.output}: copied from {made}, which is trained on the same texts")
            return
    tokenizer = tokenizer_training.train(
        _texts(options.train, options.task), config, options.architecture
    )
    with atomic(options.output) as temporary:
        tokenizer.save_pretrained(temporary)
    if options.register:
        hashes = register.hashes_of_folder(options.output)
        register.add(options.register, key, options.output, hashes)
    print(f"{options.output}: {config.type} tokenizer of {len(tokenizer)} tokens")


def _texts(train: Path, task: str) -> Iterator[str]:
    render = plugins.load("task", task).render
    for record in counted(read_records(train), str(train)):
        rendered = render(record)
        yield str(rendered.input)
        yield rendered.target
