"""Configurations and runs that are refused, and what is said of them."""

import re

import pytest

from helpers import tiny
from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.config import experiment, scratch_settings
from warmup.data import dataset


def test_a_run_that_two_entries_name_is_refused():
    value = tiny.experiment()
    value["runs"].append({"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft"]})
    with pytest.raises(InputError, match="shell_game/en/t5/sft/seed1 is there twice"):
        experiment.check(value)


def test_an_unknown_run_lists_the_runs():
    with pytest.raises(InputError, match="unknown run 'x'; choose from: shell_game/en/t5/sft/"):
        experiment.resolve(experiment.check(tiny.experiment()), "x")


def test_a_wrong_override_is_refused():
    value = tiny.experiment()
    value["runs"][0]["override"] = {"warmup": {"sampling": {"smaples": 3}}}
    with pytest.raises(InputError, match="unknown key 'smaples'; valid keys: adaptive_samples,"):
        experiment.check(value)


@pytest.mark.parametrize(
    ("changes", "circle"),
    [
        ({"sft": {"start": "sft"}}, "sft, sft"),
        ({"sft": {"start": "warmup"}}, "sft, warmup, sft"),
        ({"warmup": {"budget": {"same_updates_as": "warmup"}}}, "warmup, warmup"),
        (
            {"warmup": {"budget": {"same_updates_as": "sft_continued"}}},
            "sft_continued, warmup, sft_continued",
        ),
        ({"sft": {"budget": {"same_updates_as": "warmup"}}}, "sft, warmup, sft"),  # and a start
    ],
)
def test_methods_that_wait_for_each_other_are_refused(changes, circle):
    value = tiny.experiment()
    value["runs"][0]["override"] = changes
    message = f"config: runs.0: start, budget: each of these methods waits for the next: {circle}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        experiment.check(value)


def test_the_same_compute_needs_a_method_whose_updates_cost_the_same():
    value = tiny.experiment()
    value["methods"]["sft_compute"]["start"] = "scratch"
    with pytest.raises(InputError, match="same_compute_as needs a method to start from"):
        experiment.check(value)


@pytest.mark.parametrize("kind", ["models", "datasets", "methods", "decodings"])
@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "a b", "", "a.b", "~", "x\n"])
def test_names_become_paths_and_cannot_leave_their_folder(kind, name):
    value = tiny.experiment(decodings={"greedy": {"beams": 1}})
    value[kind][name] = next(iter(value[kind].values()))
    with pytest.raises(InputError, match=f"config: {kind}: "):
        experiment.check(value)


PAIRS = ["en", "qaa", "en-de", "pt_BR", "pt_BR-en", "en-pt_BR", "en-zh_CN", "zho_Hans-eng_Latn"]


@pytest.mark.parametrize("pair", PAIRS)
def test_pairs_have_languages_with_a_region_or_a_script_on_both_sides(pair):
    value = tiny.experiment()
    value["datasets"]["shell_game"]["pairs"] = [pair]
    assert experiment.check(value).datasets["shell_game"].pairs == (str(parse_pair(pair)),)


@pytest.mark.parametrize("pair", ["en\n", "english", "EN-de", "en-en", "en-de-fr", "en_", "../x"])
def test_other_pairs_are_refused(pair):
    value = tiny.experiment()
    value["datasets"]["shell_game"]["pairs"] = [pair]
    message = f"config: datasets.shell_game.pairs: {pair!r} is neither a language code such as 'en'"
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        experiment.check(value)


def test_revisions_become_arguments_and_end_where_they_end():
    entry = {"architecture": "decoder_only", "hub": "a/b", "revision": "0" * 40 + "\n"}
    with pytest.raises(InputError, match=r"config: models\.hub\.revision: "):
        experiment.check(tiny.experiment(models={"hub": entry}))


def test_the_hash_of_pickled_weights_is_of_a_file_of_the_hub():
    entry = {"architecture": "decoder_only", "local": "x", "pickled_sha256": "0" * 64}
    with pytest.raises(InputError, match=r"^config: models\.m: pickled_sha256 goes with hub$"):
        experiment.check(tiny.experiment(models=tiny.experiment()["models"] | {"m": entry}))


def test_an_adapter_of_random_weights_is_refused():
    value = tiny.experiment()
    value["models"]["t5"]["lora"] = {"rank": 4, "alpha": 8}
    with pytest.raises(InputError, match=r"^config: models\.t5: lora needs pretrained weights"):
        experiment.check(value)


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "", ".", "x\n"])
def test_the_name_of_the_experiment_likewise(name):
    with pytest.raises(InputError, match=r"config: experiment: .* digits, _, \+ and -"):
        experiment.check(tiny.experiment(experiment=name))


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "x\n", "test-2016", "a+b", "x" * 101])
def test_the_names_of_splits_are_those_that_prepare_takes(name):
    value = tiny.experiment()
    splits = value["datasets"]["shell_game"]["splits"]
    splits[name] = splits["test"]
    with pytest.raises(InputError, match=r"config: datasets\.shell_game\.splits: .* and _ only"):
        experiment.check(value)


def test_the_names_of_splits_may_begin_with_what_prepare_takes():
    value = tiny.experiment()
    splits = value["datasets"]["shell_game"]["splits"]
    splits |= {"_2016": splits["test"], "2017": splits["test"]}
    experiment.check(value)
    dataset.parse({"task": "multiple_choice", "pairs": ["en"], "splits": splits})


@pytest.mark.parametrize(
    ("decodings", "message"),
    [
        (
            {"greedy": {}, "x": {"warmup": "oracle"}},
            r"config: decodings\.x\.warmup: unknown 'oracle'; choose from: best_of_n, gold_prefix, "
            "own, shuffled",
        ),
        (
            {"greedy": {}, "x": {"warmup": "shuffled", "samples": 3}},
            r"config: decodings\.x\.samples: warmup shuffled takes no samples",
        ),
        ({"greedy": {"samples": 3}}, r"decodings\.greedy\.samples: warmup own takes no samples"),
        ({"x": {"warmup": "shuffled"}}, "config: decodings: at least one must have warmup: own"),
        ({"x": {"warmup": "best_of_n", "samples": 0}}, r"decodings\.x\.samples: 0 is less than"),
    ],
)
def test_a_wrong_decoding_is_explained(decodings, message):
    with pytest.raises(InputError, match=message):
        experiment.check(tiny.experiment(decodings=decodings))


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_configuration_is_refused(value):
    with pytest.raises(InputError, match=r"config: .* is not of type 'object'"):
        experiment.check(value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("method", None, "x: missing key 'method'"),
        ("seed", None, "x: missing key 'seed'"),
        ("method.sampling", None, r"x: missing key 'method\.sampling'"),
        ("method.sampling.samples", None, r"x: missing key 'method\.sampling\.samples'"),
        ("method.reference_kl.updates", None, r"x: missing key 'method\.reference_kl\.updates'"),
        ("dataset.task", None, r"x: missing key 'dataset\.task'"),
        ("model.architecture", None, r"x: missing key 'model\.architecture'"),
        ("method.batch_size", 0, "x: method.batch_size: 0 is less than the minimum of 1"),
        ("method.sampling.samples", "4", "x: method.sampling.samples: '4' is not of type"),
        ("model.dtype", "float16", "is not one of: float32, bfloat16"),
        ("run.pair", None, r"x: missing key 'run\.pair'"),
        ("run.experiment", 3, r"x: run\.experiment: 3 is not of type 'string'"),
        ("method.warmup", {}, "x: method: unknown key 'warmup', which is now sampling; valid keys"),
        ("method.pass_tokens", 9, "'pass_tokens', which is now max_tokens_per_microbatch; valid"),
        ("method.sampling.anchor", {}, "'anchor', which is now reference_kl of the method; valid"),
        (
            "method.sampling.adaptive_samples",
            {"flat": 1},
            "'flat', which is now ess_fraction; valid",
        ),
        ("dataset", [], r"x: dataset: \[\] is not of type 'object'"),
        (
            "dataset.max_source_token",
            9,
            r"x: dataset: unknown key 'max_source_token'; valid keys: ",
        ),
        ("model.seperator", "</s>", r"x: model: unknown key 'seperator'; valid keys: "),
        ("run.kind", "x", r"x: run: unknown key 'kind'; valid keys: "),
        ("run.seed", "1", r"x: run\.seed: '1' is not of type 'integer'"),
        ("seed", 7, "x: seed is 7, but that of 'run' is 1$"),
        ("name", "a/b", "x: name is 'a/b', but that of 'run' is 'shell_game/en/t5/warmup/seed1'$"),
        ("run.task", "translation", "x: dataset.task is 'multiple_choice', but that of 'run' is"),
    ],
)
def test_a_damaged_run_is_explained(path, value, message):
    run = tiny.resolved("warmup")
    *parents, last = path.split(".")
    place = run
    for part in parents:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(InputError, match=message):
        experiment.read_run(run, "x")


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("bleurt", {}, "unknown neural metric 'bleurt'; choose from: bertscore, comet"),
        ("comet", {"tasks": ["poetry"]}, "comet.tasks: unknown 'poetry'; choose from: multiple"),
        ("comet", {"local": "x", "hub": "a/b"}, "needs exactly one of hub and local"),
        ("comet", {"local": None}, "is not of type 'string'"),
        ("comet", {"hub": "a/b"}, "hub and revision go together"),
        ("comet", {"hub": "a/b", "revision": "main"}, "'main' does not match"),
        ("comet", {"hub": "a/b", "revision": "0" * 40}, "missing key 'encoder_revision'"),
        ("comet", {"local": "x", "layer": 3}, "comet: layer has no meaning here"),
        ("bertscore", {"local": "x"}, "bertscore: missing key 'layer'"),
        ("bertscore", {"local": "x", "layers": 1}, "unknown key 'layers'; valid keys: batch_size,"),
    ],
)
def test_a_neural_metric_that_is_incomplete_is_refused(name, entry, message):
    value = tiny.experiment(neural_metrics={name: {"tasks": ["translation"]} | entry})
    with pytest.raises(InputError, match=re.escape(message)):
        experiment.check(value)


@pytest.mark.parametrize(
    ("resources", "processes"), [({"gpus": 3}, 3), ({"nodes": 3}, 3), ({"nodes": 2, "gpus": 8}, 16)]
)
def test_processes_that_do_not_divide_the_batch_are_refused(resources, processes):
    with pytest.raises(
        InputError, match=f"method sft: batch_size 8: not divisible by {processes} processes"
    ):
        experiment.check(tiny.experiment(resources=resources))
    experiment.check(tiny.experiment(resources={"nodes": 2, "gpus": 4}))


@pytest.mark.parametrize(("name", "wrong", "nearest"), [
    ("t5", "num_head", "num_heads"), ("bart", "d_modl", "d_model"),
])  # fmt: skip
def test_a_setting_that_a_model_type_lacks_is_refused_before_any_job(name, wrong, nearest):
    value = tiny.experiment()
    value["models"][name]["scratch"][wrong] = 3
    message = (
        rf"models\.{name}\.scratch\.{wrong}: not a setting of {name}; the nearest is {nearest};"
    )
    with pytest.raises(InputError, match=message):
        experiment.check(value)


def test_the_settings_that_are_known_are_those_of_transformers():
    transformers = pytest.importorskip("transformers")
    for model_type in tiny.SCRATCH:
        config = transformers.AutoConfig.for_model(model_type)
        found = scratch_settings.known(model_type)
        assert found
        every = {*config.to_dict(), *config.attribute_map}
        ours = {"model_type", "transformers_version", "_name_or_path"}  # not settings of a network
        assert every - ours <= found
    assert scratch_settings.known("t6") is None


def test_a_translation_needs_two_languages():
    value = tiny.experiment()
    value["datasets"]["shell_game"] |= {"task": "translation", "pairs": ["en_DE"]}
    value["runs"][0].pop("pairs", None)
    with pytest.raises(InputError, match="pairs: 'en_DE' is one language; translation needs two"):
        experiment.check(value)
