"""MLflow: every run is a line in one SQLite file, finished or failed truthfully."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex.errors import InputError
from rex.files import read_json, write_json
from rex.locks import locked

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

_logger = logging.getLogger("rex.tracking")

IDENTITY = "mlflow.json"
"""In a run's folder: which MLflow run it is."""

_PARENT = "mlflow.parentRunId"
_GROUP = "rex.group"

_BATCH = 500
"""Metric values sent at once: one at a time, SQLite takes a hundred a second."""


class TrackedRun:
    """Where a run's metrics and files go."""

    def metrics(self, values: Mapping[str, float], *, step: int = 0, once: bool = False) -> None:
        """Note metrics at a step; they are sent in batches.

        `once`: leave out those that this run has of this step or a later one. What was interrupted
        goes on from a saved state, and may come by some steps again.
        """

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file, in `folder` of the run's artifacts."""

    def flush(self) -> None:
        """Send what was noted."""


class _MlflowRun(TrackedRun):
    def __init__(self, client: MlflowClient, database: Path, run_id: str) -> None:
        self.client = client
        self._database = database
        self.run_id = run_id
        self._noted: list[Metric] = []
        self._last_steps: dict[str, int] = {}

    def metrics(self, values: Mapping[str, float], *, step: int = 0, once: bool = False) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        if once:
            values = {name: value for name, value in values.items() if step > self._last(name)}
        self._noted += [Metric(name, value, now, step) for name, value in values.items()]
        if len(self._noted) >= _BATCH:
            self.flush()

    def _last(self, name: str) -> int:
        """Return the last step that the run had of a metric when it was taken up, or -1."""
        if name not in self._last_steps:
            with _plain_failures(self._database):
                found = self.client.get_metric_history(self.run_id, name)
            self._last_steps[name] = max((metric.step for metric in found), default=-1)
        return self._last_steps[name]

    def artifact(self, path: Path, folder: str | None = None) -> None:
        self.client.log_artifact(self.run_id, str(path), folder)

    def flush(self) -> None:
        noted, self._noted = self._noted, []
        with _plain_failures(self._database):
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
    group: str | None = None,
    anew: bool = False,
) -> Iterator[TrackedRun]:
    """Track what happens inside as the MLflow run of `folder`; no `database`: track nothing.

    A new run is a child of the run named `group`, if one is given: the seeds of one method, say.

    The first call makes the run and notes its id in the folder; later ones (a resumed training, an
    evaluation) continue it, unless all is done `anew`: that is another run. Leaving marks it
    finished, an error failed, an interrupt or SIGTERM (which becomes one) killed.
    """
    if database is None:
        yield TrackedRun()
        return
    client = _connect(database)
    with _plain_failures(database):
        run_id = _noted(client, folder)
        if anew and run_id is not None:
            _abandon(client, run_id)
            run_id = None
        if run_id is None:
            with locked(database):
                experiment_id = _experiment(client, database, experiment)
                parent = {} if group is None else {_PARENT: _group(client, experiment_id, group)}
            run_id = _new_run(
                client, experiment_id, folder, name, parameters or {}, {**parent, **(tags or {})}
            )
        client.update_run(run_id, status="RUNNING")
    run = _MlflowRun(client, database, run_id)
    try:
        with _interruptible():
            yield run
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        try:
            run.flush()
            client.set_terminated(run_id, status)
        except Exception as second:  # a full disk, say: the first error is the one to be told
            _logger.warning("%s: MLflow run %s is not marked %s", second, run_id, status)
        raise
    run.flush()
    client.set_terminated(run_id, "FINISHED")


@contextmanager
def _plain_failures(database: Path) -> Iterator[None]:
    """Turn what MLflow says of a full disk or a lost database into an InputError."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise _unwritable(database, error) from None


def _unwritable(database: Path, error: Exception) -> InputError:
    return InputError(
        f"MLflow can't write ({_reason(error)})",
        file=database,
        cure="make room for it, or leave --tracking out; started again, the run goes on",
    )


def _reason(error: Exception) -> str:
    """Return the line that says what SQLite found wrong, if there is one."""
    lines = str(error).splitlines()
    return next((line for line in lines if line.startswith("(sqlite3.")), lines[0])


@contextmanager
def _interruptible() -> Iterator[None]:
    """Take a scheduler's SIGTERM for an interrupt, so that there is time to say how a run ended."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # Python sets handlers there only
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
        with locked(database):
            client = MlflowClient(tracking_uri=uri)
            client.search_experiments(max_results=1)  # makes the tables of a new file
    except (MlflowException, DatabaseError) as error:
        if "full" in _reason(error):
            raise _unwritable(database, error) from None
        raise InputError(
            f"not an MLflow database ({_reason(error)})",
            file=database,
            cure="delete it, or name another with --tracking",
        ) from None
    return client


def _experiment(client: MlflowClient, database: Path, name: str) -> str:
    """Return the id of an experiment, made if need be, its artifacts beside the database."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    artifacts = (database.parent / "mlartifacts").resolve().as_uri()
    return str(client.create_experiment(name, artifact_location=artifacts))


def _group(client: MlflowClient, experiment_id: str, name: str) -> str:
    """Return the id of the run that is the parent of a group, made if need be."""
    for run in client.search_runs([experiment_id], f"tags.`{_GROUP}` = '{name}'", max_results=1):
        return str(run.info.run_id)
    run = client.create_run(experiment_id, run_name=name, tags={_GROUP: name})
    client.set_terminated(run.info.run_id, "FINISHED")
    return str(run.info.run_id)


def _new_run(
    client: MlflowClient,
    experiment_id: str,
    folder: Path,
    name: str,
    parameters: Mapping[str, Any],
    tags: Mapping[str, str],
) -> str:
    from mlflow.entities import Param

    commit = _git_commit()
    source = {} if commit is None else {"mlflow.source.git.commit": commit}
    run = client.create_run(experiment_id, run_name=name, tags={**tags, **source})
    run_id = str(run.info.run_id)
    found = [Param(key, str(value)) for key, value in sorted(parameters.items())]
    client.log_batch(run_id, params=found)
    write_json(folder / IDENTITY, {"run_id": run_id})
    return run_id


def _noted(client: MlflowClient, folder: Path) -> str | None:
    """Return the id of the run that the folder notes, if there is one."""
    from mlflow.exceptions import MlflowException

    if not (folder / IDENTITY).exists():
        return None
    noted = read_json(folder / IDENTITY)
    if not isinstance(noted, dict) or not isinstance(run_id := noted.get("run_id"), str):
        raise InputError("names no MLflow run", file=folder / IDENTITY, cure="delete it")
    try:
        client.get_run(run_id)
    except MlflowException:
        return None  # of a database that is gone
    return run_id


def _abandon(client: MlflowClient, run_id: str) -> None:
    """Say of a run that could not say so itself that it was killed."""
    if client.get_run(run_id).info.status == "RUNNING":
        client.set_terminated(run_id, "KILLED")


def _git_commit() -> str | None:
    """Return the commit of the working folder; None where there is none, or no git."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
