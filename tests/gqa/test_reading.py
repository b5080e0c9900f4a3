from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from rex.errors import InputError
from rex.gqa.json_entries import without_collection
from rex.gqa.layout import Layout
from rex.gqa.questions import Groups, SemanticStep, Types, read_questions
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.gqa.scene_graphs import Relation, read_scene_graphs
from tests.gqa.sample import (
    OOD_QUESTIONS,
    QUESTIONS,
    SCENE_GRAPHS,
    VAL_QUESTIONS,
    needs_sample,
    question_entry,
    scene_graph_entry,
)


def test_a_question_keeps_every_field_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    path.write_text(json.dumps({"q1": question_entry()}))
    question = read_questions(path)["q1"]
    assert question.image_id == "1"
    assert question.semantic[1] == SemanticStep("query", "color", (0,))
    assert question.types == Types("query", "attr", "directWhich")
    assert question.groups == Groups("color", "10q-dog_color")
    assert question.entailed == ("q2",)


def test_a_test_question_has_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    path.write_text('{"q": {"imageId": "n1", "question": "What is it?", "isBalanced": false}}')
    question = read_questions(path)["q"]
    assert question.answer is None
    assert len(question.semantic) == 0


def test_a_scene_graph(tmp_path: Path) -> None:
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"1": scene_graph_entry()}))
    graph = read_scene_graphs(path)["1"]
    assert list(graph.objects) == ["11", "12"]
    dog = graph.objects["11"]
    assert dog.box == (10.0, 10.0, 30.0, 40.0)
    assert dog.center == (20.0, 25.0)
    assert dog.attributes == ("brown",)
    assert dog.relations == (Relation("near", "12"),)
    assert (graph.location, graph.weather) == ("outdoors", "sunny")


def test_wrong_types_are_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    bad = question_entry(semantic=[{"operation": "select", "dependencies": "", "argument": "x"}])
    path.write_text(json.dumps({"q1": question_entry(), "q2": bad}))
    with pytest.raises(InputError, match=r"question q2: field semantic\[0\].dependencies"):
        read_questions(path)
    path.write_text(json.dumps({"1": scene_graph_entry(objects={"5": {"name": "cat"}})}))
    with pytest.raises(InputError, match=r"image 1: .*required field `x`"):
        read_scene_graphs(path)


def test_the_index_reads_what_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "graphs.json"
    graphs = {f'{number}"\\': scene_graph_entry(width=number + 1) for number in range(40)}
    path.write_text(json.dumps(graphs, indent=1))
    index = SceneGraphIndex(path, keep=3)
    assert list(index) == list(graphs)
    for image_id in [*graphs, *reversed(graphs)]:
        graph = index.get(image_id)
        assert graph is not None
        assert graph.width == graphs[image_id]["width"]
    assert index.get("none") is None
    assert len(index) == 40


def test_the_index_closes_its_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rex explain` runs without the garbage collector."""
    closed: list[int] = []
    monkeypatch.setattr("os.close", closed.append)
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"1": scene_graph_entry()}))
    with without_collection():
        assert SceneGraphIndex(path).get("1") is not None
        assert len(closed) == 1
    monkeypatch.undo()
    os.close(*closed)


def test_the_index_names_a_malformed_scene_graph(tmp_path: Path) -> None:
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"1": scene_graph_entry(objects=[]), "2": scene_graph_entry()}))
    index = SceneGraphIndex(path)
    assert index.get("2") is not None
    with pytest.raises(InputError, match="image 1: field objects"):
        index.get("1")
    path.write_text(json.dumps({"1": scene_graph_entry(objects={"5": {"name": "cat", "x": "1"}})}))
    graph = SceneGraphIndex(path).get("1")
    assert graph is not None
    assert list(graph.objects) == ["5"]
    with pytest.raises(InputError, match=r"image 1: field objects\[5\].x"):
        graph.objects["5"]
    path.write_text(json.dumps({"1": scene_graph_entry(width=0)}))
    with pytest.raises(InputError, match="image size 0x80"):
        SceneGraphIndex(path).get("1")


def test_an_image_that_stands_twice(tmp_path: Path) -> None:
    path = tmp_path / "graphs.json"
    first, second = json.dumps(scene_graph_entry()), json.dumps(scene_graph_entry(width=7))
    path.write_text(f'{{"1": {first}, "1": {second}, "2": {first}}}')
    with pytest.raises(InputError, match="an image stands twice"):
        SceneGraphIndex(path)


def test_layout() -> None:
    layout = Layout("data/world")
    assert layout.questions("val") == Path("data/world/questions/val_balanced_questions.json")
    assert layout.scene_graphs("val") == Path("data/world/sceneGraphs/val_sceneGraphs.json")
    assert layout.image("7") == Path("data/world/images/7.jpg")
    assert layout.ood_questions("val", "tail") == Path("data/world/ood/ood_val_tail.json")
    assert len(layout.annotation_files()) == 3 + 2 + 6


@needs_sample
def test_the_real_sample() -> None:
    assert len(read_questions(QUESTIONS)) == 23
    assert len(read_questions(VAL_QUESTIONS)) == 1358
    assert len(read_questions(OOD_QUESTIONS)) == 1063
    graphs = read_scene_graphs(SCENE_GRAPHS)
    assert len(graphs) == 27
    assert sum(len(graph.objects) for graph in graphs.values()) == 458
    index = SceneGraphIndex(SCENE_GRAPHS)
    for image_id, graph in graphs.items():
        found = index.get(image_id)
        assert found is not None
        assert dict(found.objects) == graph.objects
        assert replace(found, objects={}) == replace(graph, objects={})
