from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from .running import prepare, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A finished run of the smoke configuration, made once for all processes of pytest-xdist."""
    own = tmp_path_factory.mktemp("smoke") / "first"
    if worker_id == "master":
        return finish(own)
    shared = tmp_path_factory.getbasetemp().parent / "finished"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            finish(own).rename(shared)
        subprocess.run(["cp", "-a", str(shared), str(own)], check=True)
    return own


def finish(folder: Path) -> Path:
    """Run the smoke configuration to its end in a folder, and return it."""
    done = snakemake(prepare(folder))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return folder
