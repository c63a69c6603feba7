"""The language that metrics and word lists depend on."""

from warmup.common import languages
from warmup.common.errors import InputError


def language(code: str) -> str:
    """Return the language of a code as in `warmup.common.languages`: `zh_CN` and `zho_Hans` are
    `zh`.

    Raises:
        InputError: the code is empty or unknown, so that the tokenizer cannot be chosen.
    """
    if not code:
        raise InputError(
            "the target language is empty (--target-lang): the tokenizer depends on it"
        )
    return languages.find(code).code
