from __future__ import annotations

from pathlib import Path

import pytest

from rex.training.run import RunFiles

from .toy import make_toy


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> RunFiles:
    """The toy data set; `out` is to be replaced by a test that writes a run."""
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return tmp_path / "run"
