"""Metrics for any text: exact match, and the error rates of words, characters and translations."""

import pytest
from sacrebleu.metrics import TER

from warmup.common.errors import InputError
from warmup.evaluation import metrics
from warmup.evaluation.metrics import Corpus


def value(name, outputs, references, language="en"):
    metric, corpus = metrics.load(name), Corpus(outputs, references, language)
    return float(metric.aggregate(metric.statistics(corpus).sum(axis=0)))


def test_exact_match_counts_outputs_that_are_a_reference_apart_from_spaces_around_them():
    outputs = ["True", " True\n", "true", "", "Not known"]
    references = [["True"], ["False", "True"], ["True"], ["True"], ["Not  known"]]
    assert value("exact_match", outputs, references) == 40


def test_word_error_rate_sums_edits_of_words_over_all_items():
    # 1 replaced, 1 left out and 1 inserted; 6 + 2 words
    outputs = ["the cat sit on mat", "hello big world"]
    references = [["the cat sat on the mat"], ["hello world"]]
    assert value("wer_edits", outputs, references) == 100 * 3 / 8
    assert value("wer", outputs, references) == 100  # no output is right


def test_character_error_rate_counts_spaces_within_the_text_only():
    assert value("cer", [" kitten "], [["sitting"]]) == pytest.approx(100 * 3 / 7)
    assert value("cer", ["ab"], [["a b"]]) == pytest.approx(100 / 3)
    assert value("cer", ["猫坐"], [["猫站"]]) == 50


def test_of_several_references_the_one_with_the_smallest_share_of_edits_counts():
    assert value("wer_edits", ["a b"], [["x y z", "a c"]]) == 50


def test_an_output_longer_than_its_reference_can_have_more_than_100_percent_of_errors():
    assert value("wer_edits", ["a b c"], [["x"]]) == 300


def test_a_reference_without_words_is_refused():
    for name in ("wer_edits", "cer"):
        with pytest.raises(InputError, match=f"{name}: a reference of item 2 is empty"):
            value(name, ["a", "b"], [["a"], ["  "]])


OUTPUTS = ["on the mat sat the cat", "Hello World", "nothing of that"]
REFERENCES = [["the cat sat on the mat", "a cat sat"], ["hello world", "hi"], ["all of this", "b"]]


def test_ter_is_that_of_sacrebleu():
    streams = [list(texts) for texts in zip(*REFERENCES, strict=True)]
    expected = TER().corpus_score(OUTPUTS, streams)
    assert value("ter", OUTPUTS, REFERENCES) == pytest.approx(expected.score, abs=1e-12)
    signature = metrics.load("ter").signature(Corpus(OUTPUTS, REFERENCES, "en"))
    assert signature.startswith("nrefs:2|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:")


def test_ter_compares_characters_of_languages_without_spaces():
    outputs, references = ["猫坐在垫子上"], [["猫站在垫子上"]]
    asian = TER(normalized=True, asian_support=True).corpus_score(outputs, [["猫站在垫子上"]])
    for language in ("zh", "zho_Hans", "ja"):
        assert value("ter", outputs, references, language) == pytest.approx(asian.score)
    assert value("ter", outputs, references) == 100
