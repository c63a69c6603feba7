"""What became of texts as tokens: counted, said, refused, and noted under tables."""

import itertools
import json
import math

import pandas as pd
import pytest

from helpers import synthetic_results as made
from helpers import tiny
from helpers.prediction_lines import prediction_line
from helpers.predictions import predict
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import write_json, write_jsonl
from warmup.config.settings import TokenizerConfig
from warmup.data import text_counts, tokenizer_training
from warmup.data.batches import Examples
from warmup.data.encoding import Encoder
from warmup.data.records import Record, Unlabelled, read_records
from warmup.data.token_files import Form
from warmup.evaluation.result_tables import SCORES
from warmup.models import loading
from warmup.models.checkpoint_format import format_of, write_format
from warmup.reporting import long_form, tables
from warmup.reporting.report.examples import collect
from warmup.reporting.table import markdown
from warmup.reporting.tables import Section
from warmup.training.training_job import TrainingJob


@pytest.fixture(scope="module")
def tokenizer():
    words = "answer: start question: A B options: A) AB B) BC"
    return tokenizer_training.train(
        iter([words]), TokenizerConfig(type="word", vocab_size=20), "encoder_decoder"
    )


def questions(path, passages):
    """Write questions whose passages have so many words."""
    records = (
        Record(f"q{i}", " ".join(["start"] * words), question="A B", choices=["AB", "BC"], answer=0)
        for i, words in enumerate(passages)
    )
    write_jsonl(path, (record.to_dict() for record in records))
    return path


def examples(path, tokenizer, source, target=9):
    form = Form("multiple_choice", source, target)
    return Examples(path, form, tokenizer, folder=path.parent / "tokens")


@pytest.mark.parametrize("limit", [1, 11, 12, 20, 41, 99])
def test_of_a_question_the_passage_is_cut_and_every_cut_is_counted(tmp_path, tokenizer, limit):
    passages = [1, 2, 10, 30]
    found = examples(questions(tmp_path / "q.jsonl", passages), tokenizer, limit)
    around = 10  # answer: … question: A B options: A) AB B) BC </s>
    for words, ids in zip(passages, found.input_ids, strict=True):
        assert tokenizer.decode(ids).count("start") == max(min(words, limit - around), 0)
        assert len(ids) == min(words + around, max(limit, around))
    inputs, targets = found.counts
    assert inputs.texts == targets.texts == 4
    assert inputs.cut == sum(words + around > limit for words in passages)
    assert inputs.too_long == (4 if limit < around else 0)
    assert inputs.fitting_limit == 30 + around
    assert (targets.cut, targets.fitting_limit) == (0, 2)


def test_the_proposed_limit_leaves_at_most_one_in_a_hundred_cut(tmp_path, tokenizer):
    path = questions(tmp_path / "q.jsonl", range(1, 201))
    inputs, _ = examples(path, tokenizer, 50).counts
    assert examples(path, tokenizer, inputs.fitting_limit).counts[0].cut == 2
    assert examples(path, tokenizer, inputs.fitting_limit - 1).counts[0].cut == 3
    (said,) = text_counts.sentences("train", inputs, None)
    assert said == (
        "warning: train: 160 of 200 inputs are longer than max_source_tokens (50) and cut; at most "
        f"1% are longer than {inputs.fitting_limit}"
    )
    few = examples(path, tokenizer, inputs.fitting_limit).counts[0]
    (said,) = text_counts.sentences("train", few, None)
    assert said.startswith("train: 2 of 200 inputs are longer")  # one in a hundred: no warning
    assert text_counts.sentences("train", *examples(path, tokenizer, 999).counts) == []


def letters(path, *targets):
    write_jsonl(
        path,
        (
            Record(f"r{i}", "A B", [target], "en", "de").to_dict()
            for i, target in enumerate(targets)
        ),
    )
    return path


def of_texts(data, tmp_path, train_targets, valid_targets, **dataset):
    config = tiny.resolved("sft")
    config["method"]["start"] = "scratch"
    config["dataset"] |= {"task": "translation"} | dataset
    files = {
        "start": data["t5"],
        "train": letters(tmp_path / "train.jsonl", *train_targets),
        "valid": letters(tmp_path / "valid.jsonl", *valid_targets),
    }
    return TrainingJob(tiny.typed(config), files, 8, tmp_path / "work").train()[1]["texts"]


def test_a_training_counts_what_it_cuts_and_cannot_spell(data, tmp_path, capsys):
    known, unknown, long = "A B", "A {x} B", "A  B C A B C"
    texts = of_texts(data, tmp_path, [*[known] * 8, unknown, long], [known], max_source_tokens=6)
    of_train = texts["train"]
    assert of_train["inputs"]["too_long"] == 0
    assert of_train["inputs"]["unknown"] == 10  # this vocabulary has no `translate`
    assert of_train["inputs"]["unknown_example"] == "translate"
    assert (of_train["targets"]["cut"], of_train["targets"]["limit"]) == (1, 6)
    assert (of_train["targets"]["unknown"], of_train["targets"]["unknown_example"]) == (1, "{x}")
    assert texts["valid"]["targets"] == {
        "texts": 1, "limit": 6, "cut": 0, "too_long": 0, "fitting_limit": 3, "unknown": 0,
        "unknown_example": None,
    }  # fmt: skip
    assert texts["round_trip"] == {"checked": 10, "changed": 2, "example": (unknown, "A B")}
    said = capsys.readouterr().err
    assert "warning: train: 1 of 10 targets have unknown tokens" in said
    assert "cannot spell, for example, '{x}'" in said
    assert "targets are longer than max_target_tokens (6) and cut; at most 1% are longer" in said
    assert "2 of the first 10 targets come back from their tokens as another text" in said
    json.dumps(texts)


@pytest.mark.parametrize("split", ["train", "valid"])
def test_too_many_targets_that_cannot_be_spelled_are_refused(data, tmp_path, split):
    good, bad = ["A"] * 10, [*["A"] * 7, *["他在这里"] * 3]
    targets = [bad, good] if split == "train" else [good, bad]
    message = (
        f"^{split}: 3 of 10 targets have unknown tokens; .* for example, '他在这里': take another "
        "tokenizer, or allow a larger share with max_unknown_targets of the data set, which is 0.2$"
    )
    with pytest.raises(InputError, match=message):
        of_texts(data, tmp_path, *targets)
    assert of_texts(data, tmp_path, *targets, max_unknown_targets=0.3)["train"]


def test_more_tokens_than_a_network_has_positions_are_refused(run, tmp_path, data):
    config = tiny.resolved("sft", "bart")
    config["method"]["start"] = "scratch"
    options = ["A " * 30, "B " * 30]  # which are never cut
    path = tmp_path / "q.jsonl"
    write_jsonl(path, [Record("1", "start", choices=options, answer=0).to_dict()])
    with pytest.raises(InputError, match=r"q\.jsonl: an input has 65 tokens, but bart has 64 pos"):
        inputs = {"start": data["bart"], "train": path, "valid": path}
        TrainingJob(tiny.typed(config), inputs, 8, tmp_path / "work").train()


@pytest.fixture(scope="module")
def copier(tmp_path_factory):
    """A checkpoint trained to write markup and names of special tokens."""
    folder = tmp_path_factory.mktemp("copier")
    pairs = [("a b", "make <s>old</s> new"), ("c d", "<pad> in </s> there"), ("e f", "plain")]
    path = folder / "train.jsonl"
    write_jsonl(
        path,
        (
            Record(str(i), source, [target], "en", "de").to_dict()
            for i, (source, target) in enumerate(pairs)
        ),
    )
    texts = iter([*itertools.chain(*pairs), "translate English to German: "] * 3)
    made_ = tokenizer_training.train(
        texts, TokenizerConfig(type="bpe", vocab_size=90), "encoder_decoder"
    )
    made_.save_pretrained(folder / "tokenizer")
    config = tiny.resolved("sft", batch_size=3, validate_every=60, learning_rate=0.02)
    config["method"]["start"] = "scratch"
    config["model"]["scratch"] |= {"d_model": 32, "num_heads": 4}
    config["dataset"] |= {
        "task": "translation", "max_source_tokens": 32, "max_target_tokens": 16,
    }  # fmt: skip
    files = {"start": folder / "tokenizer", "train": path, "valid": path}
    model, training = TrainingJob(tiny.typed(config), files, 120, folder / "work").train()
    loading.save(model, folder / "model")
    write_format(folder / "model", format_of(tiny.typed(config)))
    return folder, training


def test_a_model_writes_names_of_special_tokens_as_text(copier):
    folder, training = copier
    records = list(read_records(folder / "train.jsonl"))
    for row in predict(folder / "model", records):
        assert [row["output"]] == row["references"]
        assert "".join(text for text, _ in row["output_by_token"]) == row["output"] + "</s>"
        assert row["as_tokens"] == {}
    assert training["texts"]["round_trip"] == {"checked": 3, "changed": 0, "example": None}


def test_a_prediction_says_which_tokens_its_texts_lost(copier, capsys):
    folder, _ = copier
    whole = Record("1", "a b", ["plain"], "en", "de")
    long = Record("2", "a b " * 40, ["{ plain {" + " plain" * 20], "en", "de")
    strange = Unlabelled("3", "他", [], "en", "de")
    rows = predict(folder / "model", [whole, long, strange])
    first, second, third = (row["as_tokens"] for row in rows)
    assert first == {}
    assert second.keys() == {"inputs_cut", "targets_too_long", "targets_unknown"}
    assert second["targets_unknown"] == 2
    assert third == {"inputs_unknown": 1}
    said = capsys.readouterr().err
    assert "generate: 1 of 3 inputs are longer than max_source_tokens (32) and cut" in said
    assert "1 of 2 targets are longer than max_target_tokens (16), where outputs end" in said
    assert "cannot spell, for example, '他'" in said


RUN = {
    "experiment": "test", "task": "translation", "dataset": "d", "pair": "en-de", "model": "t5",
    "method": "sft", "seed": 1, "split": "test", "decoding": "greedy",
}  # fmt: skip
COUNTS = {"texts": 100, "limit": 9, "cut": 0, "too_long": 0, "unknown": 0}


def test_counts_go_from_data_training_and_predictions_into_the_table_of_scores(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tsv").write_text("u\u0308ber\tx\nHi.\ty\nnew\tNo.\n")
    (tmp_path / "b.tsv").write_text("hi\tz\nolder\tno\n")
    local = {"type": "local", "format": "tsv", "fields": {"en": 0, "de": 1}}
    splits = {"train": local | {"file": "a.tsv"}, "test": local | {"file": "b.tsv"}}
    spec = {"task": "translation", "pairs": ["en-de"], "splits": splits}
    predicted = [
        prediction_line(id=str(i), source="x", references=["y"], output="o\u0308", **more)
        for i, more in enumerate(({}, {"as_tokens": {"inputs_cut": 3}}, {"as_tokens": {}}))
    ]
    write_jsonl(tmp_path / "p.jsonl", predicted)
    write_json(
        tmp_path / "training.json",
        {
            "config": {"run": {key: RUN[key] for key in list(RUN)[:7]}},
            **{
                "updates": 8,
                "history": [],
                "validation": [],
                "cost": {"seconds": 1.0, "flops": 1.0},
            },
            "texts": {
                "train": {"inputs": COUNTS | {"cut": 7}, "targets": COUNTS | {"unknown": 2}},
                "valid": {"inputs": COUNTS, "targets": COUNTS | {"cut": 1}},
                "round_trip": {"checked": 50, "changed": 4, "example": ["a", "b"]},
            },
        },
    )
    given = {
        "prepare": ("--dataset", json.dumps(spec), "--pair", "en-de", "--output-dir", "d/en-de"),
        "score": ("--predictions", "p.jsonl", "--run", json.dumps(RUN | {"target_lang": "de"}),
                "--output", "scores.json"),
        "collect": ("--scores", "scores.json", "--training", "training.json", "--data",
                    "d/en-de/summary.json", "--scores-tsv", "scores.tsv", "--curves-tsv",
                    "curves.tsv"),
    }  # fmt: skip
    for command, arguments in given.items():
        main([command, *arguments])
    frame = SCORES.read(tmp_path / "scores.tsv")
    found = frame[frame["subset"] == "texts"]
    keys = ["dataset", "pair", "model", "split", "decoding", "metric", "value", "n"]
    assert {tuple(row) for row in found[keys].to_numpy().tolist()} == {
        ("d", "en-de", "-", "train", "-", "left_out_same_source", 1, 3),
        ("d", "en-de", "-", "train", "-", "left_out_same_target", 1, 3),
        ("d", "en-de", "-", "train", "-", "normalised", 1, 6),
        ("d", "en-de", "t5", "train", "-", "inputs_cut", 7, 100),
        ("d", "en-de", "t5", "train", "-", "targets_unknown", 2, 100),
        ("d", "en-de", "t5", "train", "-", "targets_changed", 4, 50),
        ("d", "en-de", "t5", "valid", "-", "targets_cut", 1, 100),
        ("d", "en-de", "t5", "test", "greedy", "inputs_cut", 1, 3),
        ("d", "en-de", "t5", "test", "greedy", "normalised", 3, 9),
    }
    assert text_counts.notes(frame)[0] == (
        "Data, d en-de, train: 1 of 3 records left out, their source is in another split; "
        "1 of 3 records left out, only their target is in another split; "
        "1 of 6 texts brought into Unicode's form NFC."
    )
    write_json(tmp_path / "training.json", {**json.loads((tmp_path / "training.json").read_text()),
                                            "texts": {"train": 1}})  # fmt: skip
    with pytest.raises(SystemExit):
        main(["collect", *given["collect"]])
    assert "training.json: texts: not in the form" in capsys.readouterr().err


def with_counts(scores, *counts):
    """Return scores with rows that count texts of each run of a split."""
    runs = scores[scores["subset"] == "all"].drop_duplicates(["task", "dataset", "pair", "model"])
    rows = [
        run | text_counts.NO_SCORE | {"split": split, "metric": metric, "value": value, "n": n}
        for run in runs.to_dict("records")
        for split, metric, value, n in counts
    ]
    more = pd.DataFrame(rows)[list(SCORES.columns)].astype({"low": float, "high": float})
    return pd.concat([more, scores], ignore_index=True)  # first, where nobody may take them


COUNTED = (
    ("test", "inputs_cut", 25.0, 100),
    ("test", "inputs_unknown", 1.0, 100),
    ("train", "targets_changed", 3.0, 1000),
)


def task_tables(scores, comparisons=None):
    return tables.of_task(made.make_results(scores, comparisons=comparisons), "translation")


def test_a_note_below_each_table_of_scores_says_what_was_lost():
    scores = made.make_scores()
    tested = made.make_comparisons(scores)
    found = task_tables(with_counts(scores, *COUNTED), tested)
    note = (
        "Texts, invented qaa-qab, t5_tiny, test: 25 of 100 inputs cut; 1 of 100 inputs "
        "with unknown tokens."
    )
    changed = "targets that come back from their tokens as another text."
    assert {Section.SCORES, Section.COMPARISONS, Section.COST} <= {part.section for part in found}
    for section, _, table in found:
        if section in (Section.COST, Section.REPORTED):
            assert not any("Texts, " in line for line in table.notes)
        else:
            assert note in table.notes
            assert any(line.endswith(f"train: 3 of 1,000 {changed}") for line in table.notes)
            assert note in markdown(table)


def test_all_else_is_as_without_the_counts(tmp_path):
    scores = made.make_scores()
    without, found = map(made.make_results, (scores, with_counts(scores, *COUNTED)))
    assert found.estimates == without.estimates
    assert found.differences == without.differences
    assert found.lookahead == without.lookahead
    assert found.costs == without.costs
    said = [long_form.of_task(results.of("translation")) for results in (found, without)]
    assert said[0] == said[1]
    paths = made.make_runs(tmp_path)
    assert collect(paths, found) == collect(paths, without)
    plain, noted = task_tables(scores), task_tables(found.scores)
    for (*_, one), (*_, other) in zip(plain, noted, strict=True):
        assert (one.header, str(one.rows)) == (other.header, str(other.rows))
        assert not any("Texts, " in note for note in one.notes)


def test_white_space_that_a_tokenizer_changes_is_counted(data):
    config = TokenizerConfig(type="bpe", vocab_size=60)
    encoder = Encoder(tokenizer_training.train(iter(["a b c"] * 3), config, "encoder_decoder"))
    trip = text_counts.check_round_trip(encoder, [" a b ", "a\nb", "a  c"])
    assert trip == (3, 2, ("a\nb", "a b"))
    many = text_counts.check_round_trip(encoder, ["a"] * 1500)
    assert (many.checked, many.changed, many.example) == (1000, 0, None)
    assert math.isclose(text_counts.FEW, 0.01)
