"""MLflow's store: reached, or told in a line why not."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rex.command_line import Store
from rex.errors import InputError, UnavailableError, first_line
from rex.files import whole_file
from rex.locks import locked

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_TIMEOUT = 10.0
"""Seconds that a server may take to be there."""
_PASSING = (408, 429, 500, 502, 503, 504)
"""HTTP's codes of what MLflow's client tries again; for it, a broken connection is a 500."""


def connect(where: Store) -> MlflowClient:
    """Return a client of the store; a file that is not there is made. Raises InputError.

    A job of a workflow, which has seen the server when it started, waits for it where it is away.
    """
    # a run must not depend on a server of someone else's
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    for name in ("alembic", "mlflow.store.db.utils"):  # they tell how tables are made
        logging.getLogger(name).setLevel(logging.WARNING)
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import DatabaseError

    if isinstance(where, str):
        if "REX_WORKFLOW" not in os.environ:
            check_server(where)
        return MlflowClient(tracking_uri=where)
    database = where.resolve()  # of a link, the file that it names
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locked(database):  # two that make the same tables at once hurt each other
            if not database.exists() or not database.stat().st_size:
                # who is killed while tables are made leaves a file that MLflow can't go on with
                with whole_file(database) as temporary:
                    _opened(temporary)
            client = _opened(database)
    except (MlflowException, DatabaseError) as error:
        if "full" in reason(error):
            raise _unwritable(where, error) from None
        raise InputError(
            f"not an MLflow database ({reason(error)})",
            file=where,
            cure="delete it, or name another with --tracking",
        ) from None
    return client


def _opened(file: Path) -> MlflowClient:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{file}")
    client.search_experiments(max_results=1)  # makes the tables of an empty file
    return client


def check_server(address: str) -> None:
    """Raise InputError where no MLflow server answers, or not to this user."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        # at once: MLflow itself tries for minutes
        socket.create_connection((parts.hostname or "", port), timeout=_TIMEOUT).close()
        MlflowClient(tracking_uri=address).search_experiments(max_results=1)
    except (OSError, ValueError, MlflowException) as error:
        raise InputError(
            f"no MLflow server answers ({reason(error)})",
            file=address,
            cure="start it, or check the address, MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD",
        ) from None


@contextmanager
def plain_failures(where: Store) -> Iterator[None]:
    """Turn what MLflow says of a full disk or a lost database into an InputError.

    Raises UnavailableError for a server that has been away for longer than MLflow's client waits.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if isinstance(where, str) and error.get_http_status_code() in _PASSING:
            raise UnavailableError(
                f"the MLflow server does not answer ({reason(error)})",
                file=where,
                cure="start it, and this again: the run goes on",
            ) from None
        raise _unwritable(where, error) from None


def _unwritable(where: Store, error: Exception) -> InputError:
    why = reason(error)
    cure = "see what the server says" if isinstance(where, str) else "see that it can be written"
    return InputError(
        f"MLflow can't write ({why})",
        file=where,
        cure=f"{'make room for it' if 'full' in why else cure}, or leave --tracking out; started "
        "again, the run goes on",
    )


def reason(error: Exception) -> str:
    """Return the line that says what SQLite found wrong, if there is one."""
    lines = str(error).splitlines()
    return next((line for line in lines if line.startswith("(sqlite3.")), first_line(error))
