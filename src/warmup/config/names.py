"""What people read of models and data sets: their labels, and which come first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from warmup.common.keys import Setting


@dataclass(frozen=True)
class Names:
    """Labels and order of the models and data sets of an experiment."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Name -> what people read; without a label they read the name."""
    order: Sequence[str] = ()
    """Those that come first, in this order."""

    def data(self, setting: Setting) -> str:
        """Return what people read of data set and pair; as `Setting.data`."""
        return setting.data_called(self.labels.get(setting.dataset, setting.dataset))

    def model(self, name: str) -> str:
        """Return what people read of a model."""
        return self.labels.get(name, name)

    def rank(self, name: str) -> tuple[int, str]:
        """Return the sort key of a model or data set: as in `order`, then by name."""
        place = self.order.index(name) if name in self.order else len(self.order)
        return place, name


UNKNOWN = Names()
"""Nothing is known: names are shown as they are, and sorted."""
