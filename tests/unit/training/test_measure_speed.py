"""The times that `warmup plan --measure` fits a machine to."""

from dataclasses import asdict

from warmup.pipeline.forecast import speed
from warmup.training import measure_speed


def test_each_network_is_timed_with_and_without_warmups(monkeypatch):
    monkeypatch.setattr(measure_speed, "SECONDS", 0.0)
    small = [
        (
            scratch | {"d_model": 64, "num_heads": 1, "d_ff": 64, "vocab_size": size},
            (2, 4, 4),
            (2, 3),
        )
        for size, (scratch, *_) in zip((60, 80, 500), measure_speed.NETWORKS, strict=True)
    ]
    monkeypatch.setattr(measure_speed, "NETWORKS", small)
    timings = [asdict(timing) for timing in measure_speed.measure("cpu", "float32", 1)]
    assert [timing["samples"] for timing in timings] == [0, 2] * 3
    assert all(timing["seconds"] > 0 for timing in timings)
    assert all(len(speed.features(timing)) == 5 for timing in timings)
