from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rex.cli import main
from rex.gqa.layout import Layout
from tests.gqa.sample import (
    OOD_QUESTIONS,
    QUESTIONS,
    SCENE_GRAPHS,
    VAL_QUESTIONS,
    needs_sample,
    question_entry,
    scene_graph_entry,
)


def step(operation: str, argument: str, *dependencies: int) -> dict[str, Any]:
    return {"operation": operation, "argument": argument, "dependencies": list(dependencies)}


@needs_sample
def test_the_real_files_are_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    files = [QUESTIONS, SCENE_GRAPHS, VAL_QUESTIONS, OOD_QUESTIONS]
    assert main(["gqa", "check", *map(str, files)]) == 0
    out = capsys.readouterr().out
    assert "23 questions on 13 images" in out
    assert "scene graphs of 27 images, 458 objects" in out
    assert "1,358 questions" in out
    assert "1,063 questions" in out


@pytest.mark.parametrize(
    ("semantic", "place", "problem"),
    [
        (
            [step("select", "dog (11)"), step("query", "color", 1)],
            "question q1: semantic step 1",
            "depends on step 1",
        ),
        (
            [step("query", "color", 1), step("select", "dog (11)")],
            "question q1: semantic step 0",
            "depends on step 1",
        ),
        (
            [step("select", "dog (11)"), step("paint", "", 0)],
            "question q1: semantic step 1",
            "unknown operation 'paint'",
        ),
        ([step("query", "color")], "question q1: semantic step 0", "has 0 dependencies"),
    ],
)
def test_a_malformed_program_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    semantic: list[dict[str, Any]],
    place: str,
    problem: str,
) -> None:
    path = tmp_path / "questions.json"
    path.write_text(json.dumps({"q0": question_entry(), "q1": question_entry(semantic=semantic)}))
    assert main(["gqa", "check", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{path}: {place}: " in error
    assert problem in error


def test_a_relation_to_a_missing_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = scene_graph_entry()
    entry["objects"]["12"]["relations"] = [{"name": "on", "object": "99"}]
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"1": entry}))
    assert main(["gqa", "check", str(path)]) == 2
    assert "image 1: field objects[12].relations" in capsys.readouterr().err


def test_odd_boxes_are_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = scene_graph_entry()
    entry["objects"]["12"]["h"] = 0
    entry["objects"]["11"]["w"] = 1000
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"0": scene_graph_entry(), "1": entry}))
    assert main(["gqa", "check", str(path)]) == 0
    said = "4 objects (2 with a box that is empty or leaves its image: object 11 of image 1…)"
    assert said in capsys.readouterr().out


def test_ids_that_no_program_can_name_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = scene_graph_entry()
    ball = entry["objects"]["12"]
    entry["objects"] = {"a1": ball, "7-b": ball, "7_b": ball}
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"0": scene_graph_entry(), "1": entry}))
    assert main(["gqa", "check", str(path)]) == 0
    out = capsys.readouterr().out
    assert "5 objects (2 with an id that no program can name, unlike 7 or 7_b: object a1" in out
    assert "object a1 of image 1…), 1 relation\n" in out


def test_objects_that_a_scene_graph_lacks_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(tmp_path)
    lacking = [step("select", "cup (11)"), step("relate", "mug,on,s (99,98)", 0)]
    questions = {
        "whole": question_entry(),
        "lacking": question_entry(semantic=[*lacking, step("query", "color", 1)]),
        "nothing": question_entry(semantic=[step("select", "cup (-)"), step("exist", "?", 0)]),
        "unknown image": question_entry(imageId="2", semantic=[step("select", "mug (99)")]),
    }
    for split in ("train", "val"):
        for path, entries in (
            (layout.questions(split), questions),
            (layout.scene_graphs(split), {"1": scene_graph_entry()}),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(entries))
    assert main(["gqa", "check", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert (
        out.count("; 1 with objects that their scene graph lacks (99 in question lacking…)\n") == 2
    )


@pytest.mark.parametrize("size", [{"width": -5}, {"height": 0}])
def test_an_image_without_a_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: dict[str, int]
) -> None:
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"1": scene_graph_entry(**size)}))
    assert main(["gqa", "check", str(path)]) == 2
    assert f"image 1: field {next(iter(size))}: " in capsys.readouterr().err


def test_neither_questions_nor_scene_graphs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"a": {"b": 1}}')
    assert main(["gqa", "check", str(path)]) == 2
    assert "entry a: neither a question nor a scene graph" in capsys.readouterr().err


def test_a_folder_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    for path, entry in (
        (layout.questions("val"), question_entry()),
        (layout.scene_graphs("val"), scene_graph_entry()),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"1": entry}))
    assert main(["gqa", "check", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out.count("MISSING") == 2
    assert captured.out.count("not there (needed unless evaluation.splits is [val])") == 1
    assert captured.out.count("not there (optional)") == 6
    assert captured.out.endswith("not there (optional: to extract regions, for the gallery)\n")
    assert "1 question on 1 image" in captured.out
    assert "and 1 other part;" in captured.err


def test_a_data_set_without_testdev_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(tmp_path)
    for split in ("train", "val"):
        for path, entry in (
            (layout.questions(split), question_entry()),
            (layout.scene_graphs(split), scene_graph_entry()),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"1": entry}))
    assert main(["gqa", "check", str(tmp_path)]) == 0
    assert "unless evaluation.splits is [val]" in capsys.readouterr().out


def test_a_whole_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    for path in layout.annotation_files().values():
        path.parent.mkdir(parents=True, exist_ok=True)
        entry = scene_graph_entry() if "scene" in path.name else question_entry()
        path.write_text(json.dumps({"1": entry}))
    for name in ("1.jpg", "more/2.PNG", "more/2.jpg", "notes.txt"):
        path = layout.images() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    layout.ood_questions("val", "tail").write_text("{}")  # as a small world has it
    assert main(["gqa", "check", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "ood_val_tail.json: 0 questions on 0 images\n" in out
    assert out.endswith(": 2 images\n")
