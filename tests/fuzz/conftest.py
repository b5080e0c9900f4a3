"""Trying a reader, and saying at the end how many inputs were tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from . import fuzzing

_COUNT = "inputs tried"


@pytest.fixture
def fuzz(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return `fuzzing.fuzz`; the number of inputs is kept in the report."""

    def count(*arguments: Any) -> None:
        record_property(_COUNT, fuzzing.fuzz(*arguments))

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the number of inputs."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    counts = [
        value for report in reports for name, value in report.user_properties if name == _COUNT
    ]
    if counts:
        terminalreporter.write_line(f"{sum(counts)} inputs tried on {len(counts)} readers")
