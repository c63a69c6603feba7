"""Make records of rows: which column is what, and what its value may be."""

import re
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from warmup.common.errors import InputError
from warmup.common.languages import Pair, is_code
from warmup.common.texts import nfc
from warmup.data.records import IncompleteError, Record

FIELDS = (
    "source", "target", "targets", "question", "choices", "answer", "answers", "explanation",
    "features", "id",
)  # fmt: skip
_LISTS = ("targets", "choices")  # these may name several columns
_LETTER = re.compile(r"(?:\(([A-Z])\)\s*|([A-Z])(?:\)\s*|[.:](?:\s+|$)))(.*)", re.DOTALL)
"""`(A) yes`, `(A)yes`, `A) yes`, `A)yes`, `A. yes` and `A: yes`, or the letter alone."""
_FIXED = "fixed"


def resolve(fields: Mapping[str, Any], pair: Pair, where: str) -> dict[str, Any]:
    """Return which column each part of a record is in, checked.

    `{en: 0, de: 1}` becomes `{source: 0, target: 1}` or the reverse, by the direction of the pair.

    Raises:
        InputError: an unknown field, one that is missing, a column that is not a name or number, or
            options or labels that are not texts.
    """
    resolved = dict(fields)
    if "source" not in fields and not pair.monolingual:
        for language in (pair.source, pair.target):
            if language not in fields:
                raise InputError(
                    f"{where}: fields needs source and target, or the languages {pair.source} and "
                    f"{pair.target}; it has {', '.join(map(str, fields)) or 'nothing'}"
                )
        sides = {pair.source: "source", pair.target: "target"}
        # there may be languages of other pairs, too
        named = {sides.get(key, key): column for key, column in fields.items()}
        resolved = {
            key: column for key, column in named.items() if key in FIELDS or not is_code(str(key))
        }
    for key, column in resolved.items():
        if key not in FIELDS:
            raise InputError(f"{where}: unknown field {key!r}; valid fields: {', '.join(FIELDS)}")
        if key == "answers" or (key == "choices" and isinstance(column, Mapping)):
            resolved[key] = _given(key, column, f"{where}: field {key}")
            continue
        columns = column if key in _LISTS and isinstance(column, list) else [column]
        for item in columns:
            if not isinstance(item, str | int) or isinstance(item, bool):
                raise InputError(f"{where}: field {key}: {item!r} is not a column name or number")
    if "source" not in resolved:
        raise InputError(f"{where}: fields has no 'source'")
    if ("choices" in resolved) != ("answer" in resolved):
        raise InputError(f"{where}: fields needs both 'choices' and 'answer', or neither")
    if sum(key in resolved for key in ("target", "targets", "choices")) != 1:
        raise InputError(f"{where}: fields needs exactly one of 'target', 'targets' and 'choices'")
    if "answers" in resolved and "answer" not in resolved:
        raise InputError(f"{where}: fields needs 'answer', the column of the labels in 'answers'")
    return resolved


def _given(key: str, value: Any, where: str) -> dict[str, Any]:
    """Return options that are the same in each row, or the options that labels stand for.

    Raises:
        InputError: the value has another form.
    """
    if key == "choices":
        options = value.get(_FIXED)
        if value.keys() == {_FIXED} and isinstance(options, list) and len(options) > 1:
            return {_FIXED: [_scalar(option, where) for option in options]}
        raise InputError(f"{where}: give a column, columns, or {{fixed: [True, False, Unknown]}}")
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: must be label: option, such as {{Uncertain: Unknown}}")
    return {_scalar(label, where): _scalar(option, where) for label, option in value.items()}


def _scalar(value: Any, where: str) -> str:
    """Return a value of YAML as text; `True` and `False` as they are usually written there."""
    if not isinstance(value, str | int | float):
        raise InputError(f"{where}: {value!r} is not a text")
    return str(value).strip()


def make(
    row: Mapping[Any, Any], fields: Mapping[str, Any], pair: Pair, where: str, number: int
) -> Record:
    """Return the record of a row; `fields` is what `resolve` returned.

    Args:
        row: column name or number -> value.
        fields: part of a record -> column, or columns.
        pair: languages of the record.
        where: `file:line`, which begins each error message.
        number: the record's id if no field gives one.

    Raises:
        IncompleteError: a column is missing or empty.
        InputError: its value is of the wrong type.
    """
    columns = {key: item for key, item in fields.items() if not isinstance(item, Mapping)}
    cells = {key: _cell(row, column, where, key) for key, column in columns.items()}
    texts: dict[str, Any] = {
        key: _text(cells[key], f"{where}: {key}")
        for key in ("source", "question", "explanation", "features")
        if key in cells
    }
    if not isinstance(cells.get("choices", []), list):
        raise InputError(f"{where}: choices must be a list of texts, or be in several columns")
    if isinstance(fixed := fields.get("choices"), Mapping):
        choices = list(fixed[_FIXED])
    else:
        choices = _unlabelled(_texts(cells.get("choices", []), f"{where}: choices"))
    targets = _texts(cells.get("targets", cells.get("target", [])), f"{where}: target")
    answer = None
    if "answer" in cells:
        label = cells["answer"]
        meant = fields.get("answers", {}).get(str(label).strip(), label)
        # a label that is the text of a fixed option is nothing else: 1 is not a number of an option
        text = str(meant).strip()
        known = isinstance(fixed, Mapping) and text in choices
        answer = choices.index(text) if known else _index(meant, choices, where)
    identifier = _identifier(cells.get("id", number), f"{where}: id")
    try:
        return Record(
            id=identifier,
            targets=targets,
            source_lang=pair.source,
            target_lang=pair.target,
            choices=choices,
            answer=answer,
            **texts,
        )
    except InputError as error:
        raise type(error)(f"{where}: {error}") from None


def _cell(row: Mapping[Any, Any], column: Any, where: str, key: str) -> Any:
    if isinstance(column, list):
        return [_cell(row, item, where, key) for item in column]
    if column in row:
        return row[column]
    value: Any = row
    for name in str(column).split("."):  # translation.en is within the object of `translation`
        if not isinstance(value, Mapping) or name not in value:
            raise IncompleteError(
                f"{where}: no column {column!r} for {key}; there is {', '.join(map(str, row))}"
            )
        value = value[name]
    return value


def _text(value: Any, where: str) -> str:
    """Return text without the spaces around it; a list of sentences is joined by spaces."""
    if isinstance(value, list):
        return " ".join(_text(item, where) for item in value)
    if not isinstance(value, str):
        kind = IncompleteError if value is None else InputError
        raise kind(f"{where} must be text or a list of texts, not {type(value).__name__}")
    return value.strip()


def _texts(value: Any, where: str) -> list[str]:
    return [_text(item, where) for item in (value if isinstance(value, list) else [value])]


def _identifier(value: Any, where: str) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise InputError(f"{where} must be text or a whole number, not {type(value).__name__}")
    return str(value).strip()


def _split_letter(text: str) -> tuple[str, str]:
    """Return the letter that an option begins with, or an empty text, and the rest."""
    if not (found := _LETTER.fullmatch(text)):
        return "", text
    return found[1] or found[2], found[3].strip()


def _unlabelled(choices: list[str]) -> list[str]:
    """Return options without their letters, if every one begins with its own, as in `A) yes`."""
    split = [_split_letter(text) for text in choices]
    expected = list(ascii_uppercase[: len(choices)])
    if choices and [letter for letter, _ in split] == expected and all(rest for _, rest in split):
        return [rest for _, rest in split]
    return choices


def _index(answer: Any, choices: list[str], where: str) -> int:
    """Return the index of the answer: a number from 0, a letter, or the text of an option."""
    if isinstance(answer, int) and not isinstance(answer, bool):
        return answer
    if not isinstance(answer, str):
        kind = IncompleteError if answer is None else InputError
        raise kind(
            f"{where}: answer must be a number from 0, a letter or the text of an option, "
            f"not {type(answer).__name__}"
        )
    text = nfc(answer.strip())
    options = list(zip(ascii_uppercase, map(nfc, choices), strict=False))
    letter, rest = _split_letter(text)
    readings = {
        i
        for i, (own, option) in enumerate(options)
        if text == option or text.upper() == own or (letter == own and rest in ("", option))
    }
    readings |= {i for i in range(len(options)) if text == str(i)}
    if len(readings) != 1:
        problem = "could be several options" if readings else "is not an option"
        raise InputError(
            f"{where}: answer {answer!r} {problem}; give a number from 0, a letter, or the text "
            "of one option"
        )
    return readings.pop()
