from __future__ import annotations

import argparse
import errno
import fcntl
import json
import multiprocessing
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import inspect

from rex import tracking
from rex.cli import main
from rex.command_line import store
from rex.errors import InputError, UnavailableError
from rex.files import read_json
from rex.tracking import VIEW, tracked_run
from rex.tracking_store import connect
from tests.mlflow_server import free_port, mlflow_server

PARAMETERS = {"setting": "multi-task", "learning_rate": 1e-3}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making the tables of a new file takes seconds: most tests start from a copy."""
    folder = tmp_path_factory.mktemp("mlflow")
    with tracked_run(folder / "mlflow.db", folder / "run", experiment="other", name="first"):
        pass
    return folder / "mlflow.db"


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path / "mlflow.db"))


def run_of(database: Path, folder: Path) -> Any:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    return client.get_run(read_json(folder / "mlflow.json")["run_id"])


def history(database: Path, folder: Path, name: str) -> list[tuple[int, float]]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    run_id = read_json(folder / "mlflow.json")["run_id"]
    return [(metric.step, metric.value) for metric in client.get_metric_history(run_id, name)]


def runs(database: Path) -> list[Any]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("world")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def test_a_run_is_tracked(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    note = tmp_path / "note.txt"
    note.write_text("hello")
    with tracked_run(
        database, folder, experiment="world", name="rex", parameters=PARAMETERS, tags={"a": "b"}
    ) as run:
        for step in range(1200):
            run.metrics({"loss": 1 / (step + 1)}, step=step)
        run.artifact(note, "notes")
    found = run_of(database, folder)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "rex"
    assert found.data.params == {"setting": "multi-task", "learning_rate": "0.001"}
    assert found.data.tags["a"] == "b"
    assert len(history(database, folder, "loss")) == 1200
    assert len(list((tmp_path / "mlartifacts").rglob("notes/note.txt"))) == 1


def test_a_resumed_run_and_its_evaluation_continue_it(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with (
        pytest.raises(ValueError, match="disk"),
        tracked_run(database, folder, experiment="world", name="rex", parameters=PARAMETERS) as run,
    ):
        run.metrics({"loss": 2.0}, step=1)
        raise ValueError("disk full")
    assert run_of(database, folder).info.status == "FAILED"
    first = read_json(folder / "mlflow.json")
    with tracked_run(
        database, folder, experiment="world", name="rex", parameters=PARAMETERS
    ) as run:
        run.metrics({"loss": 1.0}, step=2)
    with tracked_run(database, folder, experiment="world", name="rex") as run:
        run.metrics({"val/accuracy": 61.0})
    assert read_json(folder / "mlflow.json") == first
    found = run_of(database, folder)
    assert found.info.status == "FINISHED"
    assert found.data.metrics == {"loss": 1.0, "val/accuracy": 61.0}
    assert history(database, folder, "loss") == [(1, 2.0), (2, 1.0)]


def test_what_is_done_anew_is_another_run(database: Path, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    folder = tmp_path / "run"
    for rate in (1, 2):
        with tracked_run(
            database, folder, experiment="world", name="rex", parameters={"rate": rate}, anew=True
        ):
            pass
        if rate == 1:  # as SIGKILL leaves it
            run_id = read_json(folder / "mlflow.json")["run_id"]
            MlflowClient(tracking_uri=f"sqlite:///{database}").update_run(run_id, status="RUNNING")
    found = {run.data.params["rate"]: run.info.status for run in runs(database)}
    assert found == {"1": "KILLED", "2": "FINISHED"}


def test_what_is_done_again_from_nothing_goes_on_in_its_run(database: Path, tmp_path: Path) -> None:
    """A training that was killed before it saved a state."""
    for steps in (2, 3):
        with (
            suppress(KeyboardInterrupt),
            tracked_run(
                database, tmp_path, experiment="world", name="rex", parameters={"a": 1}, anew=True
            ) as run,
        ):
            for step in range(steps):
                run.metrics({"loss": float(step)}, step=step, once=True)
            if steps == 2:
                raise KeyboardInterrupt
    (found,) = runs(database)
    assert found.info.status == "FINISHED"
    assert history(database, tmp_path, "loss") == [(step, float(step)) for step in range(3)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_who_is_killed_while_a_run_is_made_finds_it(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    from mlflow.tracking import MlflowClient

    create = MlflowClient.create_run

    def killed(*arguments: Any, **options: Any) -> None:
        if moment == "after":
            create(*arguments, **options)
        raise KeyboardInterrupt

    def track() -> None:
        with tracked_run(
            database, tmp_path, experiment="world", name="rex", parameters=PARAMETERS, anew=True
        ):
            pass

    monkeypatch.setattr(MlflowClient, "create_run", killed)
    with pytest.raises(KeyboardInterrupt):
        track()
    monkeypatch.undo()
    track()
    (found,) = runs(database)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"setting": "multi-task", "learning_rate": "0.001"}


def test_a_run_that_a_user_deleted_is_made_anew(database: Path, tmp_path: Path) -> None:
    with tracked_run(database, tmp_path, experiment="world", name="rex") as run:
        deleted = run.run_id
    run.client.delete_run(deleted)
    with tracked_run(database, tmp_path, experiment="world", name="rex") as run:
        assert run.run_id != deleted
    assert run_of(database, tmp_path).info.status == "FINISHED"


def test_an_experiment_that_a_user_deleted_is_to_be_restored(
    database: Path, tmp_path: Path
) -> None:
    with tracked_run(database, tmp_path, experiment="world", name="rex") as run:
        number = run_of(database, tmp_path).info.experiment_id
    run.client.delete_experiment(number)
    with (
        pytest.raises(InputError, match="this experiment is deleted") as raised,
        tracked_run(database, tmp_path, experiment="world", name="rex"),
    ):
        pass
    cure = str(raised.value).partition("restore it: ")[2]
    subprocess.run(cure, shell=True, check=True, capture_output=True)
    assert run.client.get_experiment(number).lifecycle_stage == "active"


def test_who_is_interrupted_while_tables_are_made_leaves_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.db import utils

    upgrade, database = utils._upgrade_db, tmp_path / "mlflow.db"
    tables: list[list[str]] = []

    def interrupted(engine: Any) -> None:
        """The tables are there, but not as MLflow has them now."""
        tables.append(inspect(engine).get_table_names())
        raise KeyboardInterrupt

    monkeypatch.setattr(utils, "_upgrade_db", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connect(database)
    assert "runs" in tables[0]
    assert not database.exists()
    # the file that a link names, empty or not there, is made, not one in place of the link
    (tmp_path / "link.db").symlink_to(database)
    for empty in (False, True):
        if empty:
            database.touch()
        with pytest.raises(KeyboardInterrupt):
            connect(tmp_path / "link.db")
        assert database.exists() == empty
    monkeypatch.setattr(utils, "_upgrade_db", upgrade)
    client = connect(tmp_path / "link.db")
    assert [experiment.name for experiment in client.search_experiments()] == ["Default"]
    assert (tmp_path / "link.db").is_symlink()
    assert database.stat().st_size


def test_a_copy_that_fails_is_a_warning(
    database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mlartifacts").write_text("no folder can be made here")
    with tracked_run(database, tmp_path / "run", experiment="world", name="rex") as run:
        run.artifact(database)
    assert run_of(database, tmp_path / "run").info.status == "FINISHED"
    assert f"{database}: no copy in MLflow (" in caplog.text


def test_a_run_has_one_model_however_often_it_ends(database: Path, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    folder = tmp_path / "run"
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    for weights in ("first", "second"):
        with tracked_run(database, folder, experiment="world", name="a/b") as run:
            (folder / "checkpoint.pt").write_text(weights)
            run.model(folder, ["checkpoint.pt"])
    with tracked_run(database, folder, experiment="world", name="a/b") as run:
        run.metrics({"accuracy": 61.0})
        run.model(folder, ["checkpoint.pt", "gone.yaml"])  # a warning
    found = run_of(database, folder)
    (model,) = client.search_logged_models([found.info.experiment_id])
    assert [output.model_id for output in found.outputs.model_outputs] == [model.model_id]
    assert (model.name, str(model.status)) == ("a-b", "FAILED")
    assert [(metric.key, metric.value) for metric in model.metrics] == [("accuracy", 61.0)]
    (kept,) = (tmp_path / "mlartifacts").rglob("checkpoint.pt")
    assert kept.read_text() == "second"
    assert kept.samefile(folder / "checkpoint.pt")  # twice on the disk it would cost too much


@pytest.mark.parametrize("refusals", [1, 2])
def test_a_data_set_that_two_runs_tell_of_at_once(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    """MLflow refuses the slower one, once; what it goes on refusing is an error."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import BAD_REQUEST
    from mlflow.tracking import MlflowClient

    left, log = [MlflowException("UNIQUE", BAD_REQUEST)] * refusals, MlflowClient.log_inputs

    def refused(self: MlflowClient, *arguments: Any) -> None:
        if left:
            raise left.pop()
        log(self, *arguments)

    monkeypatch.setattr(MlflowClient, "log_inputs", refused)
    with (
        nullcontext() if refusals == 1 else pytest.raises(InputError, match="UNIQUE"),
        tracked_run(database, tmp_path / "run", experiment="world", name="rex") as run,
    ):
        run.learns_from("world", "0123", Path("questions.json"))
    assert len(run_of(database, tmp_path / "run").inputs.dataset_inputs) == 2 - refusals


def test_the_interface_sees_data_set_description_and_view(database: Path, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    lines = "".join(f"| {number} | row |\n" for number in range(1000))
    with tracked_run(database, tmp_path / "run", experiment="world", name="rex") as run:
        run.learns_from("world", "0123456789abcdef" * 4, Path("questions.json"))
        run.present("### Answers\n" + lines, ["Scores/val/accuracy", "Scores/val/cider"])
    (found,) = run_of(database, tmp_path / "run").inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("world", "0123456789abcdef" * 2)
    experiment = MlflowClient(tracking_uri=f"sqlite:///{database}").get_experiment_by_name("world")
    assert experiment is not None
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert experiment.tags["mlflow.note.content"].endswith("| row |")
    view = json.loads(experiment.tags[f"mlflow.sharedViewState.{VIEW}"])
    first, second = "metrics.`Scores/val/accuracy`", "metrics.`Scores/val/cider`"
    assert view["selectedColumns"] == ["attributes.`Dataset`", first, second]
    assert (view["orderByKey"], view["orderByAsc"]) == (first, False)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("results/mlflow.db", Path("results/mlflow.db")),
        ("sqlite:///results/mlflow.db", Path("results/mlflow.db")),
        ("sqlite:////data/mlflow.db", Path("/data/mlflow.db")),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ],
)
def test_where_runs_are_tracked(text: str, where: Path | str) -> None:
    assert store(text) == where


def test_a_store_of_another_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tables", "--metrics", "m.json", "--out", "t", "--tracking", "postgresql://u@h/db"])
    assert ended.value.code == 2
    assert "'postgresql://u@h/db' is not a file, http" in capsys.readouterr().err


@pytest.mark.parametrize("text", [".", "file:./mlruns", "databricks"])
def test_a_folder_of_runs_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"is a folder|is not a file, http"):
        store(text)


def test_who_tracks_a_run_at_the_same_moment_goes_on_with_it(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    both = threading.Barrier(2)
    find = tracking._noted

    def find_together(*arguments: Any) -> Any:
        found = find(*arguments)
        with suppress(threading.BrokenBarrierError):  # the other waits until this run is made
            both.wait(timeout=1)
        return found

    monkeypatch.setattr(tracking, "_noted", find_together)

    def evaluate(number: int) -> None:
        with tracked_run(database, tmp_path / "run", experiment="world", name="rex") as run:
            run.metrics({f"val/{number}": 1.0})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(evaluate, range(2)))
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("world")
    assert experiment is not None
    assert len(client.search_runs([experiment.experiment_id])) == 1


def test_a_server_that_is_not_there_is_one_line_at_once(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with (
        pytest.raises(InputError, match=f"{address}: no MLflow server answers"),
        tracked_run(address, tmp_path / "run", experiment="world", name="rex"),
    ):
        pass
    assert not (tmp_path / "run").exists()


def test_a_job_waits_for_a_server_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the job's input that is bad; the workflow asked for the server when it started."""
    monkeypatch.setenv("REX_WORKFLOW", "one")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    address = f"http://127.0.0.1:{free_port()}"
    with (
        pytest.raises(UnavailableError, match=f"{address}: the MLflow server does not answer"),
        tracked_run(address, tmp_path / "run", experiment="world", name="rex"),
    ):
        pass


def test_a_run_that_cannot_be_asked_for_is_not_made_again(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
    from mlflow.tracking import MlflowClient

    def busy(*_: object) -> None:
        raise MlflowException("busy", TEMPORARILY_UNAVAILABLE)

    _track(database, tmp_path / "run")
    with monkeypatch.context() as patched, pytest.raises(InputError, match="busy"):
        patched.setattr(MlflowClient, "get_run", busy)
        _track(database, tmp_path / "run")
    assert len(runs(database)) == 1


@pytest.fixture
def unsteady(server: str) -> Iterator[str]:
    """Answer for a server, but not the first time that something is asked."""
    seen: set[bytes] = set()

    class Unsteady(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = self.path.encode() + body
            if asked not in seen:
                seen.add(asked)
                if len(seen) % 2:
                    self.send_error(503)
                return  # else there is no answer at all
            kind = {"Content-Type": self.headers.get("Content-Type", "")}
            there = requests.request(self.command, server + self.path, data=body, headers=kind)
            self.send_response(there.status_code)
            self.send_header("Content-Length", str(len(there.content)))
            self.end_headers()
            self.wfile.write(there.content)

        do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Unsteady) as front:
        threading.Thread(target=front.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{front.server_port}"
        front.shutdown()


@pytest.mark.slow
def test_a_server_that_is_away_for_a_moment(
    unsteady: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    for steps in (range(3), range(3, 5)):
        with tracked_run(unsteady, tmp_path, experiment="unsteady", name="rex") as run:
            for step in steps:
                run.metrics({"loss": float(step)}, step=step, once=True)
    client = MlflowClient(tracking_uri=unsteady)
    experiment = client.get_experiment_by_name("unsteady")
    assert experiment is not None
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    losses = client.get_metric_history(found.info.run_id, "loss")
    assert [metric.value for metric in losses] == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.mark.slow
def test_a_server_works_like_a_file(server: str, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    (tmp_path / "note.txt").write_text("hello")

    def track(seed: int) -> None:
        with tracked_run(
            server,
            tmp_path / "rex" / str(seed),
            experiment="world",
            name=f"rex/{seed}",
            parameters={"seed": seed},
            anew=True,
        ) as run:
            run.learns_from("world", "0123", Path("questions.json"))
            for step in range(100):
                run.metrics({"loss": float(step)}, step=step, once=True)
            run.artifact(tmp_path / "note.txt")
            run.model(tmp_path, ["note.txt"])

    # several jobs write at once
    with ThreadPoolExecutor(4) as jobs:
        list(jobs.map(track, range(4)))
    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("world")
    assert experiment is not None
    found = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert sorted(found) == ["rex/0", "rex/1", "rex/2", "rex/3"]
    for seed in range(4):
        run = found[f"rex/{seed}"]
        assert run.info.status == "FINISHED"
        assert run.data.params == {"seed": str(seed)}
        losses = client.get_metric_history(run.info.run_id, "loss")
        assert [metric.value for metric in losses] == [float(step) for step in range(100)]
        assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["note.txt"]
        (output,) = run.outputs.model_outputs
        (kept,) = client.list_logged_model_artifacts(output.model_id)
        assert kept.path == "note.txt"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["note.txt", "rex"]


def test_a_step_that_comes_again_is_told_once(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for steps in (range(1, 6), range(4, 9)):
        with tracked_run(database, folder, experiment="world", name="rex") as run:
            for step in steps:
                run.metrics({"loss": float(step)}, step=step, once=True)
            run.metrics({"val/accuracy": 60.0 + steps[0]})
    assert history(database, folder, "loss") == [(step, float(step)) for step in range(1, 9)]
    # a measure without steps may be told again
    assert run_of(database, folder).data.metrics["val/accuracy"] == 64.0


def test_an_interrupt_is_told(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with (
        pytest.raises(KeyboardInterrupt),
        tracked_run(database, folder, experiment="world", name="rex"),
    ):
        raise KeyboardInterrupt
    assert run_of(database, folder).info.status == "KILLED"


def _track(database: Path, folder: Path) -> None:
    with tracked_run(database, folder, experiment="world", name=folder.name) as run:
        run.metrics({"loss": 1.0}, step=1)


def test_two_runs_start_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=_track, args=(tmp_path / "mlflow.db", tmp_path / f"run{i}"))
        for i in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(runs(tmp_path / "mlflow.db")) == 2


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    database.write_text("not a database, but long enough to be read as one. " * 40)
    with (
        pytest.raises(InputError, match=r"mlflow\.db"),
        tracked_run(database, tmp_path / "run", experiment="world", name="rex"),
    ):
        pass


def test_a_database_is_named_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.db").write_text("no database")
    Path("link.db").symlink_to("other.db")
    with pytest.raises(InputError, match=r"^link\.db: not an MLflow database"):
        connect(Path("link.db"))
    assert Path("other.db").read_text() == "no database"


def test_without_tracking_mlflow_is_not_imported() -> None:
    program = (
        "import sys, pathlib\n"
        "from rex.config import Config, TrainingSettings\n"
        "from rex.experiment import RunName\n"
        "from rex.training.observing import tracked\n"
        "name, path = RunName(setting='multi-task', method='rex', seed=0), pathlib.Path('x')\n"
        "observe = tracked(None, Config(), name, path, path)\n"
        "with observe({}, TrainingSettings(), False) as observer:\n"
        "    observer.step(1, {'loss': 1.0})\n"
        "assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_scheduler_that_ends_a_run_is_told(database: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with (
        pytest.raises(KeyboardInterrupt),
        tracked_run(database, tmp_path / "run", experiment="world", name="rex") as run,
    ):
        run.metrics({"loss": 1.0}, step=1)
        signal.raise_signal(signal.SIGTERM)
    assert run_of(database, tmp_path / "run").info.status == "KILLED"
    assert history(database, tmp_path / "run", "loss") == [(1, 1.0)]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_full_store_is_one_line(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    real = sqlite3.connect(database).execute("pragma page_count").fetchone()[0]
    connect = sqlite3.dbapi2.connect

    def small(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.execute(f"pragma max_page_count = {real + 2}")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    monkeypatch.setattr(sqlite3.dbapi2, "connect", small)
    with (
        pytest.raises(InputError, match=r"mlflow\.db: MLflow can't write .*full") as caught,
        tracked_run(database, tmp_path / "run", experiment="world", name="rex") as run,
    ):
        for step in range(5000):
            run.metrics({"loss": 1.0}, step=step)
    assert "\n" not in str(caught.value)


def test_a_store_that_fails_does_not_hide_the_error(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    def full(*_: object, **__: object) -> None:
        raise MlflowException("database or disk is full")

    with (
        pytest.raises(InputError, match="the disk is full"),
        tracked_run(database, tmp_path / "run", experiment="world", name="rex") as run,
    ):
        run.metrics({"loss": 1.0}, step=1)
        monkeypatch.setattr(MlflowClient, "log_batch", full)
        raise InputError("the disk is full")


def test_a_file_system_without_locks_is_told_of_and_used(
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def no_locks(file: object, operation: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with tracked_run(database, tmp_path / "run", experiment="world", name="run"):
        pass
    assert run_of(database, tmp_path / "run").info.status == "FINISHED"
    assert "not locked" in caplog.text
