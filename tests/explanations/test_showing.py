from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rex.cli import main
from rex.gqa.layout import Layout
from tests.gqa.sample import (
    QUESTIONS,
    SCENE_GRAPHS,
    needs_sample,
    question_entry,
    scene_graph_entry,
)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    near: list[dict[str, Any]] = [
        {"operation": "select", "dependencies": [], "argument": "dog (11)"},
        {"operation": "verify rel", "dependencies": [0], "argument": "ball,near,o (12)"},
    ]
    questions = {
        "q1": question_entry(),
        "q2": question_entry(semantic=near, answer="yes"),
        "q3": question_entry(semantic=near, answer="no"),
        "q4": question_entry(imageId="9"),
        "q5": question_entry(semantic=[near[0], {**near[1], "argument": "ball,near,o (99)"}]),
    }
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    (tmp_path / "graphs.json").write_text(json.dumps({"1": scene_graph_entry()}))
    Image.new("RGB", (200, 160), "white").save(tmp_path / "1.jpg")
    return [
        *("--questions", str(tmp_path / "questions.json")),
        *("--scene-graphs", str(tmp_path / "graphs.json")),
    ]


def test_the_program_as_a_tree(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "show", *files, "q2"]) == 0
    assert capsys.readouterr().out.splitlines()[3:] == [
        "[1] verify rel: ball,near,o (12)  ->  yes",
        "└─ [0] select: dog (11)  ->  dog (11)",
        "status     ok",
        "entailed   yes  (agrees)",
        "unpolished (obj:12) that (obj:11) is near",
        "raw        (obj:11) is near (obj:12)",
        "tokens     dog is near ball  (no regions given)",
        "sentence   Yes, the dog is near the ball.",
    ]


def test_a_contradiction_and_reasons(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "show", *files, "q3"]) == 0
    assert "entailed   yes  (CONTRADICTS the answer)" in capsys.readouterr().out
    assert main(["explain", "show", *files, "q4"]) == 2
    assert "no scene graph of image 9" in capsys.readouterr().err
    assert main(["explain", "show", *files, "q5"]) == 0
    out = capsys.readouterr().out
    assert "status     object missing: 99" in out
    assert "[0] select: dog (11)\n" in out
    assert main(["explain", "show", *files, "q6"]) == 2
    assert "no question 'q6'" in capsys.readouterr().err


def test_the_objects_of_each_step_are_drawn(files: list[str], tmp_path: Path) -> None:
    out = tmp_path / "drawing.png"
    drawn = ["--image", str(tmp_path / "1.jpg"), "--out", str(out)]
    assert main(["explain", "show", *files, "q2", *drawn]) == 0
    with Image.open(out) as picture:
        pixels = picture.convert("RGB")
        # two panels of 360x288 under captions of 36, the scene graph's 100x80 pixels scaled by 3.6:
        # the dog's box (10, 10)-(30, 40) starts at (36, 36) of the panel, in both panels
        assert pixels.size == (2 * 368 + 8, 288 + 36 + 16)
        left_edge = (8 + 37, 8 + 36 + 100)
        assert pixels.getpixel(left_edge) == (214, 39, 40)
        assert pixels.getpixel((left_edge[0] + 368, left_edge[1])) == (214, 39, 40)
        # the ball's (60, 50)-(70, 60) is in the second alone, in another color
        ball_edge = (8 + 217, 8 + 36 + 210)
        assert pixels.getpixel(ball_edge) == (255, 255, 255)
        assert pixels.getpixel((ball_edge[0] + 368, ball_edge[1])) == (31, 119, 180)


def test_nothing_to_draw_and_a_corrupt_image(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = tmp_path / "1.jpg", tmp_path / "drawing.png"
    drawn = ["--image", str(image), "--out", str(out)]
    assert main(["explain", "show", *files, "q5", *drawn]) == 2
    assert "not explained: object missing" in capsys.readouterr().err
    image.write_bytes(image.read_bytes()[:300])
    assert main(["explain", "show", *files, "q1", *drawn]) == 2
    assert "not a readable image" in capsys.readouterr().err
    assert not out.exists()


@needs_sample
def test_a_real_question(capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--questions", str(QUESTIONS), "--scene-graphs", str(SCENE_GRAPHS)]
    assert main(["explain", "show", *files, "11954688"]) == 0
    out = capsys.readouterr().out
    assert "No, the wine glass is to the right of the man on the left." in out
    assert "[2] relate: wine glass,to the left of,s (389020)  ->  nothing" in out


def test_files_are_found_in_the_data_folder(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(tmp_path / "data")
    targets = layout.questions("val"), layout.scene_graphs("val")
    for path, given in zip(targets, files[1::2], strict=True):
        path.parent.mkdir(parents=True)
        path.write_text(Path(given).read_text())
    config = tmp_path / "config.yaml"
    config.write_text(f"data: {layout.folder}\n")
    assert main(["explain", "show", "--config", str(config), "q2"]) == 0
    found = capsys.readouterr().out
    assert main(["explain", "show", *files, "q2"]) == 0
    assert capsys.readouterr().out == found
    assert main(["explain", "show", "--config", str(config), "q9"]) == 2
    assert "has no question 'q9' in its train or val split" in capsys.readouterr().err
    assert main(["explain", "show", *files[:2], "q2"]) == 2
    assert "give both" in capsys.readouterr().err
