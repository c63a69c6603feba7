"""What people read of models and data sets: their labels, and which come first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from warmup.common import languages
from warmup.common.errors import InputError
from warmup.common.keys import Setting


@dataclass(frozen=True)
class Names:
    """Labels and order of the models and data sets of an experiment."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Name -> what people read; see `by_name` for those that are absent."""
    order: Sequence[str] = ()
    """Those that come first, in this order."""

    def data(self, setting: Setting) -> str:
        """Return what people read of a data set, its pair, and its split unless it is `test`.

        A single language has its English name, a pair its codes: `Shell game (English)`,
        `Multi30k (en→de), test 2016`.
        """
        name = self.labels.get(setting.dataset) or by_name(setting.dataset)
        split = "" if setting.split in ("train", "test") else f", {setting.split.replace('_', ' ')}"
        return f"{name} ({_languages(setting.pair)}){split}"

    def model(self, name: str) -> str:
        """Return what people read of a model."""
        return self.labels.get(name) or by_name(name)

    def setting(self, setting: Setting, between: str = ", ") -> str:
        """Return what people read of data and model, with a text between them."""
        return f"{self.data(setting)}{between}{self.model(setting.model)}"

    def rank(self, name: str) -> tuple[int, str]:
        """Return the sort key of a model or data set: as in `order`, then by name."""
        place = self.order.index(name) if name in self.order else len(self.order)
        return place, name


UNKNOWN = Names()
"""Nothing is known: labels are made of the names, which are sorted."""


def by_name(name: str) -> str:
    """Return the label of a name: `shell_game` is `Shell game`, `mT5-base` remains."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:] if words == words.lower() else words


def _languages(pair: str) -> str:
    try:
        parsed = languages.parse_pair(pair)
    except InputError:  # a mean over pairs
        return pair
    if parsed.source == parsed.target:
        return languages.find(parsed.source).name
    return f"{parsed.source}→{parsed.target}"
