"""Input files and parameters of jobs."""

import json
import subprocess
import sys

import pytest

from helpers import tiny
from helpers.wildcards import RUNS, Wildcards, run
from warmup.common.errors import InputError
from warmup.common.files import sha256, write_json, write_text
from warmup.data import sources
from warmup.pipeline.plan import Plan

DATA = "results/tiny/data/shell_game/en"


def test_a_run_is_told_where_it_starts_and_what_its_budget_needs(plan):
    assert plan.start(run("sft")) == "results/tiny/tokenizers/shell_game/en/t5"
    assert plan.start_files(run("sft")) == []
    of_others = {
        "warmup": {},
        "sft_continued": {"reference": f"{RUNS}/warmup/seed1/training.json"},
        "sft_compute": {
            "reference": f"{RUNS}/warmup/seed1/training.json",
            "baseline": f"{RUNS}/sft/seed1/training.json",
        },
    }
    for method, files in of_others.items():
        assert plan.start(run(method)) == f"{RUNS}/sft/seed1/model"
        assert plan.start_files(run(method)) == [f"{RUNS}/sft/seed1/provenance.json"]
        assert plan.budget_files(run(method)) == files


def test_a_run_refers_to_runs_of_its_own_seed():
    plan, of = Plan(tiny.experiment(seeds=[1, 12])), run("sft_compute", seed="12")
    paths = [plan.start(of), *plan.start_files(of), *plan.budget_files(of).values()]
    assert len(paths) == 4
    assert all("/seed12/" in path for path in paths)


def test_a_run_knows_its_data_by_their_hashes(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plan.training_data(run("sft")) == [None, None, None]
    splits = {split: {"sha256": f"of {split}"} for split in ("train", "valid", "test")}
    write_json(tmp_path / DATA / "summary.json", {"splits": splits})
    assert plan.training_data(run("warmup")) == ["of train", "of valid"]
    assert plan.train_hash(run("sft")) == "of train"
    assert plan.split_hash(run("sft", split="test")) == "of test"
    assert plan.split_hash(run("sft", split="more")) is None
    assert plan.split_hashes(run("sft")) == ["of test"]
    tokenizer = tmp_path / "results/tiny/tokenizers/shell_game/en/t5"
    write_json(tokenizer / "tokenizer.json", {})
    assert plan.training_data(run("sft")) == ["of train", "of valid", sha256(tokenizer)]


@pytest.mark.parametrize(
    ("origin", "start"),
    [
        ({"local": "models/mine"}, "models/mine"),
        ({"hub": "google-t5/t5-small", "revision": "0" * 40}, "downloads/models/t5"),
    ],
)
def test_pretrained_models_are_taken_from_where_they_are(origin, start):
    value = tiny.experiment()
    value["models"]["t5"] = {"architecture": "encoder_decoder", **origin}
    value["methods"]["sft"]["start"] = "pretrained"
    assert Plan(value).start(run("sft")) == start


def test_a_local_model_is_compared_file_by_file(tmp_path):
    value = tiny.experiment()
    model = tmp_path / "mine"
    for name in ("config.json", "parts/model.safetensors"):
        write_text(model / name, "")
    value["models"]["t5"] = {"architecture": "encoder_decoder", "local": str(model)}
    value["methods"]["sft"]["start"] = "pretrained"
    files = [str(model / "config.json"), str(model / "parts/model.safetensors")]
    assert Plan(value).start_files(run("sft")) == files


def test_only_what_comes_from_the_network_is_fetched(plan):
    assert plan.fetched(run("sft")) == []
    value = tiny.experiment()
    value["datasets"]["shell_game"]["splits"]["train"] = {"type": "hub"}
    assert Plan(value).fetched(run("sft")) == ["downloads/shell_game.en.json"]


@pytest.fixture
def newswire(tmp_path, monkeypatch):
    """A configuration with a source of its own, and the file of that source, which is to write."""
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    value = tiny.experiment()
    value["datasets"]["shell_game"]["splits"]["train"] = {"type": "newswire"}
    return value, tmp_path / "newswire.py"


def test_a_new_source_says_itself_whether_it_needs_the_network(newswire):
    value, file = newswire
    # not imported: it may need what the environment of the workflow lacks
    file.write_text("import nothing_that_exists\n\nNEEDS_NETWORK = True\n")
    assert Plan(value).fetched(run("sft")) == ["downloads/shell_game.en.json"]
    file.write_text("NEEDS_NETWORK: bool = False\n")
    assert Plan(value).fetched(run("sft")) == []


def test_a_source_that_does_not_say_so_is_named(newswire):
    value, file = newswire
    file.write_text('"""News."""\n')
    with pytest.raises(InputError, match=r"newswire\.py: no literal .* to NEEDS_NETWORK"):
        Plan(value)


@pytest.fixture
def parallel(tmp_path):
    """A translation experiment on the files train.en, train.de and so on of a folder."""
    splits = {
        split: {
            "type": "local",
            "format": "text",
            "files": {lang: f"{split}.{lang}" for lang in ("en", "de", "fr")},
        }
        for split in ("train", "valid", "test")
    }
    value = tiny.experiment(data_root=str(tmp_path))
    value["datasets"]["shell_game"] |= {"task": "translation", "pairs": ["en-de"], "splits": splits}
    return value


def test_the_local_files_of_a_pair_are_inputs_where_they_are_there(parallel, tmp_path):
    names = ["train.en", "train.de", "train.fr", "valid.en", "valid.de", "test.en"]
    for name in names:
        (tmp_path / name).touch()
    wildcards = Wildcards(**vars(run("sft")) | {"pair": "en-de"})
    wanted = [str(tmp_path / name) for name in names if name != "train.fr"]
    assert Plan(parallel).files(wildcards) == wanted  # test.de is missing: `prepare` will say so


def test_a_wrong_source_is_named_before_anything_runs(parallel):
    del parallel["datasets"]["shell_game"]["splits"]["test"]["files"]["de"]
    message = r"config: datasets\.shell_game: splits\.test \(local\): files has no 'de'"
    with pytest.raises(InputError, match=message):
        Plan(parallel)


@pytest.mark.parametrize("name", ["train {v2}.en", "tra{dataset}in.en", "a}.en", "<a>.en"])
def test_brackets_in_the_path_of_data_are_refused(parallel, name):
    parallel["datasets"]["shell_game"]["splits"]["train"]["files"]["en"] = name
    with pytest.raises(
        InputError, match=r"config: datasets\.shell_game: .*[{<}] in a path, which Snakemake"
    ):
        Plan(parallel)


@pytest.mark.parametrize("name", ["my {model}/config.json", "mine/{seed}.json"])
def test_brackets_in_the_path_of_a_model_are_refused(tmp_path, name):
    write_text(tmp_path / name, "")
    value = tiny.experiment()
    value["models"]["t5"] = {"local": str(tmp_path / name.split("/")[0])}
    value["models"]["t5"]["architecture"] = "encoder_decoder"
    value["methods"]["sft"]["start"] = "pretrained"
    with pytest.raises(InputError, match=r"config: models\.t5: .*[{<}] in a path, which Snakemake"):
        Plan(value)


def test_a_plan_costs_no_import_of_what_the_jobs_need():
    value = tiny.experiment()
    value["datasets"]["shell_game"]["splits"]["train"] = {"type": "hub"}
    code = (
        f"import sys; from warmup.pipeline.plan import Plan; Plan({value!r}); "
        "print([m for m in ('torch', 'transformers', 'datasets', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_methods_with_warmups_are_decoded_behind_other_warmups():
    decodings = {
        "beam4": {"beams": 4},
        "shuffled": {"warmup": "shuffled"},
        "greedy": {},
        "best": {"warmup": "best_of_n", "samples": 5, "beams": 4},
    }
    plan = Plan(tiny.experiment(decodings=decodings))
    made = [path.parts[-3:] for path in plan.experiment.evaluation_files("scores.json")]
    assert [(method, name) for method, _, name in made if method in ("sft", "warmup")] == [
        *(("sft", f"test.{name}.scores.json") for name in ("beam4", "greedy")),
        *(("warmup", f"test.{name}.scores.json") for name in decodings),
    ]
    of_warmup, of_sft = (json.loads(plan.decodings(run(name))) for name in ("warmup", "sft"))
    assert list(of_warmup) == list(decodings)
    assert list(of_sft) == ["beam4", "greedy"]
    best = of_warmup["best"]
    assert (best["beams"], best["warmup"], best["samples"]) == (4, "best_of_n", 5)
    alike = plan.generated_alike()
    assert [len(evaluations) for evaluations in alike] == [2, 4]
    assert sorted(name for names in alike.values() for name in names) == sorted(plan.runs)


def test_there_is_nothing_to_exchange_where_warmups_are_empty():
    value = tiny.experiment(decodings={"greedy": {}, "shuffled": {"warmup": "shuffled"}})
    value["methods"]["warmup"]["sampling"]["max_tokens"] = 0
    files = Plan(value).experiment.evaluation_files("scores.json")
    made = [path.parts[-3:] for path in files]
    of_warmup = [name for method, _, name in made if method == "warmup"]
    assert of_warmup == ["test.greedy.scores.json"]


def test_every_run_is_evaluated_on_every_test_split_by_every_decoding():
    value = tiny.experiment(decodings={"greedy": {}, "beam4": {"beams": 4, "batch_size": 8}})
    splits = value["datasets"]["shell_game"]["splits"]
    splits["hard"] = splits["test"]
    plan = Plan(value)
    paths = [str(path) for path in plan.experiment.evaluation_files("scores.json")]
    assert len(paths) == len(set(paths)) == 4 * 2 * 2
    assert f"{RUNS}/warmup/seed1/hard.beam4.scores.json" in paths
    assert not [path for path in paths if "/train." in path or "/valid." in path]
    assert plan.test_splits(run("warmup")) == ["test", "hard"]
    beam = json.loads(plan.decodings(run("warmup")))["beam4"]
    assert (beam["beams"], beam["batch_size"]) == (4, 8)


def test_parameters_are_json_of_the_configuration(plan):
    assert json.loads(plan.run_config(run("warmup"))) == tiny.resolved("warmup")
    assert set(json.loads(plan.dataset_config(run("sft")))) == {"task", "pairs", "splits"}
    assert json.loads(plan.tokenizer_config(run("sft"))) == {"type": "word", "vocab_size": 1000}
    scored = json.loads(plan.score_config(run("sft", split="test", decoding="greedy")))
    assert scored == tiny.resolved("sft")["run"] | {
        "split": "test",
        "decoding": "greedy",
        "target_lang": "en",
    }


def test_a_pair_is_prepared_from_what_concerns_it_alone():
    value = tiny.experiment()
    value["datasets"]["shell_game"]["pairs"] = ["en", "de"]
    (one, both) = (Plan(entry).dataset_config(run("sft")) for entry in (tiny.experiment(), value))
    assert both == one
    assert json.loads(one)["pairs"] == ["en"]


@pytest.mark.parametrize("pickled", [{}, {"pickled_sha256": "0" * 64}])
def test_only_another_commit_is_downloaded_again(pickled):
    value = tiny.experiment()
    hub = {"hub": "google-t5/t5-small", "revision": "0" * 40, **pickled}
    value["models"]["t5"] = {"architecture": "encoder_decoder", "dtype": "bfloat16", **hub}
    value["methods"]["sft"]["start"] = "pretrained"
    assert json.loads(Plan(value).hub_model(run("sft"))) == hub


def test_the_language_of_outputs_is_that_of_the_targets(parallel):
    wildcards = Wildcards(**vars(run("sft", split="test", decoding="greedy")) | {"pair": "en-de"})
    assert json.loads(Plan(parallel).score_config(wildcards))["target_lang"] == "de"


def test_a_wrong_configuration_has_no_plan():
    with pytest.raises(InputError, match="unknown key 'mdoels'"):
        Plan(tiny.experiment(mdoels={}))


def test_what_others_wait_for_has_priority():
    experiment = tiny.experiment()
    experiment["methods"] = {
        "sft": experiment["methods"]["sft"],
        "warmup": experiment["methods"]["warmup"],
        "same": experiment["methods"]["sft"]
        | {"start": "sft", "budget": {"same_updates_as": "warmup"}},
        "later": experiment["methods"]["sft"] | {"start": "same"},
        "compute": experiment["methods"]["sft"]
        | {"start": "sft", "budget": {"same_compute_as": "warmup"}},
    }
    experiment["runs"][0]["methods"] = list(experiment["methods"])
    plan = Plan(experiment)
    waiting = {name: plan.priority(run(name)) for name in experiment["methods"]}
    assert waiting == {"sft": 4, "warmup": 3, "same": 1, "later": 0, "compute": 0.5}


def test_a_path_with_spaces_is_one_argument(plan):
    options = plan.training_options(None, {"start": "my models/t5; true", "train": "a.jsonl"})
    assert options == "--start='my models/t5; true' --train=a.jsonl"


def test_the_jobs_of_a_model_may_need_other_resources():
    value = tiny.experiment(resources={"gpus": 1, "mem_mb": 4000})
    value["models"]["bart"]["resources"] = {"gpus": 2, "mem_mb": 9000}
    value["runs"][0]["models"] = ["t5", "bart"]
    made = Plan(value)
    small, large = Wildcards(model="t5"), Wildcards(model="bart")
    assert [made.growing("mem_mb", trains=True)(one, attempt=2) for one in (small, large)] == [
        8000,
        18000,
    ]
    assert [made.of_model("threads")(one) for one in (small, large)] == [1, 1]
    assert [made.processes(one) for one in (small, large)] == ["1 1", "1 2"]
    assert [made.training_devices()["gpu"](one) for one in (small, large)] == [1, 2]
    assert [made.generation_gpus(one) for one in (small, large)] == [1, 1]
    names = [name for name in made.runs if "/bart/" in name]
    assert all(made.runs[name].model.resources is None for name in names)


def test_gpus_of_a_model_need_gpus_of_the_experiment():
    value = tiny.experiment()
    value["models"]["bart"]["resources"] = {"gpus": 2}
    with pytest.raises(
        InputError, match=r"models\.bart\.resources\.gpus: resources\.gpus of the ex"
    ):
        Plan(value)


def test_what_the_configuration_does_not_say_is_what_is_forecast():
    made = Plan(tiny.experiment(resources={"mem_mb": 700}))
    one = Wildcards(dataset="shell_game", pair="en", model="t5", method="warmup", seed="1")
    assert made.growing("mem_mb", trains=True)(one, attempt=2) == 1400
    first, second = (made.growing("runtime", trains=True)(one, attempt=number) for number in (1, 2))
    assert 5 < first < 120
    assert second == 2 * first


def test_settings_of_jobs_are_files_that_change_with_the_configuration_only(tmp_path):
    Plan(tiny.experiment()).write_settings(tmp_path)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    (path,) = (one for one in files if one.match("runs/*/*/t5/sft/seed1.json"))
    assert json.loads(path.read_text())["method"]["objective"] == "likelihood"
    Plan(tiny.experiment()).write_settings(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == files
    value = tiny.experiment()
    value["methods"]["sft"]["learning_rate"] = 0.5
    Plan(value).write_settings(tmp_path)
    assert json.loads(path.read_text())["method"]["learning_rate"] == 0.5


def test_a_run_as_a_target_asks_for_its_training_and_its_scores():
    name = "shell_game/en/t5/sft/seed1"
    assert Plan(tiny.experiment()).results_of(name) == [
        f"results/tiny/runs/{name}/training.json",
        f"results/tiny/runs/{name}/test.greedy.scores.json",
    ]


def test_outputs_of_others_are_read_after_the_tokenizer_of_a_model_from_scratch():
    value = tiny.experiment()
    assert Plan(value).tokenizers(run("theirs")) == ["results/tiny/tokenizers/shell_game/en/t5"]


def test_one_start_at_a_time_works_on_an_experiment(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with plan.alone():
        with pytest.raises(InputError, match=r"work/tiny/.*: in use by process \d+"), plan.alone():
            pytest.fail("two starts work on it")
        with Plan(tiny.experiment(experiment="another")).alone():
            pass
    with plan.alone():
        pass
