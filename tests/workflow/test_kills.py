"""The workflow is killed, again and again, and goes on.

`REX_KILLS=100 pytest -s tests/workflow/test_kills.py`; where that is not set, twice,
while two of its three runs are trained and measured, and what comes after.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from mlflow.entities import LoggedModel, Run
from mlflow.tracking import MlflowClient

from rex.tracking_store import connect

from .running import command, prepare, snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

FEW = "REX_KILLS" not in os.environ
KILLS = int(os.environ.get("REX_KILLS", "2"))
LONGEST = float(os.environ.get("REX_KILLS_WITHIN", "40"))
"""Seconds until a kill, at most; Snakemake alone needs some ten to start."""


def tables(folder: Path, dataset: str = "smoke") -> dict[str, bytes]:
    found = sorted((folder / f"results/{dataset}/tables").glob("*.*"))
    return {path.name: path.read_bytes() for path in found if not path.name.startswith("cost")}


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "told.txt").open("wb"),
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


def without_runs(finished: Path, folder: Path) -> None:
    """Copy a finished workflow to `folder`, without two of its runs, its tables, and MLflow's."""
    shutil.copytree(finished, folder, symlinks=True)
    results = folder / "results/smoke"
    trained = ("runs/answer-only", "runs/multi-task/rex")
    for made in (*trained, "tables", "figures", "gallery", "mlartifacts"):
        shutil.rmtree(results / made)
    (results / "mlflow.db").unlink()


def test_killed_at_any_moment_it_goes_on(finished: Path, tmp_path: Path) -> None:
    """So many kills of workflows that are at work: one that ends before its kill starts anew."""
    chance, killed = random.Random(KILLS), Counter[str]()
    for number in count():
        folder = tmp_path / f"killed-{number}"
        if FEW:
            without_runs(finished, folder)
        else:
            prepare(folder)
        killed += disturbed(folder, chance, KILLS - killed.total(), orphan=not killed)
        assert tables(folder) == tables(finished)
        assert len(tables(folder)) >= 6
        # what is not trained again is not told MLflow again
        kept = "reader" if FEW else "nothing"
        assert runs(folder) == {name: n for name, n in runs(finished).items() if kept not in name}
        assert set(runs(folder).values()) == {"FINISHED: 1"}
        assert models(folder) == [model for model in models(finished) if kept not in model[0]]
        shutil.rmtree(folder)
        print(f"{killed.total()} kills, {number + 1} whole runs; killed while: {dict(killed)}")
        if killed.total() >= KILLS:
            break


def disturbed(folder: Path, chance: random.Random, most: int, *, orphan: bool) -> Counter[str]:
    """Run the workflow to its end with at most so many kills; return in which jobs they came.

    The first of them may leave an orphan: a training that goes on.
    """
    killed = Counter[str]()
    while killed.total() < most:
        workflow = start(folder)
        group = chance.random() < 0.8
        if orphan:
            group = orphan = False
            begun(folder / "results/smoke/runs/multi-task/rex/seed0", workflow)
        else:
            with suppress(subprocess.TimeoutExpired):
                assert workflow.wait(chance.uniform(0, LONGEST)) == 0, told(folder)
                return killed
        killed[at_work(workflow)] += 1
        kill(workflow, group=group)
        nothing_is_finished_early(folder)
    last = snakemake(folder)
    assert last.returncode == 0, last.stdout[-4000:] + last.stderr[-8000:]
    return killed


def at_work(workflow: subprocess.Popen[bytes]) -> str:
    """Return which commands of REX the workflow runs."""
    lines = subprocess.run(
        ["ps", "--sid", str(workflow.pid), "-o", "args="], capture_output=True, text=True
    ).stdout
    verbs = set(re.findall(r"/bin/rex (\w+(?: \w+)?) ", lines))
    return " + ".join(sorted(verbs)) or "no job"


def nothing_is_finished_early(folder: Path) -> None:
    """A training that MLflow calls finished has told all its epochs, each once."""
    if not (folder / "results/smoke/mlflow.db").exists():
        return
    for run in tracked(folder):
        if run.data.params and run.info.status == "FINISHED":
            rates = client(folder).get_metric_history(run.info.run_id, "learning_rate")
            assert [rate.step for rate in rates] == [1, 2], run.info.run_name


def client(folder: Path) -> MlflowClient:
    # not at once with an orphan: MLflow's tables are made under a lock
    return connect(folder / "results/smoke/mlflow.db")


def tracked(folder: Path) -> list[Run]:
    experiment = client(folder).get_experiment_by_name("smoke")
    return list(client(folder).search_runs([experiment.experiment_id])) if experiment else []


def runs(folder: Path) -> dict[str, str]:
    """Return how many MLflow runs of each name there are, and how they ended."""
    counts = Counter((run.info.run_name, run.info.status) for run in tracked(folder))
    return {str(name): f"{status}: {count}" for (name, status), count in sorted(counts.items())}


def logged_models(folder: Path) -> list[LoggedModel]:
    (experiment,) = {run.info.experiment_id for run in tracked(folder)}
    return list(client(folder).search_logged_models([experiment]))


def models(folder: Path) -> list[tuple[str, str]]:
    """Return the names of the logged models, and whether they are ready."""
    return sorted((model.name, str(model.status)) for model in logged_models(folder))


def told(folder: Path) -> str:
    return (folder / "told.txt").read_text()[-8000:]


def test_two_clones_refuse_each_other(finished: Path, tmp_path: Path) -> None:
    """They may share a folder of results, but not make it at once."""
    one, other = tmp_path / "one", prepare(tmp_path / "other")
    shutil.copytree(finished, one, symlinks=True)  # what is killed leaves its lock
    for name in ("results", "data"):
        (other / name).symlink_to(one / name)
    anew = ("--forcerun", "configuration")  # nothing depends on it
    first = start(one, *anew)
    try:
        lock = one / "results/smoke/.lock"
        begun(lock, first)
        while not lock.read_text():
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGSTOP)
        refused = snakemake(other, *anew)
    finally:
        kill(first, group=True)
    assert refused.returncode == 2
    assert f"results/smoke: in use by process {first.pid} on " in refused.stderr
    assert snakemake(one).returncode == 0
