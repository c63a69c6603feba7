"""What Snakemake says on the terminal: a line per job, and at the end a line per job that failed.

Snakemake's own lines stay in its log, `.snakemake/log/`, and with `--verbose` on the terminal.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

HIDDEN = (
    "Building DAG", "Using shell", "Provided", "Rules claiming", "Group jobs: inactive",
    "Conda environments: ignored", "Singularity containers: ignored", "Select jobs to execute",
    "Execute ", "DAG of jobs will be updated", "Updating checkpoint dependencies", "Reasons:",
    "Some jobs were triggered by provenance", "Rules with provenance triggered",
    "The run involves checkpoint jobs", "Shutting down, this might",
    "Exiting because a job execution failed", "Complete log(s)", "Elapsed time", "Finished job",
    "Removing output files of failed job", "Restored previous version of", "Cannot restore",
    "Assuming unrestricted shared filesystem",
)  # fmt: skip
"""Beginnings of messages that say nothing about the experiment."""
USUAL_REASONS = ("Missing output files", "Input files updated by another job", "Forced execution")
"""Beginnings of the reasons of a job that need not be said."""
LAST_LINES = 15
"""Lines of a log that are shown if the last one is not an error of ours."""
LONGEST_REASON = 70
_DRY_END = "Nothing was run. More jobs can be due when the data are prepared."


class JobLines(logging.Handler):
    """Prints records of Snakemake's logger."""

    def __init__(
        self,
        stream: TextIO,
        dry_run: bool = False,
        closing: Callable[[], Iterable[str]] = tuple,
        clock: Callable[[], str] = lambda: time.strftime("%H:%M:%S"),
    ) -> None:
        """Print to a stream.

        Args:
            stream: of the terminal, or what takes its place.
            dry_run: whether jobs are only listed.
            closing: returns lines that end a dry run.
            clock: returns the time of day.
        """
        super().__init__()
        self.stream, self.dry_run, self.closing, self.clock = stream, dry_run, closing, clock
        self.colour = stream.isatty() and "NO_COLOR" not in os.environ
        self.titles: dict[int, str] = {}
        self.failed: dict[int, str] = {}
        """Job -> what went wrong, unless a later attempt succeeded."""
        self.done = self.total = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a record says, if it says something about the experiment."""
        try:
            for line in self.lines(record):
                red = self.colour and line.startswith("error: ")
                print(f"\033[31m{line}\033[0m" if red else line, file=self.stream, flush=True)
        except BrokenPipeError:
            raise
        except Exception:
            self.handleError(record)

    def lines(self, record: logging.LogRecord) -> list[str]:
        """Return the lines that a record becomes."""
        of_event: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
            "job_info": self._job,
            "job_error": self._failure,
            "job_finished": self._finished,
            "progress": self._progress,
            "run_info": self._statistics,
            "resources_info": lambda fields: [],
            "shellcmd": lambda fields: [f"    {text}"] if (text := fields["shellcmd"]) else [],
        }
        found = of_event.get(str(getattr(record, "event", None)))
        if found:
            return found(record.__dict__)
        text = str(record.msg or "")
        return self._error(text) if record.levelno >= logging.ERROR else self._message(text)

    def _finished(self, fields: Mapping[str, Any]) -> list[str]:
        self.failed.pop(fields["job_id"], None)
        return []

    def _progress(self, fields: Mapping[str, Any]) -> list[str]:
        self.done, self.total = fields["done"], fields["total"]
        return [f"{self.total} of {self.total} jobs done"] if self.done == self.total else []

    def _statistics(self, fields: Mapping[str, Any]) -> list[str]:
        """Return the table of jobs; a dry run has it at its end only."""
        self.total = fields.get("stats", {}).get("total", 0)
        is_first_of_two = self.dry_run and not self.titles
        return [] if is_first_of_two else ["", str(fields["msg"]).strip(), ""]

    def _message(self, text: str) -> list[str]:
        if text.startswith("This was a dry-run"):
            return [_DRY_END, *self.closing()]
        if found := re.match(r"Trying to restart job (\d+)", text):
            return [f"{self.clock()}  once more: {self.titles.get(int(found[1]), 'a job')}"]
        return [] if not text or text.startswith(HIDDEN) else [text]

    def _job(self, fields: Mapping[str, Any]) -> list[str]:
        title = self.titles[fields["jobid"]] = fields["rule_msg"] or f"Rule {fields['rule_name']}"
        reason = str(fields["reason"] or "")
        if reason and not reason.startswith(USUAL_REASONS):
            reason = " ".join(reason.split())
            cut = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"
            title += f"  ({cut})"
        if self.dry_run:
            return [f"  {title}"]
        count = f"{self.done}/{self.total}" if self.total else ""
        return [f"{self.clock()}  {count:>{2 * len(str(self.total)) + 1}}  {title}"]

    def _failure(self, fields: Mapping[str, Any]) -> list[str]:
        """Return what is said at once when a job has failed; keep what is said at the end."""
        title = self.titles.get(fields["jobid"], f"Rule {fields['rule_name']}")
        said, shown = read_problem([Path(path) for path in fields["log"]])
        # what the executor knows, such as that Slurm cancelled the job
        also = [" ".join(str(fields["rule_msg"]).split())] if fields.get("rule_msg") else []
        self.failed[fields["jobid"]] = "; ".join([f"error: {title}: {said}", *also])
        return [*shown, f"{self.clock()}  failed: {title}", *also]

    def _error(self, text: str) -> list[str]:
        if "CalledProcessError" in text or text.startswith(HIDDEN):
            return []  # the line of the job says why
        if "At least one job did not complete successfully" in text and self.failed:
            count = f"{len(self.failed)} job" + ("s" if len(self.failed) > 1 else "")
            again = "Start the same command again to go on: what is finished stays."
            return ["", f"{count} failed. {again}", "", *self.failed.values()]
        if found := re.match(r"MissingRuleException:\s*No rule to produce (\S+)", text):
            return [
                f"error: {found[1]}: not a run, a rule, or a file that is made here; `warmup "
                "config runs` lists the runs, `snakemake --list` the rules"
            ]
        return [text]


def read_problem(logs: Sequence[Path]) -> tuple[str, list[str]]:
    """Return in one line why a job failed, and the end of its log if that line is not in it.

    Args:
        logs: of the job; some may not exist.
    """
    there = [path for path in logs if path.is_file()]
    where = f"see {there[0]}" if there else "it wrote no log"
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in there]
    of_logs = [[line.rstrip() for line in text.splitlines() if line.strip()] for text in texts]
    lines = [line for of_log in of_logs for line in of_log]
    last = [line for of_log in of_logs for line in of_log[-5:]]
    if ours := [line for line in last if line.startswith(("error: ", "stopped: "))]:
        return f"{ours[-1].partition(': ')[2]} ({where})", []
    if any(line.startswith("Traceback") for line in lines):
        return f"{lines[-1]} ({where})", lines[-LAST_LINES:]
    final = f"; its last line was: {of_logs[0][-1]}" if of_logs and of_logs[0] else ""
    killed = "it ended without an error message, as a process that was killed does"
    return f"{killed}{final} ({where})", []


def install(logger: logging.Logger, **settings: Any) -> None:
    """Let a `JobLines` print what Snakemake's own handler for the terminal would.

    Args:
        logger: Snakemake's.
        settings: arguments of `JobLines`, without the stream.
    """
    for handler in list(logger.handlers):
        if handler.name == "DefaultStreamHandler":
            own = JobLines(getattr(handler, "stream", sys.stderr), **settings)
            for one in handler.filters:  # what --quiet and --printshellcmds ask for
                own.addFilter(one)
            logger.removeHandler(handler)
            logger.addHandler(own)
