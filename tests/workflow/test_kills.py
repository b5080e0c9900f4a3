"""The workflow is killed, again and again, and goes on: `REX_KILLS=100 pytest tests/workflow`."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from .running import command, prepare, snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.xdist_group("workflow")]

KILLS = int(os.environ.get("REX_KILLS", "4"))
LONGEST = 40.0
"""Seconds until a kill, at most; Snakemake alone needs some ten to start."""


def tables(folder: Path) -> dict[str, bytes]:
    found = sorted((folder / "results/smoke/tables").glob("*.*"))
    return {path.name: path.read_bytes() for path in found if not path.name.startswith("cost")}


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def begun(path: Path, workflow: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 600
    while not path.exists() and time.monotonic() < deadline:
        assert workflow.poll() is None, f"ended before {path} was there"
        time.sleep(0.05)


def kill(workflow: subprocess.Popen[bytes], *, group: bool) -> None:
    """Kill Snakemake; its jobs with it, or not."""
    (os.killpg if group else os.kill)(workflow.pid, signal.SIGKILL)
    workflow.wait()


def test_killed_at_any_moment_it_goes_on(finished: Path, tmp_path: Path) -> None:
    folder = prepare(tmp_path / "killed")
    chance = random.Random(KILLS)
    workflow = start(folder)
    # in the middle of a training, which stays alive
    begun(folder / "results/smoke/runs/multi-task/rex/seed0", workflow)
    kill(workflow, group=False)
    for _ in range(KILLS - 1):
        workflow = start(folder)
        time.sleep(chance.uniform(0, LONGEST))
        kill(workflow, group=chance.random() < 0.8)

    last = snakemake(folder)
    assert last.returncode == 0, last.stdout[-4000:] + last.stderr[-8000:]
    assert tables(folder) == tables(finished)
    assert len(tables(folder)) >= 6
    assert runs(folder) == runs(finished)
    assert set(runs(folder).values()) == {"FINISHED: 1"}


def runs(folder: Path) -> dict[str, str]:
    """Return how many MLflow runs of each name there are, and how they ended."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/results/smoke/mlflow.db")
    experiment = client.get_experiment_by_name("smoke")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    counts = Counter((run.info.run_name, run.info.status) for run in found)
    return {str(name): f"{status}: {count}" for (name, status), count in sorted(counts.items())}


def test_two_clones_refuse_each_other(finished: Path, tmp_path: Path) -> None:
    """They may share a folder of results, but not make it at once."""
    one, other = tmp_path / "one", prepare(tmp_path / "other")
    shutil.copytree(finished, one, symlinks=True)  # what is killed leaves its lock
    for name in ("results", "data"):
        (other / name).symlink_to(one / name)
    first = start(one, "--forcerun", "vocabulary")
    try:
        begun(one / "results/smoke/.lock", first)
        refused = snakemake(other, "--forcerun", "vocabulary")
    finally:
        kill(first, group=True)
    assert refused.returncode == 2
    assert f"results/smoke: in use by process {first.pid} on " in refused.stderr
    assert snakemake(one).returncode == 0
