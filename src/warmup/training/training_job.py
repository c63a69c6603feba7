"""One run as a job: train one model, on one data set and pair, by one method, with one seed."""

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate.utils import broadcast_object_list
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback

from warmup.common import provenance, register
from warmup.common.files import atomic, read_json, sha256, write_json
from warmup.config.conversion import to_json
from warmup.config.settings import RunConfig
from warmup.data.batches import Examples, check_positions
from warmup.data.token_files import Form
from warmup.models import loading, lora
from warmup.models.checkpoint_format import FORMAT_FILE, format_of, read_format, write_format
from warmup.models.interface import LanguageModel
from warmup.training import checkpoints, shared_runs, work_folder
from warmup.training.arguments import (
    WarmupConfig,
    is_first_process,
    process_count,
    training_arguments,
)
from warmup.training.callbacks import EndWhenAsked, Progress, PruneCheckpoints, RunClock
from warmup.training.sharded_trainer import ShardedTrainer
from warmup.training.summary import summarise
from warmup.training.trainer import WarmupTrainer


@dataclass(frozen=True)
class TrainingJob:
    """What is trained, from what, and where. Several processes can do a job together."""

    config: RunConfig
    """The run."""
    inputs: dict[str, Path]
    """`train` and `valid`: records. `start`: a tokenizer's folder for `start: scratch`, else a
    checkpoint's."""
    updates: int
    """Optimiser updates."""
    work: Path
    """Folder for checkpoints. A job that was interrupted resumes from them."""
    fresh: bool = False
    """Delete the checkpoints of another run instead of raising an error."""
    on_nan: Literal["stop", "skip"] = "stop"
    """What to do with an update that is NaN or infinite: `stop` or `skip`."""
    report_to: tuple[str, ...] = ()
    """Trackers of experiments that follow the training, such as `tensorboard`."""
    sharded: bool = False
    """Divide weights, gradients and optimiser state among the processes."""
    register: Path | None = None
    """Register of finished runs, see `warmup.common.register`; None to train in any case."""
    tokens: Path | None = None
    """Folder of token files, which several jobs can share; None for one in the work folder."""
    callbacks: Sequence[TrainerCallback] = ()
    """Callbacks of the trainer besides its own."""

    def run(self, output_dir: Path, keep_finished: bool = False) -> None:
        """Train, or resume, and write model/, training.json and provenance.json.

        The results are complete in the work folder before they are copied to the output folder. If
        the work folder has the results of this very run, they are only copied; so are those of an
        identical run in the register.

        Args:
            output_dir: folder for the results.
            keep_finished: keep the results in the work folder, too.

        Raises:
            InputError: bad input, the work folder is in use or another run's, or an update is NaN.
            StoppedError: the process was asked to end, and has written a checkpoint.
        """
        clock = RunClock(self.work / work_folder.RUN_CLOCK)
        is_first = is_first_process()
        with work_folder.lock(self.work) if is_first else contextlib.nullcontext():
            origin = self._provenance()  # before training, while which the code may be edited
            if not self._first_process_says(self._reuse_results, origin, output_dir):
                model, summary = self.train(clock)
                if is_first:
                    self._save(model, summary, origin | clock.read())
                    self._register(origin, output_dir)
            if is_first:
                work_folder.copy_finished(self.work, output_dir)
                tidy = work_folder.delete_checkpoints if keep_finished else work_folder.clear
                tidy(self.work)

    def train(self, *callbacks: TrainerCallback) -> tuple[LanguageModel, dict[str, Any]]:
        """Train, or resume from the latest checkpoint; return the best model and training.json.

        Args:
            callbacks: more of them.
        """
        method = self.config.method
        args = self._arguments()
        is_first = args.process_index == 0
        with args.main_process_first(local=False):
            if is_first:
                self._check_work_folder()
            checkpoint = checkpoints.latest_valid(self.work)
        model = load_start_model(self.config, self.inputs["start"])
        if is_first and self.config.model.lora:
            print(f"{self.config.name}  {lora.describe(model.network)}", file=sys.stderr)
        patience = [EarlyStoppingCallback(method.patience)] if method.patience else []
        progress = Progress(self.config.name)
        trainer_class = ShardedTrainer if self.sharded and process_count() > 1 else WarmupTrainer
        trainer = trainer_class(
            model,
            args,
            train_dataset=self._reader("train"),
            eval_dataset=self._reader("valid", self.config.dataset.validation_limit),
            callbacks=[progress, *patience, *self.callbacks, *callbacks],
        )
        if isinstance(trainer, ShardedTrainer):
            start = self.inputs["start"]
            trainer.start_network = lambda: load_start_model(self.config, start).network
        trainer.add_callback(PruneCheckpoints())
        trainer.add_callback(EndWhenAsked(trainer))
        trainer.remove_callback(PrinterCallback)  # `Progress` prints the same, legibly
        if checkpoint and is_first:
            print(f"{self.config.name}  resuming from {checkpoint.name}", file=sys.stderr)
        trainer.train_or_resume(checkpoint)
        # all processes have read the best checkpoint before the first one deletes it
        trainer.accelerator.wait_for_everyone()
        summary = {"config": to_json(self.config)}
        summary |= summarise(trainer.state, len(trainer.eval_dataset))
        return trainer.language_model, summary | {"texts": trainer.texts}

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """What determines the run. Checkpoints of any other run are of no use to it."""
        return {
            "config": to_json(self.config),
            "updates": self.updates,
            "data": {role: sha256(path) for role, path in sorted(self.inputs.items())},
            "sharded": self.sharded,
        }

    def _first_process_says(self, question: Callable[..., bool], *args: Any) -> bool:
        """Return the answer of the first process in all processes, so that all do the same."""
        is_first = self._arguments().process_index == 0
        answers = [question(*args) if is_first else None]
        return bool(broadcast_object_list(answers)[0])

    def _reuse_results(self, origin: dict[str, Any], output_dir: Path) -> bool:
        """Return whether the work folder has the results of this run; copy those of an equal run.

        Args:
            origin: the provenance of this run.
            output_dir: folder for the results.
        """
        name = self.config.name
        finished = self.work / work_folder.FINISHED
        # an earlier start may have finished the run without anybody who saw its end
        if finished.exists() and work_folder.is_finished(self.work, self.fingerprint):
            self._check_work_folder()
            print(f"{name}  was finished before: put in place", file=sys.stderr)
            return True
        if self.register and (
            run := register.find(self.register, self._shared_key(origin), shared_runs.hashes)
        ):
            self._check_work_folder()
            print(f"{name}  is identical to {run}: its results are copied", file=sys.stderr)
            self._copy_results(run, origin)
            self._register(origin, output_dir)
            return True
        return False

    def _register(self, origin: dict[str, Any], output_dir: Path) -> None:
        """Write the results in the work folder into the register, as those in the output folder."""
        if self.register:
            hashes = shared_runs.hashes(self.work / work_folder.FINISHED)
            register.add(self.register, self._shared_key(origin), output_dir, hashes)

    def _shared_key(self, origin: dict[str, Any]) -> str:
        return shared_runs.key(
            self.fingerprint, origin, on_nan=self.on_nan, threads=torch.get_num_threads()
        )

    def _check_work_folder(self) -> None:
        code = provenance.code_sha256()
        work_folder.check_fingerprint(self.work, self.fingerprint, code, self.fresh)

    def _provenance(self) -> dict[str, Any]:
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
        origin = provenance.collect(to_json(self.config), self.inputs, device)
        if self.config.model.lora:
            origin["packages"]["peft"] = lora.peft_version()
        return origin | {
            "processes": process_count(),
            "sharded": self.sharded and process_count() > 1,
        }

    def _save(self, model: LanguageModel, summary: dict[str, Any], origin: dict[str, Any]) -> None:
        """Write the results to the work folder, all of them or none."""
        with atomic(self.work / work_folder.FINISHED, replace=True) as temporary:
            loading.save(model, temporary / "model")
            write_format(temporary / "model", format_of(self.config))
            write_json(temporary / "provenance.json", origin)
            write_json(temporary / "training.json", summary)

    def _copy_results(self, run: Path, origin: dict[str, Any]) -> None:
        """Copy the results of an identical run to the work folder, under the names of this run."""
        own = {"config_sha256": origin["config_sha256"], "shared_from": str(run)}
        with atomic(self.work / work_folder.FINISHED, replace=True) as temporary:
            work_folder.copy_model(run / "model", temporary / "model")
            write_json(temporary / "provenance.json", read_json(run / "provenance.json") | own)
            summary = read_json(run / "training.json")
            write_json(temporary / "training.json", summary | {"config": to_json(self.config)})

    def _arguments(self) -> WarmupConfig:
        """Return the settings of the trainer."""
        job = {"on_nan": self.on_nan, "report_to": list(self.report_to)}
        return training_arguments(self.config, self.updates, self.work, **job)

    def _reader(self, role: str, limit: int | None = None) -> Callable[[LanguageModel], Examples]:
        """Return a function that reads records as tokens of a model."""
        dataset, path = self.config.dataset, self.inputs[role]

        def read(model: LanguageModel) -> Examples:
            examples = Examples(
                path,
                Form(dataset.task, dataset.max_source_tokens, dataset.max_target_tokens, limit),
                model.tokenizer,
                control=model.tokens.of_form,
                folder=self.tokens or self.work / work_folder.TOKENS,
            )
            check_positions(model.network, examples.input_ids.longest, f"{path}")
            return examples

        return read


def load_start_model(config: RunConfig, start: Path) -> LanguageModel:
    """Return the model that a run starts from, with an adapter if it trains one.

    Args:
        config: the run.
        start: a tokenizer's folder for `start: scratch`, else a checkpoint's.
    """
    if config.method.start == "scratch":
        model = loading.create(config.model, start, config.seed)
    else:
        # in float32 whatever the precision of the arithmetic: small updates would be lost
        model = loading.load(start, replace(config.model, dtype="float32"))
    has_format = (start / FORMAT_FILE).exists()
    knows_warmups = has_format and read_format(start).max_warmup_tokens is not None
    if config.method.sampling and not knows_warmups:
        loading.init_separator_from_eos(model)
    if config.model.lora:
        lora.adapt(model, config.model.lora, config.seed)
    return model
