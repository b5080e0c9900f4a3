"""MLflow: every run is a line in one SQLite file, finished or failed truthfully."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.errors import InputError
from rex.files import read_json, write_json

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

IDENTITY = "mlflow.json"
"""In a run's folder: which MLflow run it is."""

_BATCH = 500
"""Metric values sent at once: one at a time, SQLite takes a hundred a second."""


class TrackedRun:
    """Where a run's metrics and files go."""

    def metrics(self, values: Mapping[str, float], *, step: int = 0) -> None:
        """Note metrics at a step; they are sent in batches."""

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file, in `folder` of the run's artifacts."""

    def flush(self) -> None:
        """Send what was noted."""


class _MlflowRun(TrackedRun):
    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self.client = client
        self.run_id = run_id
        self._noted: list[Metric] = []

    def metrics(self, values: Mapping[str, float], *, step: int = 0) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._noted += [Metric(name, value, now, step) for name, value in values.items()]
        if len(self._noted) >= _BATCH:
            self.flush()

    def artifact(self, path: Path, folder: str | None = None) -> None:
        self.client.log_artifact(self.run_id, str(path), folder)

    def flush(self) -> None:
        noted, self._noted = self._noted, []
        for start in range(0, len(noted), _BATCH):
            self.client.log_batch(self.run_id, metrics=noted[start : start + _BATCH])


@contextmanager
def tracked_run(
    database: Path | None,
    folder: Path,
    *,
    experiment: str,
    name: str,
    parameters: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[TrackedRun]:
    """Track what happens inside as the MLflow run of `folder`; no `database`: track nothing.

    The first call makes the run and notes its id in the folder; later ones (a resumed training, an
    evaluation) continue it, unless `parameters` are given and differ: that is another run. Leaving
    marks it finished, an error failed, an interrupt killed.
    """
    if database is None:
        yield TrackedRun()
        return
    client = _connect(database)
    run_id = _open_run(client, database, folder, experiment, name, parameters, tags or {})
    run = _MlflowRun(client, run_id)
    status = "FAILED"
    try:
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        run.flush()
        client.set_terminated(run_id, status)


def _connect(database: Path) -> MlflowClient:
    # a run must not depend on a server of someone else's
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import DatabaseError

    database.parent.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{database.resolve()}"
    try:
        with _locked(database):
            client = MlflowClient(tracking_uri=uri)
            client.search_experiments(max_results=1)  # makes the tables of a new file
    except (MlflowException, DatabaseError) as error:
        raise InputError(
            f"not an MLflow database ({str(error).splitlines()[0]})",
            file=database,
            cure="delete it, or name another with --tracking",
        ) from None
    return client


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Keep other processes out: two that make the same tables at once hurt each other."""
    with open(database.with_name(f".{database.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_run(
    client: MlflowClient,
    database: Path,
    folder: Path,
    experiment: str,
    name: str,
    parameters: Mapping[str, Any] | None,
    tags: Mapping[str, str],
) -> str:
    texts = {key: str(value) for key, value in sorted((parameters or {}).items())}
    if run_id := _continued(client, folder, texts if parameters is not None else None):
        client.update_run(run_id, status="RUNNING")
        return run_id
    with _locked(database):
        found = client.get_experiment_by_name(experiment)
        artifacts = (database.parent / "mlartifacts").resolve().as_uri()
        experiment_id: str = (
            found.experiment_id
            if found
            else client.create_experiment(experiment, artifact_location=artifacts)
        )
    commit = _git_commit()
    run = client.create_run(
        experiment_id,
        run_name=name,
        tags={**tags, **({"mlflow.source.git.commit": commit} if commit else {})},
    )
    from mlflow.entities import Param

    new_id: str = run.info.run_id
    client.log_batch(new_id, params=[Param(key, value) for key, value in texts.items()])
    write_json(folder / IDENTITY, {"run_id": new_id, "parameters": texts})
    return new_id


def _continued(
    client: MlflowClient, folder: Path, parameters: Mapping[str, str] | None
) -> str | None:
    """Return the id of the run that the folder notes, if it is to be continued."""
    from mlflow.exceptions import MlflowException

    if not (folder / IDENTITY).exists():
        return None
    noted = read_json(folder / IDENTITY)
    if parameters is not None and noted["parameters"] != parameters:
        return None
    try:
        client.get_run(noted["run_id"])
    except MlflowException:
        return None  # of a database that is gone
    run_id: str = noted["run_id"]
    return run_id


def _git_commit() -> str | None:
    """Return the commit of the working folder; None where there is none, or no git."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
