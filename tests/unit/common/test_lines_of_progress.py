"""Long commands say how far they are."""

import pytest

from warmup.common import progress


def test_records_are_counted_while_they_are_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "EVERY", 1000)
    assert list(progress.counted(range(999), "train")) == list(range(999))
    assert capsys.readouterr().err == ""
    assert sum(1 for _ in progress.counted(iter(range(2500)), "train")) == 2500
    assert capsys.readouterr().err == "train: 1,000 records\ntrain: 2,000 records\n"
