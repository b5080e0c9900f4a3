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
from rex.errors import InputError
from rex.locks import locked

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_TIMEOUT = 10.0
"""Seconds that a server may take to be there."""


def connect(where: Store) -> MlflowClient:
    """Return a client of the store; a file that is not there is made. Raises InputError."""
    # a run must not depend on a server of someone else's
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    for name in ("alembic", "mlflow.store.db.utils"):  # they tell how tables are made
        logging.getLogger(name).setLevel(logging.WARNING)
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import DatabaseError

    if isinstance(where, str):
        return _connect_to_server(where)
    where.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locked(where):  # two that make the same tables at once hurt each other
            client = MlflowClient(tracking_uri=f"sqlite:///{where.resolve()}")
            client.search_experiments(max_results=1)  # makes the tables of a new file
    except (MlflowException, DatabaseError) as error:
        if "full" in reason(error):
            raise _unwritable(where, error) from None
        raise InputError(
            f"not an MLflow database ({reason(error)})",
            file=where,
            cure="delete it, or name another with --tracking",
        ) from None
    return client


def _connect_to_server(address: str) -> MlflowClient:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=address)
    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        # at once: MLflow itself tries for minutes
        socket.create_connection((parts.hostname or "", port), timeout=_TIMEOUT).close()
        client.search_experiments(max_results=1)
    except (OSError, ValueError, MlflowException) as error:
        raise InputError(
            f"no MLflow server answers ({reason(error)})",
            file=address,
            cure="start it, or check the address, MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD",
        ) from None
    return client


@contextmanager
def plain_failures(where: Store) -> Iterator[None]:
    """Turn what MLflow says of a full disk, a lost database or server into an InputError."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise _unwritable(where, error) from None


def _unwritable(where: Store, error: Exception) -> InputError:
    cure = "make room for it" if isinstance(where, Path) else "see what the server says"
    return InputError(
        f"MLflow can't write ({reason(error)})",
        file=where,
        cure=f"{cure}, or leave --tracking out; started again, the run goes on",
    )


def reason(error: Exception) -> str:
    """Return the line that says what SQLite found wrong, if there is one."""
    lines = str(error).splitlines()
    return next((line for line in lines if line.startswith("(sqlite3.")), lines[0])
