"""Wildcards of jobs of the tiny experiment, and where its runs are."""

from types import SimpleNamespace

RUNS = "results/tiny/runs/shell_game/en/t5"


class Wildcards(SimpleNamespace):
    """Snakemake's wildcards: attributes that also unpack as keywords."""

    def keys(self):
        return vars(self).keys()

    def __getitem__(self, key):
        return vars(self)[key]


def run(method, seed="1", model="t5", **more):
    parts = {"dataset": "shell_game", "pair": "en", "model": model, "method": method, "seed": seed}
    return Wildcards(**parts, **more)
