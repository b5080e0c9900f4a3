"""A real `mlflow server` on loopback: on SQLite or PostgreSQL, open or with authentication."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

USER, PASSWORD = "admin", "of-the-tests-alone"
_POSTGRES = Path("/usr/lib/postgresql")
"""Where Debian keeps its versions."""


def free_ports(count: int) -> list[int]:
    """Return as many ports, no two the same."""
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in free]


def free_port() -> int:
    return free_ports(1)[0]


@contextmanager
def mlflow_server(folder: Path, *, postgres: bool = False, users: bool = False) -> Iterator[str]:
    """Have a server run whose files lie in a folder; yields its address.

    With `users`, it knows the user USER alone (which needs Flask-WTF).
    """
    port, environment = free_port(), {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    if users:
        (folder / "users.ini").write_text(
            f"[mlflow]\ndefault_permission = NO_PERMISSIONS\n"
            f"database_uri = sqlite:///{folder}/users.db\n"
            f"admin_username = {USER}\nadmin_password = {PASSWORD}\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )
        environment["MLFLOW_AUTH_CONFIG_PATH"] = str(folder / "users.ini")
        environment["MLFLOW_FLASK_SERVER_SECRET_KEY"] = secrets.token_hex()
    kept = _postgres() if postgres else nullcontext(f"sqlite:///{folder}/server.db")
    with kept as backend, (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(port), "--workers", "1", "--backend-store-uri", backend),
                *("--artifacts-destination", str(folder / "artifacts")),
                *(["--app-name", "basic-auth"] if users else []),
            ],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            for _ in range(3000):
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                assert process.poll() is None, (folder / "server.log").read_text()[-4000:]
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):  # it has ended: why is in the log
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def has_postgres() -> bool:
    """Return whether Debian's PostgreSQL is here, and may be started, and a server can use it."""
    needed = [sys.executable, "-c", "import psycopg2, flask_wtf"]
    driven = subprocess.run(needed, stderr=subprocess.DEVNULL).returncode == 0
    return _POSTGRES.exists() and os.geteuid() == 0 and driven


@contextmanager
def folder_of(user: str) -> Iterator[Path]:
    """Have a temporary folder of a user of the system: pytest's own are for root alone."""
    with TemporaryDirectory(prefix="rex-") as name:
        shutil.chown(name, user, user)
        yield Path(name)


@contextmanager
def _postgres() -> Iterator[str]:
    """Have a PostgreSQL of its own run, on loopback; yields the address of its database."""
    programs = max(_POSTGRES.glob("*/bin"))
    port = free_port()

    def run(command: str) -> None:
        said = ["su", "-s", "/bin/sh", "postgres", "-c", f"{programs}/{command}"]
        subprocess.run(said, check=True, stdout=subprocess.DEVNULL)

    with folder_of("postgres") as place:
        run(f"initdb --auth=trust -D {place}/data")
        options = f"-l {place}/log -o '-k {place} -h 127.0.0.1 -p {port}'"
        run(f"pg_ctl -w -D {place}/data {options} start")
        try:
            run(f"createdb -h 127.0.0.1 -p {port} mlflow")
            yield f"postgresql://postgres@127.0.0.1:{port}/mlflow"
        finally:
            run(f"pg_ctl -w -D {place}/data -m fast stop")
