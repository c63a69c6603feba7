"""Translation: `translate English to German: A dog runs.` -> `Ein Hund rennt.`

The input is worded as in Raffel et al. 2020 (T5).
"""

from warmup.errors import InputError
from warmup.records import Record
from warmup.tasks import Input, Rendered

METRICS: tuple[str, ...] = ("bleu", "chrf++", "chrf")

LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "xh": "Xhosa", "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip
"""English names; a language that is not here is called by its code."""


def check(record: Record) -> None:
    """Raise an `InputError` if the record cannot be a translation."""
    if not record.targets:
        raise InputError(f"record {record.id!r} has no target, which translation needs")
    _check_languages(record)


def model_input(record: Record) -> Input:
    """Return what the model reads.

    Raises:
        InputError: a language is missing.
    """
    _check_languages(record)
    source, target = (
        LANGUAGES.get(code, code) for code in (record.source_lang, record.target_lang)
    )
    return Input(f"translate {source} to {target}: ", record.source)


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    return Rendered(
        input=model_input(record),
        target=record.targets[0],
        references=record.targets,
    )


def _check_languages(record: Record) -> None:
    if not record.source_lang or not record.target_lang:
        raise InputError(
            f"record {record.id!r} needs source_lang and target_lang, such as 'en' and 'de'"
        )
