"""The method does what it is for: warmups solve what the same model cannot do in one pass."""

import itertools
from pathlib import Path

import pytest
import yaml
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from helpers import tiny
from warmup.common.files import read_json
from warmup.config import experiment
from warmup.data.records import read_records
from warmup.data.tasks import multiple_choice
from warmup.generation import prediction
from warmup.models import loading
from warmup.models.checkpoint_format import format_of, write_format
from warmup.training.training_job import TrainingJob

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SEED = 20
PLACES, SWAPS = 4, [3, 4]
SFT_UPDATES, UPDATES = 1000, 900


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train SFT, and from it both SFT for longer and warmup; return the folder of models."""
    folder = tmp_path_factory.mktemp("learning")
    sizes = {"train": 20_000, "valid": 200, "test": 500}
    data = {
        split: tiny.write_shell_game(
            folder / f"{split}.jsonl", size, SEED + number, places=PLACES, swaps=SWAPS
        )
        for number, (split, size) in enumerate(sizes.items())
    }
    rendered = map(multiple_choice.render, itertools.islice(read_records(data["train"]), 2000))
    texts = [text for one in rendered for text in (str(one.input), one.target)]
    tokenizer = tiny.tokenizer(folder / "tokenizer", "t5", texts)

    # the settings of the default experiment, on a smaller game
    value = yaml.safe_load((ROOT / "config.yaml").read_text())
    methods = ["sft", "sft_continued", "warmup"]
    for name in methods:
        value["methods"][name] |= {"validate_every": 300}
    value["runs"] = [{"datasets": ["shell_game"], "models": ["t5_tiny"], "methods": methods}]
    checked = experiment.check(value | {"seeds": [SEED]})
    for name, start, updates in (
        ("sft", tokenizer, SFT_UPDATES),
        ("sft_continued", folder / "sft", UPDATES),
        ("warmup", folder / "sft", UPDATES),
    ):
        run = experiment.resolve(checked, f"shell_game/en/t5_tiny/{name}/seed{SEED}")
        inputs = {"start": start, "train": data["train"], "valid": data["valid"]}
        model, _ = TrainingJob(run, inputs, updates, folder / "work" / name).train()
        loading.save(model, folder / name)
        write_format(folder / name, format_of(run))
    return folder


def predictions(folder, method, limit=None):
    records = list(itertools.islice(read_records(folder / "test.jsonl"), limit))
    options = {"task": "multiple_choice", "beams": 1, "batch_size": 100}
    return [one.as_row() for one in prediction.predict(folder / method, records, **options)]


def accuracy(folder, method):
    found = predictions(folder, method)
    return sum(row["output"].split()[:1] == row["references"] for row in found) / len(found)


def test_warmup_beats_the_same_number_of_updates_without_it(trained):
    scores = {name: accuracy(trained, name) for name in ("sft", "sft_continued", "warmup")}
    # 500 items: a standard error of the difference of 3 points at most
    assert scores["warmup"] > scores["sft_continued"] + 0.1, scores
    assert scores["warmup"] > 1 / PLACES + 0.2, scores


def test_warmups_end_by_themselves_and_depend_on_the_input(trained):
    found = predictions(trained, "warmup")
    limit = read_json(trained / "warmup" / "warmup.json")["max_warmup_tokens"]
    assert sum(row["warmup_tokens"] < limit for row in found) > 0.9 * len(found)
    assert len({row["warmup"] for row in found}) > 10


def test_plain_transformers_writes_the_same_warmup_and_output(trained):
    network = AutoModelForSeq2SeqLM.from_pretrained(trained / "warmup")
    tokenizer = AutoTokenizer.from_pretrained(trained / "warmup")
    same = 0
    for row in predictions(trained, "warmup", limit=40):
        inputs = tokenizer(f"answer: {row['source']}", return_tensors="pt")
        (written,) = network.generate(**inputs, max_new_tokens=30)
        text = tokenizer.decode(written[1:]).removesuffix("</s>")
        warmup, separator, output = text.partition("<extra_id_0>")
        same += bool(separator) and (warmup.strip(), output.strip()) == (
            row["warmup"],
            row["output"],
        )
    assert same >= 38
