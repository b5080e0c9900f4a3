"""What holds for all tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A slow machine is no failure. The same code gives the same result: a change is blamed for what it
# broke alone. `pytest --hypothesis-profile explore` draws other examples each time.
settings.register_profile("rex", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("rex")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: of two processes, none has a long one left at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def small_numbers() -> Iterator[None]:
    """Undo what the detector sets for speed: numbers too small for normal form become 0."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)
