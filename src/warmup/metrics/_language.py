"""Language codes, as far as metrics and word lists depend on the language."""

from warmup.errors import InputError

# ISO 639-3 codes, as FLORES writes them, of the languages which are treated apart here.
_TWO_LETTERS = {
    "eng": "en", "deu": "de", "fra": "fr", "rus": "ru",
    "zho": "zh", "cmn": "zh", "jpn": "ja", "kor": "ko",
}  # fmt: skip


def language(code: str) -> str:
    """Return the language of a code without region or script: `zh_CN` and `zho_Hans` are `zh`.

    Raises:
        InputError: the code is empty, so that the tokenizer cannot be chosen.
    """
    primary = code.replace("_", "-").split("-")[0].lower()
    if not primary:
        raise InputError(
            "the target language is empty (--target-lang): the tokenizer depends on it"
        )
    return _TWO_LETTERS.get(primary, primary)
