"""`rex status`: made up results, in each state."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from rex.cli import main
from rex.config import Config
from rex.grid import Results
from rex.reporting.status import Job, jobs, look

SAID = "2026-11-29 12:24:45,255 INFO rex: training  9/10 steps  90%  1.7 steps/s  0:01 left\n"
FAILED = (
    "2026-11-29 12:25:00,000 ERROR rex.cli: results: the disk is full; make room\n"
    "2026-11-29 12:25:00,001 DEBUG rex.cli: traceback\nTraceback (most recent call last):\n"
)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job("train", "multi-task/rex/seed0", tmp_path / "checkpoint.pt", "train_*.log")


def state(job: Job, folder: Path) -> tuple[str, str]:
    report = look(job, folder, time.time())
    return report.state, report.note


def test_the_states_of_a_job(job: Job, tmp_path: Path) -> None:
    assert state(job, tmp_path) == ("missing", "")
    log = tmp_path / "train_multi-task_rex_seed0.log"
    log.write_text("")
    assert state(job, tmp_path)[0] == "running"
    log.write_text(SAID)
    assert state(job, tmp_path) == (
        "running",
        "since 2026-11-29 12:24:45  training  9/10 steps  90%  1.7 steps/s  0:01 left",
    )
    os.utime(log, (0, 0))
    assert state(job, tmp_path) == ("missing", f"stopped ({log})")
    log.write_text(SAID + FAILED)
    assert state(job, tmp_path) == ("failed", f"results: the disk is full; make room ({log})")
    # started again
    log.write_text(SAID + FAILED + SAID)
    assert state(job, tmp_path)[0] == "running"
    job.output.write_text("")
    assert state(job, tmp_path) == ("done", "")


def test_all_that_a_configuration_asks_for() -> None:
    results = Results.of(Config())
    outputs = [str(job.output) for job in jobs(results)]
    assert len(outputs) == len(set(outputs))
    run = "results/world/runs/multi-task/rex/seed0"
    for name in ("checkpoint.pt", "predictions/val.parquet", "metrics/testdev.json"):
        assert f"{run}/{name}" in outputs
    assert "data/world" in outputs
    assert "results/world/regions/train.h5" in outputs


def test_the_command_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/vocabulary.log").write_text(FAILED)
    assert main(["status", "--results", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == [str(tmp_path), "done", "running", "failed", "missing"]
    assert "explanations            –        –        1        2" in shown
    assert shown[-1].startswith("failed: explanations vocabulary  results: the disk is full")


def test_results_that_are_not_there_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--results", str(tmp_path / "nope")]) == 2
    assert "nope: no such folder; name the folder" in capsys.readouterr().err
