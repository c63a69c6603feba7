"""Files of predictions of a run, and which of them are already there.

Snakemake deletes all outputs of a job before it runs the job again. So each file of predictions has
a second name in the work folder (a hard link, which takes no room), with a record of what it was
made from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import atomic, link_or_copy, read_json, sha256, write_json


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The predictions of a run for one split by one decoding."""

    run: Path
    """Folder of the run's results."""
    data: Path
    """Folder of its prepared data."""
    kept: Path
    """Folder of second names and records."""
    split: str
    decoding: str
    settings: Mapping[str, Any]
    """Entry of the decoding."""

    @property
    def predictions(self) -> Path:
        """Return the file of predictions."""
        return self.run / f"{self.split}.{self.decoding}.predictions.jsonl"

    @property
    def examples(self) -> Path:
        """Return the file of records that predictions are for."""
        return self.data / f"{self.split}.jsonl"

    def is_kept(self) -> bool:
        """Return whether predictions of this model, these data and settings are kept, undamaged."""
        return self._has_made(self._second_name)

    def is_in_place(self) -> bool:
        """Return whether the file of predictions is that of this model, these data and settings."""
        return self._has_made(self.predictions)

    def is_of_these(self) -> bool:
        """Return whether predictions of this model, these data and settings were made."""
        try:
            record = read_json(self._record)
            return bool(record == self._origin() | {"sha256": record["sha256"]})
        except (InputError, KeyError, TypeError):
            return False

    def keep(self) -> None:
        """Give the file of predictions its second name and its record."""
        with atomic(self._second_name) as temporary:
            link_or_copy(self.predictions, temporary)
        write_json(self._record, self._origin() | {"sha256": sha256(self.predictions)})

    def put_in_place(self) -> None:
        """Give the kept predictions the name of the results."""
        with atomic(self.predictions) as temporary:
            link_or_copy(self._second_name, temporary)

    def forget(self) -> None:
        """Delete the record, so that predictions are generated again."""
        self._record.unlink(missing_ok=True)

    @property
    def _second_name(self) -> Path:
        return self.kept / self.predictions.name

    @property
    def _record(self) -> Path:
        return self.kept / f"{self.split}.{self.decoding}.json"

    def _origin(self) -> dict[str, Any]:
        """Return what determines the predictions, and changes when they do."""
        return {
            "provenance": sha256(self.run / "provenance.json"),
            "examples": read_json(self.data / "summary.json")["splits"][self.split]["sha256"],
            "decoding": dict(self.settings),
        }

    def _has_made(self, path: Path) -> bool:
        """Return whether a file is the one of the record, and the record is of this evaluation."""
        try:
            record = read_json(self._record)
            return bool(record == self._origin() | {"sha256": sha256(path)})
        except (InputError, KeyError):  # something is missing or damaged
            return False
