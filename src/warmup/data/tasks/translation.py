"""Translation: `translate English to German: A dog runs.` -> `Ein Hund rennt.`

The input is worded as in Raffel et al. 2020 (T5).
"""

from warmup.common import languages
from warmup.common.errors import InputError
from warmup.data.records import Record
from warmup.data.tasks import Input, Rendered

METRICS: tuple[str, ...] = ("bleu", "chrf", "chrf++")
TWO_LANGUAGES = True


def check(record: Record) -> None:
    """Raise an `InputError` if the record cannot be a translation."""
    if not record.targets:
        raise InputError(f"record {record.id!r} has no target, which translation needs")
    _languages(record)


def model_input(record: Record) -> Input:
    """Return what the model reads.

    Raises:
        InputError: a language is missing or unknown.
    """
    source, target = _languages(record)
    return Input(f"translate {source} to {target}: ", record.source)


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    return Rendered(
        input=model_input(record),
        target=record.targets[0],
        references=record.targets,
    )


def _languages(record: Record) -> tuple[str, str]:
    """Return the names of the record's languages."""
    if not record.source_lang or not record.target_lang:
        raise InputError(
            f"record {record.id!r} needs source_lang and target_lang, such as 'en' and 'de'"
        )
    try:
        return languages.names(record.source_lang, record.target_lang)
    except InputError as error:
        raise InputError(f"record {record.id!r}: {error}") from None
