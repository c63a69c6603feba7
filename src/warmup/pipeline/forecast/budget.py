"""What to leave out so that an experiment fits into a budget, in the order that costs least.

1. Seeds, down to two. A gain is seen less well, but every question is still asked, and two seeds
   still show how much seeds matter.
2. Controls, the dearest first. SFT with the same compute and with the same updates answer other
   questions than the gain itself; without them it may be due to more training.
3. Languages or data sets of a task, down to one each. The mean over pairs rests on fewer of them.
4. The second seed. Nothing is known of the spread over seeds then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from warmup.config.methods import BASELINE, FOCUS
from warmup.config.settings import ExperimentConfig, GridConfig


@dataclass(frozen=True)
class Step:
    """Something that is left out."""

    what: str
    how: str
    """What to change in the configuration."""
    config: ExperimentConfig


def steps(config: ExperimentConfig, cost: Callable[[ExperimentConfig], float]) -> Iterator[Step]:
    """Yield what is left out, one thing after the other, each with all before it.

    Args:
        config: the experiment.
        cost: returns the device hours of an experiment.
    """
    while _most_seeds(config) > 2:
        config = _fewer_seeds(config)
        yield Step(f"{_most_seeds(config)} seeds", _said_seeds(config), config)
    while controls := _controls(config):
        savings = {name: cost(config) - cost(_without(config, name)) for name in controls}
        name = max(controls, key=savings.__getitem__)
        config = _without(config, name)
        yield Step(f"without {name}", f"leave {name} out of runs.methods", config)
    while (smaller := _without_pair(config)) is not None:
        dropped, config = smaller
        yield Step(f"without {dropped}", f"leave {dropped} out of runs", config)
    if _most_seeds(config) > 1:
        config = _fewer_seeds(config)
        yield Step("1 seed", _said_seeds(config), config)


def _most_seeds(config: ExperimentConfig) -> int:
    return max(len(entry.seeds or config.seeds) for entry in config.runs)


def _said_seeds(config: ExperimentConfig) -> str:
    return f"seeds: [{', '.join(map(str, config.seeds))}]"


def _fewer_seeds(config: ExperimentConfig) -> ExperimentConfig:
    most = _most_seeds(config) - 1
    runs = tuple(
        replace(entry, seeds=entry.seeds[:most] if entry.seeds else None) for entry in config.runs
    )
    return replace(config, seeds=config.seeds[:most], runs=runs)


def _controls(config: ExperimentConfig) -> list[str]:
    """Return the methods that neither SFT nor warmup needs."""
    found: dict[str, None] = {}
    for entry in config.runs:
        kept = {BASELINE, FOCUS}
        while (
            more := {
                need for name in kept & entry.methods.keys() for need in entry.methods[name].needs
            }
            - kept
        ):
            kept |= more
        needed = {need for method in entry.methods.values() for need in method.needs}
        found |= dict.fromkeys(
            name for name in entry.methods if name not in kept and name not in needed
        )
    return list(found)


def _without(config: ExperimentConfig, method: str) -> ExperimentConfig:
    def of(entry: GridConfig) -> GridConfig:
        methods = {name: value for name, value in entry.methods.items() if name != method}
        return replace(entry, methods=methods)

    return replace(config, runs=tuple(map(of, config.runs)))


def _without_pair(config: ExperimentConfig) -> tuple[str, ExperimentConfig] | None:
    """Return the last language pair of the task that has most, and the experiment without it."""
    places: dict[str, list[tuple[str, str]]] = {}
    for entry in config.runs:
        for dataset in entry.datasets:
            for pair in config.datasets[dataset].pairs:
                if entry.pairs is None or pair in entry.pairs:
                    of_task = places.setdefault(config.datasets[dataset].task, [])
                    if (dataset, pair) not in of_task:
                        of_task.append((dataset, pair))
    task = max(places, key=lambda name: len(places[name]))
    if len(places[task]) < 2:
        return None
    dataset, pair = places[task][-1]
    rest = tuple(one for one in config.datasets[dataset].pairs if one != pair)
    if rest:
        datasets = {**config.datasets, dataset: replace(config.datasets[dataset], pairs=rest)}
        return f"{dataset} {pair}", replace(config, datasets=datasets)
    runs = tuple(
        replace(entry, datasets=tuple(name for name in entry.datasets if name != dataset))
        for entry in config.runs
    )
    return f"{dataset} {pair}", replace(config, runs=tuple(e for e in runs if e.datasets))
