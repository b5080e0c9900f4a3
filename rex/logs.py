"""What a command says while it works: lines on stderr, everything in the log file."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")

_logger = logging.getLogger("rex")
_warnings = logging.getLogger("py.warnings")
"""What libraries warn of, where that is captured."""
_retries = logging.getLogger("urllib3.connectionpool")
"""What is asked of a server again, which MLflow's client does for minutes."""


def configure_logging(log: Path | None = None) -> None:
    """Send REX's messages to stderr, and with tracebacks and times to the file `log`.

    A job of a workflow that has a log says on stderr only what goes wrong.
    """
    _logger.setLevel(logging.DEBUG)
    _logger.propagate = False
    for logger in (_logger, _warnings, _retries):
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.close()
    console = logging.StreamHandler(sys.stderr)
    # in a workflow, several jobs write to one terminal, which shows how far each log is
    of_workflow = log is not None and "REX_WORKFLOW" in os.environ
    logging.captureWarnings(of_workflow)
    # by Detectron2, as it is imported
    warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated")
    console.setLevel(logging.WARNING if of_workflow else logging.INFO)
    console.setFormatter(logging.Formatter("%(message)s"))
    _logger.addHandler(console)
    if not of_workflow:
        _retries.addHandler(console)
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        file = _LogFile(log, encoding="utf-8")
        file.setLevel(logging.DEBUG)
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        _logger.addHandler(file)
        if of_workflow:
            _warnings.addHandler(file)
            _retries.addHandler(file)


class _LogFile(logging.FileHandler):
    """Is silent where it cannot be written: who finds a disk full says so on the terminal."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Leave a record out."""

    def close(self) -> None:
        """Close the file, or what there is of it."""
        with suppress(OSError):
            super().close()


@contextmanager
def warnings_only() -> Iterator[None]:
    """Keep back what is said of a short job's progress."""
    level = _logger.level
    _logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        _logger.setLevel(level)


_EVERY = 5.0
"""Seconds between two lines about a job."""


class Progress:
    """Says every few seconds how far a long job is, how fast, and how long it will take."""

    def __init__(self, label: str, total: int, unit: str = "it") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self._start = self._last = time.monotonic()
        self._from = 0

    def start_at(self, done: int) -> None:
        """Count `done` items as finished earlier (a resumed job), so that the speed stays true."""
        self.done = self._from = done

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count `count` more items; `note` (a loss, say) is shown with the next line."""
        self.done += count
        now = time.monotonic()
        if now - self._last >= _EVERY or self.done >= self.total:
            self._last = now
            speed = (self.done - self._from) / max(now - self._start, 1e-9)
            left = (self.total - self.done) / speed if speed else 0.0
            share = 100 * self.done // max(self.total, 1)
            _logger.info(
                "%s  %d/%d %s  %d%%  %.1f %s/s  %d:%02d left%s",
                self.label,
                self.done,
                self.total,
                self.unit,
                share,
                speed,
                self.unit,
                *divmod(round(left), 60),
                f"  {note}" if note else "",
            )


def track(items: Iterable[Item], label: str, total: int, unit: str = "it") -> Iterator[Item]:
    """Yield `items`, reporting progress."""
    progress = Progress(label, total, unit)
    for item in items:
        yield item
        progress.advance()
