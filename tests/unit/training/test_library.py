"""The library: `WarmupTrainer`, `WarmupConfig` and `WarmupModel` as one imports them."""

import copy
import itertools
import json
import random
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
import yaml
from datasets import Dataset
from transformers import TrainingArguments

from helpers import tiny
from warmup import InputError, WarmupConfig, WarmupModel, WarmupTrainer
from warmup.config import experiment, schema
from warmup.models.checkpoint_format import format_of
from warmup.training.arguments import training_arguments

SETTINGS = {
    **{"max_steps": 4, "per_device_train_batch_size": 4, "per_device_eval_batch_size": 4},
    **{"warmup_samples": 2, "max_warmup_tokens": 2, "learning_rate": 0.01, "logging_steps": 2},
    **{"save_strategy": "no", "report_to": "none", "use_cpu": True, "disable_tqdm": True},
    **{"max_source_tokens": 12, "max_target_tokens": 6},
}


def rows(number=16, names=("source", "target")):
    """Rows whose target is the source backwards."""
    draw = random.Random(1)
    texts = [draw.choices(tiny.WORDS, k=3) for _ in range(number)]
    return Dataset.from_list(
        [{names[0]: " ".join(text), names[1]: " ".join(text[::-1])} for text in texts]
    )


def parts(model_type="t5"):
    """Return a network and a tokenizer that nobody else has."""
    model = tiny.model(model_type)
    return copy.deepcopy(model.network), model.tokenizer


@pytest.fixture
def make(tmp_path):
    """Return a function that makes a trainer; settings differ from `SETTINGS`."""

    def trainer(data=None, *, model=None, tokenizer=None, evaluated=None, **settings):
        network, own = parts()
        return WarmupTrainer(
            network if model is None else model,
            WarmupConfig(str(tmp_path / "out"), **SETTINGS | settings),
            train_dataset=rows() if data is None else data,
            eval_dataset=evaluated,
            processing_class=tokenizer or own,
        )

    return trainer


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A trained trainer of an encoder-decoder network with validations, and its saved model."""
    folder = tmp_path_factory.mktemp("library")
    network, tokenizer = parts()
    args = WarmupConfig(
        str(folder / "out"), **SETTINGS | {"eval_strategy": "steps", "eval_steps": 2}
    )
    trainer = WarmupTrainer(
        network,
        args,
        train_dataset=rows(),
        eval_dataset=rows(6, ("prompt", "completion")),
        processing_class=tokenizer,
    )
    trainer.train()
    trainer.save_model(str(folder / "model"))
    return trainer, folder / "model"


def test_a_saved_model_generates_what_the_trainer_does(trained):
    trainer, folder = trained
    sources = ["a b c", "c c a", "e"]
    found = trainer.generate(sources)
    assert [list(one) for one in found] == [["warmup", "output"]] * 3
    loaded = WarmupModel.from_pretrained(folder)
    assert loaded.generate(sources) == found
    assert loaded.generate(sources[:1]) == found[:1]
    assert loaded.generate([{"source": "a b c"}], beams=2)[0].keys() == {"warmup", "output"}
    assert loaded.generate([]) == []


def test_evaluate_returns_the_loss_and_what_warmups_are_like(trained):
    trainer, _ = trained
    found = trainer.evaluate()
    assert found["eval_loss"] > 0
    assert found["eval_warmup_n"] == 6
    assert 0 <= found["eval_warmup_length"] <= 2
    assert trainer.evaluate(rows(6, ("prompt", "completion")))["eval_loss"] == found["eval_loss"]
    assert all(isinstance(value, int | float) for value in found.values())  # as trackers need them


def test_a_saved_model_is_complete(trained):
    _, folder = trained
    names = {path.name for path in folder.iterdir()}
    wanted = {"model.safetensors", "config.json", "tokenizer.json", "warmup.json", "README.md"}
    assert names >= wanted | {"training.json"}
    form = json.loads((folder / "warmup.json").read_text())
    assert (form["task"], form["max_warmup_tokens"], form["warmup_samples"]) == (
        "text_to_text", 2, 2,
    )  # fmt: skip
    summary = json.loads((folder / "training.json").read_text())
    assert summary["updates"] == 4
    assert summary["cost"]["examples"] == 16
    assert [entry["update"] for entry in summary["validation"]] == [2, 4]
    assert summary["texts"]["train"]["inputs"]["texts"] == 16
    assert summary["config"]["max_warmup_tokens"] == 2
    _, head, body = (folder / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(head)["tags"] == ["warmup-generations"]
    assert "4 updates on 16 examples" in body
    assert "WarmupModel.from_pretrained" in body


def test_pushing_uploads_the_model_with_its_card(make, monkeypatch, tmp_path):
    import transformers.trainer

    pushed = {}

    class Hub:
        def create_repo(self, name, **kwargs):
            return type("Url", (), {"repo_id": f"me/{name}"})

        def upload_folder(self, *, repo_id, folder_path, **kwargs):
            pushed[repo_id] = {path.name for path in tmp_path.joinpath(folder_path).iterdir()}

    monkeypatch.setattr(transformers.trainer, "hf_api", Hub)
    trainer = make(hub_model_id="reverser")
    trainer.push_to_hub(license="cc0-1.0")
    wanted = {"model.safetensors", "tokenizer.json", "warmup.json", "README.md"}
    assert pushed["me/reverser"] >= wanted
    card = (tmp_path / "out" / "README.md").read_text()
    assert "license: cc0-1.0" in card
    assert "# reverser" in card
    assert "It has not been trained yet." in card


def test_training_a_saved_model_further_keeps_its_separator(trained, tmp_path):
    _, folder = trained
    args = WarmupConfig(str(tmp_path), **SETTINGS)
    again = WarmupTrainer(str(folder), args, train_dataset=rows())
    separator = again.language_model.tokens.separator
    weight = WarmupModel.from_pretrained(folder).model.network.get_output_embeddings().weight
    assert again.model.get_output_embeddings().weight[separator].equal(weight[separator])


def test_supervised_fine_tuning_writes_no_warmups(make):
    trainer = make(objective="likelihood", max_warmup_tokens=None)
    trainer.train()
    (one,) = trainer.generate(["a b c"])
    assert one["warmup"] is None


def test_a_decoder_only_network_trains_with_callbacks(make):
    from transformers import TrainerCallback

    class Count(TrainerCallback):
        steps = 0

        def on_step_end(self, *args, **kwargs):
            self.steps += 1

    network, tokenizer = parts("llama")
    trainer = make(model=network, tokenizer=tokenizer)
    count = Count()
    trainer.add_callback(count)
    trainer.train()
    assert count.steps == 4
    assert trainer.form.architecture == "decoder_only"


def test_training_resumes_as_if_it_had_not_stopped(make, tmp_path):
    settings = {"save_strategy": "steps", "save_steps": 2, "save_total_limit": 3}
    whole = make(**settings)
    whole.train()
    kept = sorted(path.name for path in (tmp_path / "out").glob("checkpoint-*"))
    assert kept == ["checkpoint-2", "checkpoint-4"]
    resumed = make(**settings)
    resumed.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-2"))
    for one, other in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert one.equal(other)
    again = make(**settings)
    again.train(resume_from_checkpoint=True)  # the newest, at which training had ended
    again.args.output_dir = str(tmp_path / "new")
    with pytest.raises(InputError, match="new: no checkpoint to resume from"):
        again.train(resume_from_checkpoint=True)


def test_an_adapter_of_peft_is_trained_and_saved_with_the_weights(make, tmp_path):
    from peft import LoraConfig, get_peft_model

    network, _ = parts()
    adapted = get_peft_model(network, LoraConfig(r=2, target_modules=["q", "v"]))
    trainer = make(model=adapted)
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    changed = {n for n, p in trainer.model.named_parameters() if not p.equal(before[n])}
    assert any("lora_B" in name for name in changed)
    assert all("lora" in name or "marker" in name for name in changed)
    trainer.save_model(str(tmp_path / "model"))
    assert (tmp_path / "model" / "adapter" / "adapter_model.safetensors").exists()
    loaded = WarmupModel.from_pretrained(tmp_path / "model")
    assert loaded.generate(["a b c", "d e"]) == trainer.generate(["a b c", "d e"])


def test_an_adapter_that_cannot_be_merged_is_refused(make):
    from peft import IA3Config, get_peft_model

    config = IA3Config(target_modules=["q", "v"], feedforward_modules=[])
    with pytest.raises(InputError, match="needs one adapter of type LORA with the name default"):
        make(model=get_peft_model(parts()[0], config))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_smoothing_factor": 0.1}, "label_smoothing_factor: cannot be 0.1; the objectives"),
        ({"gradient_accumulation_steps": 2}, "a batch is split by itself"),
        ({"fp16": True}, "fp16: cannot be True; T5 overflows in float16"),
        ({"torch_compile": True}, "torch_compile: cannot be True"),
        ({"remove_unused_columns": True}, "remove_unused_columns: cannot be True"),
        ({"objective": "rewieghted"}, "objective: unknown 'rewieghted'; choose from: "),
        ({"warmup_samples": 0}, "warmup_samples: 0 is less than the minimum of 1"),
        ({"max_warmup_tokens": "7"}, "max_warmup_tokens: '7' is not of type 'integer', 'null'"),
        ({"max_warmup_tokens": None}, "max_warmup_tokens: reweighted needs at least"),
        ({"reference_kl": {"wieght": 1.0}}, "reference_kl: unknown key 'wieght'; valid keys: "),
        ({"backprop_samples": 9}, "backprop_samples: 9 are more than the samples (4)"),
        ({"on_nan": "ignore"}, "on_nan: 'ignore' is not one of: stop, skip"),
        ({"task": "chat"}, "unknown task 'chat'; choose from: "),
        ({"architecture": "mamba"}, "unknown architecture 'mamba'; choose from: "),
    ],
)
def test_settings_that_cannot_be_right_are_refused(settings, message, tmp_path):
    with pytest.raises(InputError) as error:
        WarmupConfig(str(tmp_path), **settings)
    assert str(error.value).startswith("WarmupConfig: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_defaults_are_those_of_the_recommended_recipe(tmp_path):
    folder = Path(__file__).parents[3] / "config"
    recipe = experiment.load(folder / "config.yaml").methods["warmup"]
    assert WarmupConfig(str(tmp_path)).loss == recipe.loss
    pretrained = experiment.load(folder / "experiments" / "paper.yaml").methods["warmup"]
    assert WarmupConfig(str(tmp_path)).learning_rate == pretrained.learning_rate


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_a_run_has_the_same_settings_as_the_configuration_says(method, tmp_path):
    """The pipeline trains by way of `WarmupConfig`: nothing may be lost on that way."""
    run = tiny.typed(tiny.resolved(method))
    args = training_arguments(run, 8, tmp_path)
    assert args.loss == run.method.loss
    assert args.checkpoint_format("decoder_only") == format_of(run)


def test_settings_of_trainer_reach_the_optimiser(run):
    """A run with another optimiser and other betas is trained otherwise."""
    weights = []
    for trainer in ({}, {"optim": "adafactor"}, {"adam_beta1": 0.5}):
        config = tiny.resolved("sft") | ({"trainer": trainer} if trainer else {})
        config["method"]["start"] = "scratch"
        model, training = run("sft", config=config, updates=4)
        assert training["config"].get("trainer", {}) == trainer
        weights.append(model.network.get_output_embeddings().weight)
    assert not any(one.equal(other) for one, other in itertools.combinations(weights, 2))


def test_every_setting_of_training_arguments_may_be_set_or_is_refused_with_a_reason():
    known = schema.definition("trainer")
    names = {field.name for field in fields(TrainingArguments)}
    assert set(known["properties"]) | set(known["x-refused"]) == names
    assert not set(known["properties"]) & set(known["x-refused"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([{"source": "a", "target": "b"}], "needs a datasets.Dataset, not list"),
        (
            Dataset.from_list([{"text": "a", "summary": "b"}]),
            "its columns are text, summary; ",
        ),
        (Dataset.from_list([{"source": "a"}]), "its columns are source; needs source and target"),
        (Dataset.from_dict({"source": [], "target": []}), "it has no rows"),
        (Dataset.from_list([{"source": "a", "target": " "}]), "row 0: record '0' has an empty"),
        (Dataset.from_list([{"source": "a", "target": None}]), "row 0: record '0' has no target"),
        (Dataset.from_list([{"source": 1, "target": "b"}]), "row 0: source must be text, not int"),
        (
            Dataset.from_list([{"source": "a", "target": "b", "completion": "c"}]),
            "the columns target and completion mean the same; drop one",
        ),
    ],
)
def test_data_that_cannot_be_used_are_refused(make, data, message):
    with pytest.raises(InputError) as error:
        make(data)
    assert str(error.value).startswith("train_dataset: ")
    assert message in str(error.value)


def test_columns_that_are_not_used_and_texts_that_are_cut_are_said(make, capsys):
    long = Dataset.from_list([{"source": "a b c d e", "target": "a b c", "url": "x"}] * 3)
    trainer = make(long, max_source_tokens=3, max_target_tokens=3)
    said = capsys.readouterr().err
    assert "train_dataset: columns that are not used: url" in said
    assert "train: 3 of 3 inputs are longer than max_source_tokens (3) and cut" in said
    assert "train: 3 of 3 targets are longer than max_target_tokens (3) and cut" in said
    assert trainer.texts["train"]["inputs"]["cut"] == 3
    trainer.generate(["a b c d e"])
    assert "generate: 1 of 1 inputs are longer" in capsys.readouterr().err


def test_a_prefix_is_read_in_training_and_in_generation(make):
    trainer = make(Dataset.from_list([{"source": "c", "target": "a"}]), prefix="a b ")
    encoder = trainer.train_dataset.encoder
    assert list(trainer.train_dataset.input_ids) == encoder._encode(["a b c"])
    assert trainer.generate(["c"]) == WarmupModel(
        trainer.language_model, replace(trainer.form, prefix=None)
    ).generate(["a b c"])


def test_a_model_or_tokenizer_that_does_not_fit_is_refused(make, tmp_path):
    network, _ = parts()
    with pytest.raises(InputError, match="separator: '<sep>' is not in the vocabulary; choose fr"):
        make(separator="<sep>")
    with pytest.raises(InputError, match="model 'nowhere/at-all': cannot load: "):
        make(model="nowhere/at-all")
    with pytest.raises(InputError, match="model: its weights are bfloat16, in which small updates"):
        make(model=network.bfloat16())
    with pytest.raises(InputError, match="needs a network of transformers, a PeftModel, or a name"):
        make(model=torch.nn.Linear(2, 2))
    with pytest.raises(InputError, match="comes without a tokenizer"):
        WarmupTrainer(parts()[0], WarmupConfig(str(tmp_path), **SETTINGS), train_dataset=rows())
    with pytest.raises(InputError, match="args: needs a WarmupConfig, not TrainingArguments"):
        WarmupTrainer(parts()[0], TrainingArguments(str(tmp_path)))


def test_a_model_type_that_the_self_check_refuses_is_one_line(make, monkeypatch):
    network, tokenizer = parts("llama")
    plain = type(network).forward

    def forward(self, *args, **kwargs):
        kwargs.pop("position_ids", None)  # a network that counts its positions by itself
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(type(network), "forward", forward)
    with pytest.raises(InputError, match=r"'llama'.* not supported: log P of a warmup"):
        make(model=network, tokenizer=tokenizer)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ("a b", "sources: needs a list of texts, not one text"),
        (["a", ""], "record '1' has an empty source"),
        ([3], "sources[0]: needs a text, not int"),
        ([{"source": "a", "lang": "en"}], "sources[0]: unknown key 'lang'"),
    ],
)
def test_sources_that_cannot_be_used_are_refused(trained, sources, message):
    trainer, _ = trained
    with pytest.raises(InputError) as error:
        trainer.generate(sources)
    assert message in str(error.value)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="warmup"):
        WarmupModel.from_pretrained(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        WarmupModel.from_pretrained(tmp_path / "missing")


def test_tensorboard_follows_a_training_run(make, tmp_path, monkeypatch):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)  # of a command in this process
    trainer = make(evaluated=rows(4), report_to=["tensorboard"], eval_strategy="epoch")
    trainer.train()
    (folder,) = (tmp_path / "out" / "runs").iterdir()
    events = reader.EventAccumulator(str(folder))
    events.Reload()
    assert {"train/reward", "train/loss", "eval/loss", "eval/warmup_length"} <= set(
        events.Tags()["scalars"]
    )


def test_importing_the_package_is_cheap():
    code = (
        "import sys, warmup; assert not {'torch', 'transformers'} & sys.modules.keys();"
        "assert dir(warmup) == warmup.__all__; warmup.WarmupConfig; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
