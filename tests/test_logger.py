"""What the terminal shows of Snakemake's events."""

from __future__ import annotations

import io
import logging
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from rex.config_files import exit_unless_readable
from snakemake_logger_plugin_rex import LogHandler, given_configurations


@pytest.fixture
def handler() -> LogHandler:
    return LogHandler(SimpleNamespace(dryrun=False, verbose=False), None)  # type: ignore[arg-type]


def emit(handler: LogHandler, event: LogEvent | None, text: str = "", **told: Any) -> None:
    record = logging.LogRecord("snakemake", logging.INFO, "", 0, text, None, None)
    vars(record).update(event=event, **told)
    handler.emit(record)


def started(handler: LogHandler, log: str = "") -> None:
    emit(
        handler,
        LogEvent.JOB_INFO,
        jobid=3,
        rule_name="train",
        rule_msg="train rex",
        log=[log],
        wildcards={},
    )


def test_a_line_when_a_job_starts_and_one_when_it_ends(
    handler: LogHandler, capsys: pytest.CaptureFixture[str]
) -> None:
    emit(handler, None, "Building DAG of jobs...")
    emit(handler, LogEvent.RUN_INFO, stats={"total": 35})
    started(handler)
    emit(handler, LogEvent.PROGRESS, done=1, total=35)
    emit(handler, LogEvent.JOB_FINISHED, job_id=3)
    first, last = capsys.readouterr().err.splitlines()
    assert first.split() == [first[:8], "train", "rex"]
    assert last[8:] == "      1/35 train rex: done in 0:00"


def test_a_failed_job_shows_the_end_of_its_log(
    handler: LogHandler, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "train.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    started(handler, str(log))
    # as Snakemake names the log of a cluster's job
    emit(handler, LogEvent.JOB_ERROR, jobid=3, rule_name="train", log=[f"{log} (to be seen)"])
    lines = capsys.readouterr().err.splitlines()[1:]
    assert lines[0].endswith("FAILED train rex")
    assert lines[1:] == [*(f"  line {n}" for n in range(85, 100)), f"  (all of it: {log})"]


def test_a_failed_group_of_jobs_shows_the_end_of_the_clusters_log(
    handler: LogHandler, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "12.log"
    log.write_text("slurmstepd: CANCELLED AT 12:00\n")
    emit(handler, LogEvent.GROUP_ERROR, groupid="measure_rex", aux_logs=[str(log)])
    first, *others = capsys.readouterr().err.splitlines()
    assert first.endswith(" FAILED measure_rex")
    assert others == ["  slurmstepd: CANCELLED AT 12:00", f"  (all of it: {log})"]


def test_what_rex_says_went_wrong_is_shown_without_its_traceback(
    handler: LogHandler, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "train.log"
    log.write_text("12:00 INFO rex: 9/10\n12:01 ERROR rex.cli: bad\n12:01 DEBUG rex: trace\nmore")
    started(handler, str(log))
    emit(handler, LogEvent.JOB_ERROR, jobid=3, rule_name="train", log=[str(log)])
    lines = capsys.readouterr().err.splitlines()[2:]
    assert lines == ["  12:01 ERROR rex.cli: bad", f"  (all of it: {log})"]


def test_a_terminal_has_a_bar_and_what_is_at_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("snakemake_logger_plugin_rex._EVERY", 0.05)
    handler = LogHandler(SimpleNamespace(dryrun=False, verbose=False), None)  # type: ignore[arg-type]
    log = tmp_path / "train.log"
    said = "12:00 INFO rex: training  {0}/10 steps  {0}0%  1.7 it/s\n"
    log.write_text(said.format(8) + said.format(9) + "12:01 INFO")
    emit(handler, LogEvent.RUN_INFO, stats={"total": 4})
    started(handler, str(log))
    deadline = time.monotonic() + 20
    while "train rex 90%" not in terminal.getvalue() and time.monotonic() < deadline:
        time.sleep(0.05)
    emit(handler, LogEvent.JOB_FINISHED, job_id=3)
    handler.close()
    last = terminal.getvalue().rpartition("\n")[2]
    assert " 25% " in last
    assert "1/4 jobs" in last
    shown = [line.rpartition("\r")[2] for line in terminal.getvalue().split("\n")[:-1]]
    assert shown[1].endswith("1/4 train rex: done in 0:00")  # a line of its own


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_warnings_are_shown(handler: LogHandler, capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("snakemake", logging.WARNING, "", 0, "no %s", ("room",), None)
    handler.emit(record)
    assert capsys.readouterr().err == "no room\n"


@pytest.mark.parametrize("option", ["--profile", "--workflow-profile"])
@pytest.mark.parametrize(
    "key", ["configfile: broken.yaml", "configfiles: [{}/mine.yaml, {}/broken.yaml]"]
)
def test_a_configuration_that_a_profile_names_is_read_before_snakemake_does(
    option: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text(f"cores: 1\n{key.replace('{}', str(tmp_path))}\n")
    (tmp_path / "mine.yaml").write_text("dataset: mine\n")
    (tmp_path / "broken.yaml").write_text("seed: [1\nb: 2")
    with pytest.raises(SystemExit) as stopped:
        exit_unless_readable(given_configurations(["-n", option, str(tmp_path)]))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{tmp_path}/broken.yaml: line 2: not valid YAML")


def test_a_profile_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("cores: [1\nb")
    with pytest.raises(SystemExit) as stopped:
        exit_unless_readable(given_configurations(["--profile", str(tmp_path)]))
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}/config.yaml: line 2: not valid YAML")


def test_profiles_without_configurations_name_none(tmp_path: Path) -> None:
    assert not list(given_configurations(["--profile", str(tmp_path / "nowhere")]))
    (tmp_path / "config.yaml").write_text("cores: 1\nconfigfile: 3\n")
    assert not list(given_configurations(["--profile", str(tmp_path)]))
    assert list(given_configurations(["--configfile", "a.yaml", "b.yaml"])) == ["a.yaml", "b.yaml"]
