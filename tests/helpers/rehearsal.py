"""Rehearse config/experiments/paper.yaml: the same grid with tiny data and tiny random models.

    PYTHONPATH=tests python -m helpers.rehearsal FOLDER [--seeds N] [--cores N]

Data and models get the form that the real ones have: archives with the same members, rows of the
same columns, repositories with the same files on a mirror of the Hub on this machine. The
configuration is that of the paper's grid; only hashes, sizes and budgets differ (`configure`).
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import random
import re
import string
import subprocess
import sys
import tarfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from helpers import hub_mirror, warm_python

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "config/experiments/paper.yaml"
METRICS_PYTHON = ROOT / "build/metrics/bin/python"
TOKEN = "a token"  # of the account that may read the restricted model
SIZES = {"train": 48, "valid": 8}
TEST_SIZE = 12
CONCEPTS = 40
ALPHABETS = {
    "en": "aeioubdgklmnprst", "de": "äeioöubdfghklmnrstzß", "fr": "aéèioubcdfglmnprstv",
    "ru": "абвгдежзиклмнопрсту", "zh": "的一是不了人我在有他这为之大来以个中上们",
}  # fmt: skip
DOTTED = re.compile(r"^flores200_dataset/")
"""Members whose names begin with `./` in the archive."""
BUDGET = {
    "updates": 6, "validate_every": 3, "batch_size": 4, "lr_warmup": 1, "validation_limit": 4,
    "max_target_tokens": 24, "max_tokens": 3, "mem_mb": 2000,
    "learning_rate": 0.02,
}  # fmt: skip
"""Key -> its value wherever the configuration has it."""


# Texts


def sentence(lang: str, place: str, number: int) -> str:
    """Return a sentence; those of the same place and number mean the same in each language."""
    chooser = random.Random(f"{place} {number}")
    words = [word(lang, chooser.randrange(CONCEPTS)) for _ in range(chooser.randint(3, 5))]
    return ("" if lang == "zh" else " ").join(words)


def word(lang: str, concept: int) -> str:
    """Return the word of a concept in a language."""
    chooser = random.Random(f"{lang} {concept}")
    return "".join(chooser.choices(ALPHABETS[lang], k=2 if lang == "zh" else 4))


def row(fields: Mapping[str, str], place: str, number: int) -> dict[str, Any]:
    """Return a row of a table whose columns are those that a source reads."""
    options = [sentence("en", f"{place} option", 4 * number + i) for i in range(4)]
    values = {
        "id": str(number),
        "source": " ".join(sentence("en", place, 3 * number + i) for i in range(3)),
        "target": sentence("en", f"{place} target", number),
        "question": sentence("en", f"{place} question", number),
        "choices": options,
        "answer": number % len(options),
    }
    return {column: values[role] for role, column in fields.items()}


def texts() -> list[str]:
    """Return the texts that tokenizers are trained on."""
    of_tasks = [" ".join(string.ascii_letters + string.punctuation), "summarize: question: answer:"]
    of_data = [sentence(lang, "train", number) for lang in ALPHABETS for number in range(200)]
    return [*of_data, *of_tasks * 20]


# Data


def write_data(datasets: Mapping[str, Any], folder: Path, mirror: Path) -> dict[str, str]:
    """Write the files that the sources name; return the SHA-256 of each by its address.

    Args:
        datasets: of the configuration.
        folder: the data root; a file of an address is there under its host and path.
        mirror: folder of the mirror of the Hub.
    """
    files: dict[str, dict[str | None, bytes]] = defaultdict(dict)
    for dataset in datasets.values():
        for split, spec in dataset["splits"].items():
            size = SIZES.get(split, TEST_SIZE)
            if spec["type"] == "hub":
                rows = [row(spec["fields"], split, number) for number in range(size)]
                write_parquet(spec, rows, mirror / "datasets" / spec["id"] / spec["revision"])
            elif spec["format"] == "text":
                for lang, entry in spec["files"].items():
                    for part, one in enumerate(entry if isinstance(entry, list) else [entry]):
                        lines = [sentence(lang, f"{split}{part}", i) for i in range(size)]
                        if spec.get("skip_incomplete") and lang == "en":
                            lines[2] = ""
                        add(files, one, lines)
            else:
                lines = [json.dumps(row(spec["fields"], split, i)) for i in range(size)]
                add(files, spec["file"], lines)
    return {address: write_file(address, members, folder) for address, members in files.items()}


def add(
    files: dict[str, dict[str | None, bytes]], entry: str | Mapping[str, Any], lines: Iterable[str]
) -> None:
    """Add lines to the file, or to the member of an archive, that an entry of a source names."""
    named: Mapping[str, Any] = {"url": entry} if isinstance(entry, str) else entry
    for address in addresses(named):
        files[address][named.get("member")] = "".join(f"{line}\n" for line in lines).encode()


def addresses(entry: Mapping[str, Any]) -> list[str]:
    """Return the address of an entry, and those of its mirrors."""
    return [entry["url"], *(mirror["url"] for mirror in entry.get("mirrors", []))]


def write_file(address: str, members: Mapping[str | None, bytes], folder: Path) -> str:
    """Write a file or an archive to its place in the data root; return its SHA-256."""
    parts = urlsplit(address)
    path = folder / parts.netloc / unquote(parts.path).lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    if None in members:
        content = members[None]
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(str(name), content)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(DOTTED.sub(r"./\g<0>", str(name)))
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_parquet(spec: Mapping[str, Any], rows: list[dict[str, Any]], folder: Path) -> None:
    """Write a split of a data set of the Hub as such repositories have it."""
    import datasets

    path = folder / f"data/{spec['split']}-00000-of-00001.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    datasets.Dataset.from_list(rows).to_parquet(path)


# Models


def write_models(models: Mapping[str, Any], mirror: Path) -> dict[str, str]:
    """Write a repository for each model of the Hub; return SHA-256 of pickled weights by name."""
    import torch

    torch.manual_seed(0)
    hashes = {}
    for name, model in models.items():
        folder = mirror / "models" / model["hub"] / model["revision"]
        folder.mkdir(parents=True)
        MAKERS[model["hub"]](folder)
        if "pickled_sha256" in model:
            weights = (folder / "pytorch_model.bin").read_bytes()
            hashes[name] = hashlib.sha256(weights).hexdigest()
    return hashes


def mt5(folder: Path) -> None:
    """Write an mT5 as google/mt5-base is: untied, pickled, its tokenizer of SentencePiece."""
    import torch
    from transformers import MT5Config, MT5ForConditionalGeneration

    pieces = sentencepiece(folder / "spiece.model", [f"▁<extra_id_{i}>" for i in range(3)])
    described = {
        "tokenizer_class": "T5Tokenizer",
        "extra_ids": 0,
        "additional_special_tokens": None,
    }
    roles = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(described | roles))
    config = MT5Config(vocab_size=pieces, **T5_SIZES)
    network = MT5ForConditionalGeneration(config)
    network.lm_head.weight = torch.nn.Parameter(torch.randn_like(network.lm_head.weight))
    network.config.save_pretrained(folder)
    untied = json.loads((folder / "config.json").read_text()) | {"tie_word_embeddings": False}
    (folder / "config.json").write_text(json.dumps(untied))
    torch.save(network.state_dict(), folder / "pytorch_model.bin")


def t5(folder: Path) -> None:
    """Write a T5 as google-t5/t5-base is."""
    from transformers import T5Config, T5ForConditionalGeneration, T5TokenizerFast

    sentencepiece(folder / "spiece.model", [])
    tokenizer = T5TokenizerFast.from_pretrained(folder, extra_ids=100)
    tokenizer.save_pretrained(folder)
    network = T5ForConditionalGeneration(T5Config(vocab_size=len(tokenizer), **T5_SIZES))
    network.save_pretrained(folder)


def llama(folder: Path) -> None:
    """Write a Llama as meta-llama/Llama-3.2-1B is."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
    from tokenizers.models import BPE
    from transformers import (
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
    )

    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    ends = ["<|begin_of_text|>", "<|end_of_text|>"]
    reserved = [f"<|reserved_special_token_{i}|>" for i in range(3)]
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=[*ends, *reserved],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(), trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=ends[0], eos_token=ends[1]
    ).save_pretrained(folder)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=1,
        **sizes,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


T5_SIZES: dict[str, Any] = {
    "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_decoder_layers": 1, "num_heads": 2,
    "decoder_start_token_id": 0,
}  # fmt: skip
MAKERS: dict[str, Callable[[Path], None]] = {
    "google/mt5-base": mt5, "google-t5/t5-base": t5, "meta-llama/Llama-3.2-1B": llama,
}  # fmt: skip
RESTRICTED = "meta-llama/Llama-3.2-1B"


def sentencepiece(path: Path, reserved: list[str]) -> int:
    """Train SentencePiece as T5 has it; return the number of pieces."""
    import sentencepiece as library

    with path.open("wb") as stream:
        library.SentencePieceTrainer.train(
            sentence_iterator=iter(texts()),
            model_writer=stream,
            vocab_size=400,
            character_coverage=1.0,
            hard_vocab_limit=False,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            user_defined_symbols=reserved,
            minloglevel=2,
        )
    return int(library.SentencePieceProcessor(model_file=str(path)).get_piece_size())


# Configuration


def configure(paper: Mapping[str, Any], folder: Path, seeds: int) -> dict[str, Any]:
    """Write data and models; return the configuration of the rehearsal."""
    data, mirror = folder / "data", folder / "mirror"
    hashes = write_data(paper["datasets"], data, mirror)
    config = dict(map_values(paper, shrink))
    config |= {"data_root": str(data), "seeds": paper["seeds"][:seeds]}
    config["resources"] = {**paper["resources"], "threads": 1, "gpus": 0}
    for method in config["methods"].values():
        method["log_every"] = BUDGET["validate_every"]
    config["datasets"] = map_values(config["datasets"], lambda _, value: with_hash(value, hashes))
    for name, digest in write_models(paper["models"], mirror).items():
        config["models"][name]["pickled_sha256"] = digest
    if METRICS_PYTHON.exists():
        config["neural_metrics"] = neural_metrics(paper["neural_metrics"], folder / "metrics")
    return config


def shrink(key: str, value: Any) -> Any:
    """Return the value of a key in the rehearsal."""
    if key == "sample":
        return {**value, "size": SIZES["train"] - 8}
    if key == "reference_kl":
        return {**value, "updates": 2}
    return BUDGET.get(key, value) if isinstance(value, int | float) else value


def map_values(value: Any, change: Callable[[str, Any], Any]) -> Any:
    """Return a value of YAML with `change(key, value)` for all that it holds, depth first."""
    if isinstance(value, Mapping):
        return {key: change(key, map_values(one, change)) for key, one in value.items()}
    if isinstance(value, list):
        return [change("", map_values(one, change)) for one in value]
    return value


def with_hash(value: Any, hashes: Mapping[str, str]) -> Any:
    """Return an entry of a source with the SHA-256 of the file that was written for it."""
    if not isinstance(value, dict) or value.get("url") not in hashes:
        return value
    pinned = ("sha256", "content_sha256", "bytes")
    return {key: one for key, one in value.items() if key not in pinned} | {
        "sha256": hashes[value["url"]]
    }


def neural_metrics(entries: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Make tiny models for the neural metrics; return their entries."""
    folder.mkdir(parents=True)
    rows = [{"src": text, "mt": text, "ref": text} for text in texts()[::20]]
    (folder / "texts.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    maker = [METRICS_PYTHON, ROOT / "tests/helpers/neural_models.py", folder]
    subprocess.run(maker, check=True, capture_output=True)
    made = {"comet": {"local": str(folder / "comet")}, "bertscore": {"local": str(folder / "bert")}}
    made["bertscore"]["layer"] = 1
    kept = ("tasks", "batch_size")
    return {
        name: {key: entry[key] for key in kept if key in entry} | made[name]
        for name, entry in entries.items()
    }


# Run


def rehearse(folder: Path, seeds: int, cores: int) -> None:
    """Run the whole workflow in a new folder.

    Raises:
        SystemExit: it failed.
    """
    folder.mkdir(parents=True)
    config = configure(yaml.safe_load(PAPER.read_text()), folder, seeds)
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    with hub_mirror.serve(folder / "mirror") as mirror:
        mirror.gated[RESTRICTED] = TOKEN
        hub = {
            "HF_ENDPOINT": mirror.address,
            "HF_HOME": str(folder / "huggingface"),
            "HF_TOKEN": TOKEN,
        }
        of_jobs = {**os.environ, **hub, "PYTHONPATH": str(ROOT / "src"), "MPLBACKEND": "Agg"}
        with warm_python.started(folder / "bin", of_jobs | {"OMP_NUM_THREADS": "1"}) as programs:
            # models first: the check of the disk would count with the sizes of the real ones
            models = [f"downloads/models/{name}" for name in config["models"]]
            for options in (["--no-hooks", *models], []):
                start(folder, "--cores", str(cores), *options, programs=programs, **hub)


def start(folder: Path, *options: str, programs: Path, **variables: str) -> str:
    """Start Snakemake on a rehearsal; return what it prints.

    Args:
        folder: of the rehearsal.
        options: of Snakemake.
        programs: folder of the `python` of jobs.
        variables: of the environment.

    Raises:
        SystemExit: it failed.
    """
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile",
         "--directory", folder, "--configfile", folder / "config.yaml", *options],
        env={**os.environ, **variables, "PATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{done.stdout}\nerror: the rehearsal in {folder} failed")
    return done.stdout


def gaps(folder: Path) -> Iterator[str]:
    """Yield what a rehearsal should have filled and has not: files, scores, cells."""
    results = folder / "results/paper"
    experiment = json.loads((results / "experiment.json").read_text())
    kinds = ("predictions.jsonl", "scores.json", "statistics.json")
    for run, evaluations in experiment["runs"].items():
        names = ["training.json", "provenance.json", "model/model.safetensors"]
        names += [f"{evaluation}.{kind}" for evaluation in evaluations for kind in kinds]
        for name in names:
            if not (results / "runs" / run / name).is_file():
                yield f"{run}/{name}: missing"
    for table in sorted((results / "tables").glob("*.md")):
        for number, line in enumerate(table.read_text().splitlines(), start=1):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("|") and "" in cells[1:]:
                yield f"{table.name}:{number}: an empty cell: {line}"


def main() -> None:
    """Rehearse, and say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="new folder")
    parser.add_argument("--seeds", type=int, default=3, help="how many (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=2, help="default: %(default)s")
    options = parser.parse_args()
    start = time.monotonic()
    rehearse(options.folder.resolve(), options.seeds, options.cores)
    missing = list(gaps(options.folder))
    print("\n".join(missing))
    print(f"{options.folder}: {len(missing)} gaps, {time.monotonic() - start:.0f} s")
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
