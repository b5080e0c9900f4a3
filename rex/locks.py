"""Locks that one process at a time can have, and that die with it."""

from __future__ import annotations

import errno
import logging
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from rex.errors import InputError

_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
"""What a file system says that has no locks."""
_PATIENCE = 5.0
"""Seconds after which it is said who is waited for."""

_logger = logging.getLogger("rex.locks")


@contextmanager
def locked(target: str | os.PathLike[str], *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a folder, or of a file that may not be there yet.

    Yields whether another process had it before: who waits says whom for. Raises InputError, which
    says who has the lock, where it is not to `wait`. Some shared file systems have no locks: a
    warning says so, and nothing is locked.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    path = target / ".lock" if target.is_dir() else target.with_name(f".{target.name}.lock")
    # the library's way out where there are no locks is a file that outlives its process
    lock = FileLock(path, fallback_to_soft=False)
    waited = False
    try:
        try:
            lock.acquire(timeout=_PATIENCE if wait else 0)
        except Timeout:
            if not wait:
                raise InputError(
                    f"in use by {_holder(path)}", file=target, cure="wait until it is done"
                ) from None
            waited = True
            _logger.warning("%s: waiting for %s", target, _holder(path))
            lock.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _logger.warning("%s: not locked (%s); start one process at a time", target, error)
    else:
        with suppress(OSError):  # a full disk, say: it is locked all the same
            path.write_text(_this_process(), encoding="utf-8")
    try:
        yield waited
    finally:
        # who waits for a lock whose file is gone makes a new one
        with suppress(OSError):
            path.unlink()
        lock.release()


def _this_process() -> str:
    verb = [argument for argument in sys.argv[1:2] if not argument.startswith("-")]
    command = " ".join([Path(sys.argv[0]).name, *verb])
    now = datetime.now().strftime("%Y-%m-%d %H:%M")
    where = f"process {os.getpid()} on {socket.gethostname()}"
    return f"{where} ({command}, in {shlex.quote(str(Path.cwd()))}, since {now})"


def _holder(path: Path) -> str:
    """Return what the process that has the lock says of itself."""
    try:
        return path.read_text(encoding="utf-8") or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"
