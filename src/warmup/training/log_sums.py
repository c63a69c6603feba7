"""Sums and means of what a training log reports, over updates, examples and processes."""

from collections.abc import Callable

import torch


class LogSums:
    """Gathers values between two lines of the log."""

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, value: torch.Tensor | float) -> None:
        """Add to a sum."""
        self._add(name, value, 0)

    def add_mean(self, name: str, values: torch.Tensor) -> None:
        """Add values [B] of which the log will report the mean."""
        self._add(name, values.sum(), len(values))

    def take(self, reduce: Callable[[torch.Tensor], torch.Tensor]) -> dict[str, float]:
        """Return all sums and means, sorted by name, and start anew.

        Args:
            reduce: returns the sum of a tensor over all processes.
        """
        results: dict[str, float] = {}
        for name in sorted(self._sums):
            pair = [float(self._sums[name]), float(self._counts[name])]
            total, count = reduce(torch.tensor(pair, dtype=torch.float64))
            results[name] = float(total) / (float(count) or 1.0)
        self._sums.clear()
        self._counts.clear()
        return results

    def _add(self, name: str, value: torch.Tensor | float, count: int) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + value
        self._counts[name] = self._counts.get(name, 0) + count
