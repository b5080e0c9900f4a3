"""Snakemake's progress as people read it: a line for each job that starts, and how long it took.

`snakemake --logger rex`, as the profiles have it. On a terminal there is a bar for the whole, with
what is at work beside it. Dry runs and `--verbose` look as they always do; the whole of what
Snakemake says is in `.snakemake/log`.

Snakemake imports its plugins before it reads what `--configfile` names, there or in a profile, so a
file that it could not read is told here, in a line.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from logging import WARNING, LogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from rex.config_files import exit_unless_readable, read_settings

_SHOWN = ("Nothing to be done", "Complete log")
"""How messages begin that are told though they are of no job and no warning."""
_LINES = 15
"""Of a failed job's log."""
_BAR = "{percentage:3.0f}% {bar:20} {n}/{total} jobs in {elapsed}{postfix}"
_EVERY = 2.0
"""Seconds after which it says anew what is at work."""
_SHARE = re.compile(r" (\d+%)  ")
"""In a log: how far a job is."""
_TAIL = 1000
"""Bytes at the end of a log in which that is looked for."""


@dataclass(frozen=True)
class _Job:
    title: str
    logs: list[str]
    began: float


class LogHandler(LogHandlerBase):
    """Writes to stderr, plainly: jobs write there, too."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Begin with no jobs."""
        self._jobs: dict[int, _Job] = {}
        self._done = self._total = 0
        # none where there is no terminal
        self._bar = tqdm(disable=None, leave=False, bar_format=_BAR, dynamic_ncols=True)
        self._ended = threading.Event()
        if not self._bar.disable:
            threading.Thread(target=self._say_what_works, daemon=True).start()

    def emit(self, record: LogRecord) -> None:
        """Print the lines that a record is worth."""
        try:
            for line in self._lines(record):
                self._bar.write(line, file=sys.stderr)
                sys.stderr.flush()
        except Exception:  # as every handler of logging
            self.handleError(record)

    def close(self) -> None:
        """Take the bar away."""
        self._ended.set()
        self._bar.close()
        super().close()

    def _say_what_works(self) -> None:
        while not self._ended.wait(_EVERY):
            jobs = list(self._jobs.values())
            self._bar.set_postfix_str(", ".join(f"{job.title}{_share(job)}" for job in jobs))

    def _lines(self, record: LogRecord) -> list[str]:
        event = getattr(record, "event", None)
        if self.common_settings.dryrun or self.common_settings.verbose:
            plain = event not in (LogEvent.RULEGRAPH, LogEvent.JOB_STARTED)
            return [self.format(record)] if plain else []
        match event:
            case LogEvent.RUN_INFO:
                self._total = self._bar.total = vars(record)["stats"]["total"]
            case LogEvent.JOB_INFO:
                return [self._started(vars(record))]
            case LogEvent.JOB_FINISHED:
                return [self._finished(vars(record)["job_id"])]
            case LogEvent.JOB_ERROR:
                return self._failed(vars(record))
            case LogEvent.GROUP_ERROR:
                # its jobs are told of after it
                told = vars(record)
                return _failure(str(told["groupid"]), _names(told["aux_logs"]))
            case None | LogEvent.ERROR:
                text = record.getMessage()
                if record.levelno >= WARNING or text.startswith(_SHOWN):
                    return [text]
        return []

    def _started(self, told: dict[str, object]) -> str:
        job = _Job(_title(told), _names(told["log"]), time.monotonic())
        self._jobs[int(str(told["jobid"]))] = job
        return f"{time.strftime('%H:%M:%S')}           {job.title}"

    def _finished(self, number: int) -> str:
        job = self._jobs.pop(number, _Job(f"job {number}", [], time.monotonic()))
        self._done += 1
        self._bar.update()
        minutes, seconds = divmod(round(time.monotonic() - job.began), 60)
        place = f"{time.strftime('%H:%M:%S')} {f'{self._done}/{self._total}':>9}"
        return f"{place} {job.title}: done in {minutes}:{seconds:02d}"

    def _failed(self, record: dict[str, object]) -> list[str]:
        job = self._jobs.pop(int(str(record["jobid"])), None)
        title = job.title if job is not None else str(record["rule_name"])
        return _failure(title, _names(record["log"]))


def _failure(title: str, logs: list[str]) -> list[str]:
    """Return the lines that say what failed, and how its logs end."""
    lines = [f"{time.strftime('%H:%M:%S')}    FAILED {title}"]
    for log in logs:
        if not Path(log).is_file():
            continue
        end = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
        # what rex says went wrong, without its traceback; of others the end
        told = [line for line in end if " ERROR " in line][-1:] or end[-_LINES:]
        lines += [f"  {line}" for line in told] + [f"  (all of it: {log})"]
    return lines


def _share(job: _Job) -> str:
    """Return how far a job is, as its log says, or nothing."""
    for log in job.logs:
        with suppress(OSError), Path(log).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            said = _SHARE.findall(file.read().decode(errors="replace"))
            if said:
                return f" {said[-1]}"
    return ""


def _title(told: dict[str, object]) -> str:
    if told["rule_msg"]:
        return str(told["rule_msg"])
    wildcards = told["wildcards"]
    values = wildcards.values() if isinstance(wildcards, dict) else ()
    return " ".join([str(told["rule_name"]), *map(str, values)])


def _names(logs: object) -> list[str]:
    # a cluster's log is named with a word behind it
    return [str(log).partition(" ")[0] for log in logs] if isinstance(logs, list) else []


def given_configurations(arguments: list[str]) -> Iterator[str | Path]:
    """Yield the files that `--configfile` names on Snakemake's command line, or in its profiles.

    Raises InputError for a profile that cannot be read.
    """
    from snakemake.cli import get_profile_dir

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
    parser.add_argument("--profile", nargs="+", default=os.environ.get(_PROFILES, "").split(","))
    parser.add_argument("--workflow-profile", default="")
    try:
        given = parser.parse_known_args(arguments)[0]
    except argparse.ArgumentError:  # told by Snakemake
        return
    yield from given.configfile
    own = [given.workflow_profile, f"profiles/{given.workflow_profile}"]
    for profile in [*given.profile, *filter(os.path.exists, own)]:
        # one that is not there is told by Snakemake
        folder, file = (profile and get_profile_dir(profile)) or (None, None)
        settings = {} if file is None else read_settings(file)
        for named in (settings.get("configfile"), settings.get("configfiles")):
            if isinstance(named, str) and folder is not None:
                yield folder / named if (folder / named).exists() else named
            elif isinstance(named, list):
                yield from map(str, named)


_PROFILES = "SNAKEMAKE_PROFILE"


if "snakemake" in Path(sys.argv[0]).parts[-2:]:
    exit_unless_readable(given_configurations(sys.argv[1:]))
