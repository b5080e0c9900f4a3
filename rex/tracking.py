"""MLflow: every run is a line in one SQLite file or on a server, finished or failed truthfully."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rex.command_line import Store
from rex.errors import InputError
from rex.files import read_json, write_json
from rex.locks import locked
from rex.tracking_store import connect, plain_failures, reason

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, Metric, Run
    from mlflow.tracking import MlflowClient

_logger = logging.getLogger("rex.tracking")

IDENTITY = "mlflow.json"
"""In a run's folder: which MLflow run it is."""

VIEW = "scores"
"""The view of an experiment's runs that `present` makes; the interface's address may name it."""

_KEY = "rex.key"
"""Tag: by which a run is found whose id was not noted yet."""
_SETTINGS = "rex.settings"
"""Tag: a fingerprint of a run's parameters and tags."""
_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Tag by which the interface shows an experiment's runs as trainings."""

_BATCH = 500
"""Metric values sent at once: one at a time, SQLite takes a hundred a second."""
_LONGEST_NOTE = 5000
"""Characters of a text that MLflow takes."""


def score_name(split: str, measure: str) -> str:
    """Return the name of a score: those of a whole split make a section of the charts."""
    return f"{'' if '/' in measure else 'Scores/'}{split}/{measure}"


class TrackedRun:
    """Where a run's metrics and files go."""

    def __init__(self, client: MlflowClient, where: Store, run: Run) -> None:
        self.client = client
        self._where = where
        self.run_id: str = run.info.run_id
        self._name = str(run.info.run_name)
        self._experiment_id: str = run.info.experiment_id
        outputs = run.outputs.model_outputs if run.outputs is not None else []
        # what is measured from then on is measured of the model
        self._model_id = next((output.model_id for output in outputs), None)
        self._noted: list[Metric] = []
        self._last_steps: dict[str, int] = {}

    def metrics(self, values: Mapping[str, float], *, step: int = 0, once: bool = False) -> None:
        """Note metrics at a step; they are sent in batches.

        `once`: leave out those that this run has of this step or a later one. What was interrupted
        goes on from a saved state, and may come by some steps again.
        """
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        if once:
            values = {name: value for name, value in values.items() if step > self._last(name)}
        self._noted += [
            Metric(name, value, now, step, model_id=self._model_id)
            for name, value in values.items()
        ]
        if len(self._noted) >= _BATCH:
            self.flush()

    def _last(self, name: str) -> int:
        """Return the last step that the run had of a metric when it was taken up, or -1."""
        if name not in self._last_steps:
            with plain_failures(self._where):
                found = self.client.get_metric_history(self.run_id, name)
            self._last_steps[name] = max((metric.step for metric in found), default=-1)
        return self._last_steps[name]

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file, in `folder` of the run's artifacts; warn where that fails."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.log_artifact(self.run_id, str(path), folder)
        except (OSError, MlflowException) as error:
            # the file itself is there: a job that fails for its copy would be done again
            _logger.warning("%s: no copy in MLflow (%s)", path, reason(error))

    def model(self, folder: Path, files: Sequence[str]) -> None:
        """Log the model that the run ends in, once: files of `folder`, under the run's name."""
        from mlflow.entities import LoggedModelOutput
        from mlflow.exceptions import MlflowException

        with plain_failures(self._where):
            # who was killed in the middle finds it by its run
            made = self.client.search_logged_models(
                [self._experiment_id], f"source_run_id = '{self.run_id}'", max_results=1
            )
            model = next(iter(made), None) or self.client.create_logged_model(
                self._experiment_id, self._name.replace("/", "-"), self.run_id
            )
            if self._model_id is None:
                output = LoggedModelOutput(model.model_id, step=0)
                self.client.log_outputs(self.run_id, [output])
        status = "READY"
        try:
            for name in files:
                self._keep(model, folder / name)
        except (OSError, MlflowException) as error:
            status = "FAILED"
            _logger.warning("%s: no model in MLflow (%s)", folder, reason(error))
        with plain_failures(self._where):
            self.client.finalize_logged_model(model.model_id, status)

    def _keep(self, model: LoggedModel, path: Path) -> None:
        """Keep a file with a model; beside a database it is the file itself, by a second name."""
        if isinstance(self._where, Path):
            place = Path(url2pathname(urlsplit(model.artifact_location).path))
            place.mkdir(parents=True, exist_ok=True)
            (place / path.name).unlink(missing_ok=True)
            with suppress(OSError):  # another disk, or one without hard links
                (place / path.name).hardlink_to(path)
                return
        self.client.log_model_artifact(model.model_id, str(path))

    def learns_from(self, name: str, digest: str, source: Path) -> None:
        """Say which data set the run learns from: its name, a fingerprint, and a file."""
        from mlflow.entities import Dataset, DatasetInput, InputTag
        from mlflow.exceptions import MlflowException

        place = json.dumps({"uri": source.resolve().as_uri()})
        # MLflow keeps 36 characters of a digest
        data = Dataset(name=name, digest=digest[:32], source_type="local", source=place)
        inputs = [DatasetInput(data, [InputTag("mlflow.data.context", "training")])]
        with plain_failures(self._where):
            try:
                self.client.log_inputs(self.run_id, inputs)
            except MlflowException as error:
                if error.error_code != "BAD_REQUEST":
                    raise
                # MLflow looks whether it knows the data set before it adds it: of two runs that
                # begin at once, the slower one is refused, and finds it there the next time
                self.client.log_inputs(self.run_id, inputs)

    def present(self, text: str, metrics: Sequence[str]) -> None:
        """Let the experiment's page begin with a text in Markdown, or its first lines.

        Its VIEW lists these metrics of the runs, the best of the first one at the top.
        """
        if len(text) > _LONGEST_NOTE:
            text = text[: text.rindex("\n", 0, _LONGEST_NOTE)]
        columns = ["attributes.`Dataset`", *(f"metrics.`{name}`" for name in metrics)]
        view = {"selectedColumns": columns, "orderByKey": columns[1], "orderByAsc": False}
        tags = {"mlflow.note.content": text, f"mlflow.sharedViewState.{VIEW}": json.dumps(view)}
        with plain_failures(self._where):
            for key, value in tags.items():
                self.client.set_experiment_tag(self._experiment_id, key, value)

    def flush(self) -> None:
        """Send what was noted."""
        noted, self._noted = self._noted, []
        with plain_failures(self._where):
            for start in range(0, len(noted), _BATCH):
                self.client.log_batch(self.run_id, metrics=noted[start : start + _BATCH])


@contextmanager
def tracked_run(
    where: Store,
    folder: Path,
    *,
    experiment: str,
    name: str,
    parameters: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    anew: bool = False,
) -> Iterator[TrackedRun]:
    """Track what happens inside as the MLflow run of `folder`.

    The first call makes the run and notes its id in the folder; later ones (a resumed training, an
    evaluation) continue it. What is done `anew` is another run, unless the first was not finished
    and had the same parameters and tags. Leaving marks it finished, an error failed, an interrupt
    or SIGTERM (which becomes one) killed. Raises InputError where MLflow can't be read or written.
    """
    client = connect(where)
    described = {"name": name, "parameters": dict(parameters or {}), "tags": dict(tags or {})}
    with plain_failures(where):
        experiment_id = _experiment(client, where, experiment)
        with locked(folder / IDENTITY):  # two evaluations of a run make it at the same moment
            found = _noted(client, experiment_id, folder)
            if anew and found is not None and not _may_go_on(found, described):
                if found.info.status == "RUNNING":  # it could not say itself that it was killed
                    client.set_terminated(found.info.run_id, "KILLED")
                found = None
            if found is None:
                found = _new_run(client, experiment_id, folder, described)
        if parameters is not None:
            _log_parameters(client, found, parameters)
        client.update_run(found.info.run_id, status="RUNNING")
    run = TrackedRun(client, where, found)
    try:
        with _interruptible():
            yield run
            run.flush()
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        try:
            run.flush()
            client.set_terminated(run.run_id, status)
        except Exception as second:  # a full disk, say: the first error is the one to be told
            _logger.warning("%s: MLflow run %s is not marked %s", second, run.run_id, status)
        raise
    with plain_failures(where):
        client.set_terminated(run.run_id, "FINISHED")


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


def _experiment(client: MlflowClient, where: Store, name: str) -> str:
    """Return the id of an experiment, made if need be; a file's artifacts lie beside it."""
    from mlflow.entities import LifecycleStage
    from mlflow.exceptions import MlflowException

    place = (where.parent / "mlartifacts").resolve().as_uri() if isinstance(where, Path) else None
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=place, tags=_KIND))
        except MlflowException:
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage == LifecycleStage.DELETED:
        store = f"sqlite:///{where.resolve()}" if isinstance(where, Path) else where
        raise InputError(
            "this experiment is deleted",
            file=str(where),
            place=name,
            cure=f"restore it: MLFLOW_TRACKING_URI={shlex.quote(store)} "
            f"mlflow experiments restore --experiment-id {found.experiment_id}",
        )
    return str(found.experiment_id)


def _fingerprint(described: Mapping[str, Any]) -> str:
    text = json.dumps(described, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _may_go_on(run: Run, described: Mapping[str, Any]) -> bool:
    """Return whether a run was stopped before it was finished, and was to be this very run."""
    settings, status = run.data.tags.get(_SETTINGS), run.info.status
    return bool(settings == _fingerprint(described) and status != "FINISHED")


def _new_run(
    client: MlflowClient, experiment_id: str, folder: Path, described: Mapping[str, Any]
) -> Run:
    commit = _git_commit()
    source = {} if commit is None else {"mlflow.source.git.commit": commit}
    key = secrets.token_hex(8)
    # noted before there is a run: who is killed between the two finds it by its key
    write_json(folder / IDENTITY, {"key": key})
    run = client.create_run(
        experiment_id,
        run_name=described["name"],
        tags={
            **described["tags"],
            **source,
            _KEY: key,
            _SETTINGS: _fingerprint(described),
        },
    )
    made = {"key": key, "run_id": run.info.run_id, "experiment_id": experiment_id}
    write_json(folder / IDENTITY, made)
    return run


def _log_parameters(client: MlflowClient, run: Run, parameters: Mapping[str, Any]) -> None:
    from mlflow.entities import Param

    missing = sorted(parameters.keys() - run.data.params.keys())
    client.log_batch(run.info.run_id, params=[Param(n, str(parameters[n])) for n in missing])


def _noted(client: MlflowClient, experiment_id: str, folder: Path) -> Run | None:
    """Return the run that the folder notes, if there is one."""
    from mlflow.entities import LifecycleStage
    from mlflow.exceptions import MlflowException

    if not (folder / IDENTITY).exists():
        return None
    noted = read_json(folder / IDENTITY)
    noted = noted if isinstance(noted, dict) else {}
    key, run_id = noted.get("key"), noted.get("run_id")
    if run_id is None and isinstance(key, str) and key.isalnum():
        found = client.search_runs([experiment_id], f"tags.`{_KEY}` = '{key}'", max_results=1)
        return next(iter(found), None)
    if not isinstance(run_id, str):
        raise InputError("names no MLflow run", file=folder / IDENTITY, cure="delete it")
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.get_http_status_code() not in (400, 404):
            raise
        return None  # of a database that is gone
    # what a user has deleted is done again
    return run if run.info.lifecycle_stage == LifecycleStage.ACTIVE else None


def _git_commit() -> str | None:
    """Return the commit of the working folder; None where there is none, or no git."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
