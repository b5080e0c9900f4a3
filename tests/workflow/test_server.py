"""Two workflows write to one MLflow server at once: `REX_SERVER=10` for ten minutes.

`REX_SERVER_PATH` names a folder with psycopg2 and Flask-WTF (`pip install --target`), which the
server needs for PostgreSQL and for users.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.mlflow_server import PASSWORD, USER, has_postgres, mlflow_server

from .running import command, prepare
from .test_kills import tables

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.xdist_group("workflow"),
    pytest.mark.skipif("REX_SERVER" not in os.environ, reason="REX_SERVER=10 runs it"),
]

Histories = dict[str, dict[str, list[tuple[int, float]]]]
"""By the name of a run and a metric: its steps and values."""


def histories(client: MlflowClient, experiment: str) -> Histories:
    """Return all that the runs of an experiment have told, but how fast it went."""
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    told: Histories = {}
    for run in client.search_runs([found.experiment_id]):
        assert run.info.status == "FINISHED", run.info.run_name
        named = f"{run.info.run_name} {run.info.run_id}"
        told[named] = {
            name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
            if "per_second" not in name
        }
    return told


def trained(told: Histories) -> dict[str, list[dict[str, list[tuple[int, float]]]]]:
    """Return what each training told, by its name, of each time that it was done."""
    runs: dict[str, list[dict[str, list[tuple[int, float]]]]] = {}
    for named, metrics in told.items():
        name = named.split()[0]
        if metrics:
            runs.setdefault(name, []).append(metrics)
    return runs


@pytest.mark.parametrize("postgres", [False, True], ids=["sqlite", "postgresql-users"])
def test_no_write_is_lost(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: bool
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.environ.get("REX_SERVER_PATH", ""), prepend=":")
    if postgres and not has_postgres():
        pytest.skip("needs root, Debian's postgresql, and psycopg2 and Flask-WTF (REX_SERVER_PATH)")
    (tmp_path / "server").mkdir()
    expected = trained(
        histories(MlflowClient(f"sqlite:///{finished}/results/smoke/mlflow.db"), "smoke")
    )
    assert len(expected) == 3
    end = time.monotonic() + 60 * float(os.environ["REX_SERVER"])
    with mlflow_server(tmp_path / "server", postgres=postgres, users=postgres) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        if postgres:
            monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", USER)
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        folders = {name: prepare(tmp_path / name) for name in ("one", "other")}
        rounds = 0
        while time.monotonic() < end or not rounds:
            again = ["--forcerun", "train"] if rounds else []
            running = [start(folder, name, again) for name, folder in folders.items()]
            try:
                for workflow, folder in zip(running, folders.values(), strict=True):
                    assert workflow.wait() == 0, (folder / "told.txt").read_text()[-8000:]
            finally:
                for workflow in running:
                    workflow.terminate()
            rounds += 1
        told = {name: histories(MlflowClient(address), name) for name in folders}
    for name, folder in folders.items():
        assert tables(folder, name) == tables(finished)
        for run, times in trained(told[name]).items():
            # a training that is done again is another run, each with all of its values
            assert times == expected[run] * rounds, (name, run)
        for log in folder.glob(f"results/{name}/logs/*.log"):
            assert "database is locked" not in log.read_text()
    assert "database is locked" not in (tmp_path / "server/server.log").read_text()
    counts = {name: Counter(run.split()[0] for run in runs) for name, runs in told.items()}
    print(f"{rounds} rounds, runs: {counts}")


def start(folder: Path, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start the workflow of a data set of its own name."""
    given = ["--config", f"dataset={name}", f"data=data/{name}"]
    return subprocess.Popen(
        command(*given, *arguments),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "told.txt").open("ab"),
    )
