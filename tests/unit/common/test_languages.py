"""One table of languages for data, prompts and metrics."""

import csv
from importlib import resources

import pytest

from warmup.common import languages
from warmup.common.errors import InputError
from warmup.common.languages import Language, find, is_code, parse_pair, primary_code
from warmup.data.dataset import parse
from warmup.data.records import Record
from warmup.data.sources._fields import resolve
from warmup.data.tasks import translation

NAMES = {
    "ar": "Arabic", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "xh": "Xhosa", "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu",
    "qaa": "qaa", "qab": "qab", "qtz": "qtz",
}  # fmt: skip
"""What prompts have called languages from the beginning."""


def prompt(source: str, target: str) -> str:
    record = Record("1", "x", ["y"], source_lang=source, target_lang=target)
    return translation.model_input(record).before


@pytest.mark.parametrize("code", NAMES)
def test_prompts_stay_as_they_were(code: str) -> None:
    other = "de" if code == "en" else "en"
    assert prompt(code, other) == f"translate {NAMES[code]} to {NAMES[other]}: "


@pytest.mark.parametrize(
    ("code", "name", "short"),
    [
        ("zh_CN", "Chinese", "zh"),
        ("zh-Hant", "Chinese", "zh"),
        ("zho_Hans", "Chinese", "zh"),
        ("zh_Hant_TW", "Chinese", "zh"),
        ("cmn", "Chinese", "zh"),
        ("pt-BR", "Portuguese", "pt"),
        ("pt_br", "Portuguese", "pt"),
        ("es-419", "Spanish", "es"),
        ("eng_Latn", "English", "en"),
        ("deu_Latn", "German", "de"),
        ("ger", "German", "de"),
        ("en_XX", "English", "en"),
        ("arb_Arab", "Arabic", "ar"),
        ("arz_Arab", "Egyptian Arabic", "arz"),
        ("pes_Arab", "Persian", "fa"),
        ("nb", "Norwegian Bokmål", "nb"),
        ("nob_Latn", "Norwegian Bokmål", "nb"),
        ("nn", "Norwegian Nynorsk", "nn"),
        ("jpn_Jpan", "Japanese", "ja"),
        ("hsb", "Upper Sorbian", "hsb"),
        ("liv", "Livonian", "liv"),
        ("EN", "English", "en"),
    ],
)
def test_spellings_of_data_sets(code: str, name: str, short: str) -> None:
    assert find(code) == Language(short, name)
    assert prompt(code, "fr") == f"translate {name} to French: "
    assert primary_code(code) == short


def test_two_forms_of_a_language_are_told_apart() -> None:
    assert prompt("zh_Hans", "zh_Hant") == "translate Chinese (zh_Hans) to Chinese (zh_Hant): "


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("zh_SIMPLIFIED", "zh (Chinese)"),
        ("cz", "cs (Czech)"),
        ("jp", "ja (Japanese)"),
        ("eng_Latin", "en (English)"),
        ("english", "en (English)"),
        ("german", "de (German)"),
        ("xx", ""),
        ("qua", ""),
        ("", ""),
    ],
)
def test_unknown_codes_are_refused_with_the_nearest(code: str, nearest: str) -> None:
    message = f"unknown language '{code}'; the nearest codes are .*"
    with pytest.raises(InputError, match=message) as caught:
        find(code)
    assert nearest in str(caught.value)
    assert str(caught.value).count("(") == 3
    if code:
        with pytest.raises(InputError, match=f"record '1': {message}"):
            prompt(code, "en")
        with pytest.raises(InputError, match=message):
            primary_code(code)


@pytest.mark.parametrize("text", ["cz", "en-cz", "xx-de"])
def test_a_pair_of_an_unknown_language_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"pairs: '{text}': unknown language '..'; the nearest"):
        parse({"task": "translation", "pairs": [text], "splits": {"test": {"type": "local"}}})


@pytest.mark.parametrize(
    ("text", "source", "target"),
    [
        ("en-zh_CN", "en", "zh_CN"),
        ("en-zh-Hant", "en", "zh-Hant"),
        ("pt-BR-en", "pt-BR", "en"),
        ("pt-br", "pt", "br"),
        ("zh-Hans-zh-Hant", "zh-Hans", "zh-Hant"),
        ("eng_Latn-deu_Latn", "eng_Latn", "deu_Latn"),
        ("en_XX-de_DE", "en_XX", "de_DE"),
        ("zh-Hant-TW", "zh-Hant-TW", "zh-Hant-TW"),
        ("qaa-qab", "qaa", "qab"),
    ],
)
def test_pairs_of_every_spelling(text: str, source: str, target: str) -> None:
    pair = parse_pair(text)
    assert (pair.source, pair.target, str(pair)) == (source, target, text)


def test_columns_of_other_languages_may_stand_beside() -> None:
    fields = {"en": 0, "zh-Hant": 1, "deu_Latn": 2, "id": 3}
    found = resolve(fields, parse_pair("en-zh-Hant"), "x")
    assert found == {"source": 0, "target": 1, "id": 3}
    with pytest.raises(InputError, match="unknown field 'xx'"):
        resolve(fields | {"xx": 4}, parse_pair("en-zh-Hant"), "x")


def test_every_code_of_widely_used_models_is_known() -> None:
    from transformers.models.m2m_100 import tokenization_m2m_100 as m2m
    from transformers.models.mbart50 import tokenization_mbart50 as mbart
    from transformers.models.nllb import tokenization_nllb as nllb

    codes = {*nllb.FAIRSEQ_LANGUAGE_CODES, *mbart.FAIRSEQ_LANGUAGE_CODES}
    codes |= {*m2m.FAIRSEQ_LANGUAGE_CODES["m2m100"]} - {"ns"}  # in no standard
    assert len(codes) > 300
    assert [code for code in sorted(codes) if not is_code(code)] == []


def test_no_code_and_no_name_is_of_two_languages() -> None:
    text = (resources.files("warmup.common") / "languages.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    codes = [code for row in rows for code in [row["code"], *row["other_codes"].split()]]
    assert len(set(codes)) == len(codes)
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(languages.is_code(code) for code in codes)
