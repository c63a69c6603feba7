"""The canonical example: every source yields it, every task reads it."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from warmup.common.errors import InputError
from warmup.common.files import read_places
from warmup.common.texts import check_nfc, is_blank


class IncompleteError(InputError):
    """A record has no source or no target."""


@dataclass(frozen=True)
class Record:
    """One example.

    A text that has only invisible characters counts as empty.

    Raises:
        IncompleteError: an empty source or target.
        InputError: an empty id, or an answer that no choice has.
    """

    id: str
    """Unique within its file."""
    source: str
    """The text to translate, summarise or reason about."""
    targets: list[str] = field(default_factory=list)
    """Acceptable outputs. The first is trained on, all are references."""
    source_lang: str = ""
    """Language code of the source, such as `en`."""
    target_lang: str = ""
    """Language code of the targets."""
    question: str = ""
    """Multiple choice: what is asked about the source."""
    choices: list[str] = field(default_factory=list)
    """Multiple choice: the options, labelled A, B, C, … in this order."""
    answer: int | None = None
    """Multiple choice: index of the right option."""
    explanation: str = ""
    """Multiple choice: text that the target gives after the label."""
    features: str = ""
    """Transduction: the form asked for, in UniMorph's format, such as `V;NOM(2,PL)`."""
    prefix: str = ""
    """Text to text: what the model reads before the source, with the space that follows it."""
    meta: dict[str, Any] = field(default_factory=dict)
    """Scalars kept for analysis, such as `lookahead`."""

    def __post_init__(self) -> None:
        self._check_input()
        if self.choices:
            if self.answer is None or not 0 <= self.answer < len(self.choices):
                raise InputError(
                    f"record {self.id!r}: answer {self.answer!r} is not an index of its "
                    f"{len(self.choices)} choices"
                )
        elif not self.targets:
            raise IncompleteError(f"record {self.id!r} has no target")
        if any(map(is_blank, self.targets)):
            raise IncompleteError(f"record {self.id!r} has an empty target")

    def _check_input(self) -> None:
        if not self.id:
            raise InputError("record has an empty id")
        if is_blank(self.source):
            raise IncompleteError(f"record {self.id!r} has an empty source")

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """Return the record with every text that a model or a metric sees changed."""
        return replace(
            self,
            source=change(self.source),
            targets=[*map(change, self.targets)],
            question=change(self.question),
            choices=[*map(change, self.choices)],
            explanation=change(self.explanation),
            features=change(self.features),
            prefix=change(self.prefix),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, leaving out what is empty."""
        return {key: value for key, value in vars(self).items() if value not in ("", [], {}, None)}


class Unlabelled(Record):
    """An example to generate from, whose target and answer are unknown."""

    def __post_init__(self) -> None:
        self._check_input()


T = TypeVar("T", bound=Record)


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_WithId)

_TYPES: dict[str, tuple[type, str]] = {
    "targets": (list, "a list of texts"),
    "choices": (list, "a list of texts"),
    "answer": (int, "a whole number"),
    "meta": (dict, "an object"),
}


def from_dict(row: dict[str, Any], where: str, kind: type[T]) -> T:
    """Return the `Record` or `Unlabelled` that a JSON object describes.

    Args:
        row: the object.
        where: `file:line`, the beginning of each error message.
        kind: the class to make.

    Raises:
        InputError: an unknown key, a missing key, or a value of the wrong type.
    """
    known = kind.__dataclass_fields__
    if extra := sorted(set(row) - set(known)):
        raise InputError(f"{where}: unknown key {extra[0]!r}; valid keys: {', '.join(known)}")
    for key in ("id", "source"):
        if key not in row:
            raise InputError(f"{where}: missing key {key!r}")
    for key, value in row.items():
        wanted, name = _TYPES.get(key, (str, "text"))
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise InputError(f"{where}: {key} must be {name}, not {type(value).__name__}")
    for key in ("targets", "choices"):
        if any(not isinstance(item, str) for item in row.get(key, [])):
            raise InputError(f"{where}: {key} must be a list of texts")
    try:
        return kind(**row)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a JSON lines file, as `warmup prepare` writes it.

    Raises:
        InputError: naming the line that is not a record, or whose text is not in NFC.
    """

    def read(where: str, row: dict[str, Any]) -> Record:
        def checked(text: str) -> str:
            check_nfc(text, where)
            return text

        return from_dict(row, where, Record).with_texts(checked)

    return unique((where, read(where, row)) for where, row in read_places(path))


def unique(records: Iterable[tuple[str, Item]]) -> Iterator[Item]:
    """Yield records or what is made of them, given with their places.

    Raises:
        InputError: two have the same id; names the places of both.
    """
    places = Places()
    for where, record in records:
        if earlier := places.earlier(record.id, where):
            raise InputError(f"{where}: id {record.id!r} was used before, at {earlier}")
        yield record


class Places:
    """Where each id was used first, in about 35 bytes per id; a `dict` needs 250.

    Ids are compared by 64 bits of a hash. It takes two of ten million different ids for the same
    with a probability of 3 in a million, and it is another one in each process.
    """

    def __init__(self) -> None:
        # a hash table: the place of `_hashes[i]` is `_places[i]`, and 0 is a free slot
        self._hashes, self._places = _zeros(1024), _zeros(1024)
        self._names: dict[str, int] = {}
        self._used = 0

    def earlier(self, identifier: str, where: str) -> str | None:
        """Return where the id was used before. If it was not, remember its place, `name:line`."""
        digest = hash(identifier) or 1
        slot = self._slot(digest)
        if self._hashes[slot]:
            number, line = divmod(self._places[slot], _LINES)
            return f"{[*self._names][number]}:{line}"
        name, _, last = where.rpartition(":")
        number = self._names.setdefault(name, len(self._names))
        self._hashes[slot], self._places[slot] = digest, number * _LINES + int(last)
        self._used += 1
        if 3 * self._used > 2 * len(self._hashes):
            self._grow()
        return None

    def _slot(self, digest: int) -> int:
        """Return the slot of a hash, or the free one where it belongs."""
        size = len(self._hashes)
        slot = digest % size
        while self._hashes[slot] not in (0, digest):
            slot = (slot + 1) % size
        return slot

    def _grow(self) -> None:
        hashes, places = self._hashes, self._places
        self._hashes, self._places = _zeros(2 * len(hashes)), _zeros(2 * len(hashes))
        for digest, place in zip(hashes, places, strict=True):
            if digest:
                slot = self._slot(digest)
                self._hashes[slot], self._places[slot] = digest, place


_LINES = 2**40  # more than any file has


def _zeros(size: int) -> "array[int]":
    return array("q", bytes(8 * size))
