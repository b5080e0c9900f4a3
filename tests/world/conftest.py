"""A small world, made once for all tests of this folder."""

from __future__ import annotations

import pytest

from rex.config import WorldSettings
from rex.gqa.layout import Layout
from rex.world.make import make_world

TINY = WorldSettings(
    train_images=36, val_images=12, testdev_images=6, questions_per_image=24, seed=7
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Return a made world with many questions an image."""
    folder = tmp_path_factory.mktemp("data") / "world"
    make_world(folder, TINY, processes=1)
    return Layout(folder)
