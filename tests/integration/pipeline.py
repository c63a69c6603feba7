"""The pipeline on a tiny experiment, as people run it: `snakemake` in an empty folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from helpers import tiny

ROOT = Path(__file__).parents[2]
METHODS = ["sft", "sft_continued", "sft_compute", "warmup"]


def synthetic(generator, task, pair, **settings):
    source = {"type": "synthetic", "generator": generator, "settings": settings}
    return {
        "task": task,
        "pairs": [pair],
        "max_source_tokens": 40,
        "max_target_tokens": 8,
        "validation_limit": 20,
        "splits": {
            split: {**source, "size": size, "seed": seed}
            for split, size, seed in (("train", 200, 1), ("valid", 30, 2), ("test", 30, 3))
        },
    }


EXPERIMENT = tiny.experiment(
    datasets={
        "shell_game": synthetic("shell_game", "multiple_choice", "en", swaps=[2, 4]),
        "agreement": synthetic("agreement", "translation", "qaa-qab"),
        "tally": synthetic("tally", "summarization", "en"),
    },
    neural_metrics={"comet": {"tasks": ["translation"], "local": "out/of/reach"}},
    runs=[
        {"datasets": ["shell_game"], "models": ["t5"], "methods": METHODS},
        {"datasets": ["shell_game"], "models": ["llama"], "methods": ["sft", "warmup"]},
        {"datasets": ["agreement", "tally"], "models": ["t5"], "methods": ["sft"]},
    ],
)
RUNS = [
    *(f"shell_game/en/t5/{method}/seed1" for method in METHODS),
    *(f"shell_game/en/llama/{method}/seed1" for method in ("sft", "warmup")),
    "agreement/qaa-qab/t5/sft/seed1",
    "tally/en/t5/sft/seed1",
]


def command(folder, config, *arguments, root=ROOT):
    text = yaml.safe_dump(config)
    # a name of its own: tests in other processes may start in the same folder
    file = folder / f"config.{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml"
    if not file.exists():
        file.write_text(text)
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"),
        "--directory", str(folder), "--configfile", str(file),
        "--cores", "2", *arguments,
    ]  # fmt: skip


def copy_of_the_project(root):
    """Copy what a start of the pipeline needs to a folder; return the folder."""
    root.mkdir(parents=True)
    for part in ("Snakefile", "config", "src", "workflow", "profiles"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, root / part)
    return root


def environment(programs=None):
    """Return the environment of a start; jobs look for programs in `programs` first."""
    first = [str(programs)] if programs else []
    path = os.pathsep.join([*first, str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}


def snakemake(folder, config=EXPERIMENT, *arguments, root=ROOT, programs=None):
    """Run Snakemake in a folder; return its exit status and all that it prints."""
    done = subprocess.run(
        command(folder, config, *arguments, root=root),
        env=environment(programs), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def planned(output):
    """Return the number of jobs by rule, from a dry run."""
    table = output.split("Job stats:")[1].split("total")[0] if "Job stats:" in output else ""
    rows = [line.split() for line in table.splitlines()[3:]]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2}
