"""Classes and boxes that a detector learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rex.errors import InputError
from rex.gqa.scene_graphs import SceneGraph, SceneObject, read_scene_graphs
from rex.regions.annotations import ClassLists, annotated_images

SAMPLE = Path(__file__).parents[2].resolve() / "../shared/gqa-sample"


def thing(
    name: str, *attributes: str, box: tuple[int, int, int, int] = (1, 2, 3, 4)
) -> SceneObject:
    return SceneObject(name, *box, attributes=attributes)


def graph(*things: SceneObject) -> SceneGraph:
    return SceneGraph(20, 10, {str(number): each for number, each in enumerate(things)})


def test_classes_are_what_occurs_often_enough_most_frequent_first() -> None:
    graphs = [
        graph(thing("cup", "red"), thing("cup", "red", "red"), thing("ape", "big")),
        graph(thing("cup"), thing("ape", "big"), thing("dog", "old")),
    ]
    assert ClassLists.of(graphs, least=2) == ClassLists(("cup", "ape"), ("big", "red"))
    with pytest.raises(InputError, match="no object name occurs 9 times"):
        ClassLists.of(graphs, least=9)


def test_objects_become_rows_clipped_to_the_image() -> None:
    graphs = {
        "b": graph(
            thing("cup", "red", "odd", box=(15, 5, 10, 10)),
            thing("dog", box=(0, 0, 4, 4)),
            thing("cup", box=(20, 0, 5, 5)),  # outside
        ),
        "a": graph(),
    }
    empty, image = annotated_images(graphs, Path("images"), ClassLists(("ape", "cup"), ("red",)))
    assert (empty.image_id, image.image_id) == ("a", "b")
    assert empty.boxes.shape == (0, 4)
    assert image.path == Path("images/b.jpg")
    assert image.boxes.tolist() == [[15, 5, 20, 10], [0, 0, 4, 4]]
    assert image.object_ids.tolist() == [1, -1]
    assert image.attributes.tolist() == [[True], [False]]


@pytest.mark.skipif(not SAMPLE.exists(), reason="the GQA sample is not here")
def test_real_scene_graphs() -> None:
    graphs = read_scene_graphs(SAMPLE / "sceneGraphs.json")
    classes = ClassLists.of(graphs.values())
    images = annotated_images(graphs, SAMPLE / "images", classes)
    assert len(images) == 27
    assert sum(len(image.boxes) for image in images) == 458
    assert {"man", "tree"} <= set(classes.object_names)
    for image in images:
        limits = np.array([image.width, image.height] * 2)
        assert (image.boxes >= 0).all()
        assert (image.boxes <= limits).all()
