"""What jobs ask Slurm for."""

from warmup.pipeline.slurm import growing, training_devices


def test_each_attempt_asks_for_more():
    memory = growing(500)
    assert [memory(None, attempt) for attempt in (1, 2, 3)] == [500, 1000, 1500]


def test_what_a_training_run_asks_for_is_per_node():
    assert training_devices(1, 2) == {"gpu": 2}
    assert training_devices(2, 0) == {"nodes": 2, "tasks": 2, "mpi": "srun"}
    several = training_devices(2, 0)
    assert training_devices(2, 4) == several | {"gres": "gpu:4", "tasks_per_gpu": 0}
