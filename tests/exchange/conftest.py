"""A small world with its records, made once for all tests of this folder."""

from __future__ import annotations

import pytest

from rex.config import WorldSettings
from rex.exchange.record import Explained, ExportedQuestion, explain
from rex.gqa.json_entries import iter_entries
from rex.gqa.layout import Layout
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.world.make import make_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Return a made world."""
    folder = tmp_path_factory.mktemp("data") / "world"
    settings = WorldSettings(
        train_images=24, val_images=8, testdev_images=4, questions_per_image=12, seed=5
    )
    make_world(folder, settings, processes=1)
    return Layout(folder)


@pytest.fixture(scope="session")
def explained(world: Layout) -> list[Explained]:
    """Return the world's train questions, explained."""
    graphs = SceneGraphIndex(world.scene_graphs("train"))
    entries = iter_entries(world.questions("train"), ExportedQuestion, entry="question", cure="")
    return [explain(name, asked, graphs.get(asked.image_id)) for name, asked in entries]
