"""Inflection with a tiny network: data are prepared, a model is trained, its outputs are scored."""

import json

import pytest

from helpers import tiny
from warmup.__main__ import main
from warmup.common.files import read_json, read_jsonl, write_json, write_text
from warmup.config import experiment
from warmup.config.conversion import to_json

FORMS = [
    f"{stem}en\tV;{features}\t{stem}{ending}\n"
    for stem in ("wer k", "maak", "leer", "zing", "één", "dop", "lok", "doe")
    for features, ending in (("PRS;NOM(3,SG)", "t"), ("V.PTCP;PST", "en d"), ("IMP", ""))
]
ENTRY = {
    "task": "transduction",
    "pairs": ["nl"],
    "splits": {
        split: {
            "type": "local", "format": "tsv", "file": f"{split}.tsv",
            "fields": {"source": 0, "features": 1, "target": 2},
            "characters": ["source", "target"],
        }
        for split in ("train", "valid", "test")
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folder of prepared data and of a model trained by SFT, then by warmup."""
    folder = tmp_path_factory.mktemp("inflection")
    for split, forms in (("train", FORMS[:-6]), ("valid", FORMS[-6:-3]), ("test", FORMS[-3:])):
        write_text(folder / f"{split}.tsv", "".join(forms))
    value = tiny.experiment(
        datasets={"forms": {**ENTRY, "max_source_tokens": 20, "max_target_tokens": 10}},
        runs=[{"datasets": ["forms"], "models": ["bart"], "methods": ["sft", "warmup"]}],
    )
    value["models"]["bart"]["tokenizer"] = {"type": "symbol"}
    checked = experiment.check(value)
    main(
        ["prepare", "--dataset", json.dumps(ENTRY), "--pair", "nl", "--data-root", str(folder),
         "--output-dir", str(folder)]
    )  # fmt: skip
    spec = json.dumps(to_json(checked.models["bart"].tokenizer))
    main(
        ["train-tokenizer", "--train", str(folder / "train.jsonl"), "--task", "transduction",
         "--spec", spec, "--architecture", "encoder_decoder", "--output", str(folder / "start")]
    )  # fmt: skip
    start = folder / "start"
    for method in ("sft", "warmup"):
        run = experiment.resolve(checked, f"forms/nl/bart/{method}/seed1")
        write_json(folder / f"{method}.json", to_json(run))
        main(
            ["train", "--config", str(folder / f"{method}.json"), "--start", str(start),
             "--train", str(folder / "train.jsonl"), "--valid", str(folder / "valid.jsonl"),
             "--work", str(folder / "work" / method), "--output-dir", str(folder / method)]
        )  # fmt: skip
        start = folder / method / "model"
    return folder


def test_no_symbol_is_lost(trained):
    texts = read_json(trained / "sft" / "training.json")["texts"]
    lost = {key: texts["train"][key]["unknown"] for key in ("inputs", "targets")}
    assert lost == {"inputs": 0, "targets": 0}
    assert texts["round_trip"]["changed"] == 0


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_outputs_are_scored_by_both_error_rates(trained, method):
    predictions, scores = trained / f"{method}.jsonl", trained / f"{method}.scores.json"
    main(
        ["generate", "--model", str(trained / method / "model"), "--task", "transduction",
         "--input", str(trained / "test.jsonl"), "--output", str(predictions)]
    )  # fmt: skip
    rows = list(read_jsonl(predictions))
    assert [row["source"] for row in rows] == [
        f"V;{features} d o e e n" for features in ("PRS;NOM(3,SG)", "V.PTCP;PST", "IMP")
    ]
    assert rows[1]["references"] == ["d o e e n ␣ d"]
    run = {"experiment": "e", "task": "transduction", "dataset": "forms", "pair": "nl",
           "model": "bart", "method": method, "seed": 1, "split": "test", "decoding": "greedy",
           "target_lang": "nl"}  # fmt: skip
    main(
        ["score", "--predictions", str(predictions), "--run", json.dumps(run),
         "--output", str(scores)]
    )  # fmt: skip
    found = {
        row["metric"]: row["value"] for row in read_json(scores)["scores"] if row["subset"] == "all"
    }
    wrong = sum(row["output"].split() != row["references"][0].split() for row in rows)
    assert found["wer"] == pytest.approx(100 * wrong / 3)
    assert found["ser"] > 0
