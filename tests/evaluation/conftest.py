from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.small_split import SmallSplit, make_split


@pytest.fixture
def split(tmp_path: Path) -> SmallSplit:
    return make_split(tmp_path)
