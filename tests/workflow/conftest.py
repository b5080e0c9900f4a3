from __future__ import annotations

from pathlib import Path

import pytest

from .running import prepare, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the smoke configuration."""
    folder = prepare(tmp_path_factory.mktemp("smoke") / "first")
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return folder
