"""The rule-based stand-in for a foreign model: what it answers, and what that scores."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

from rex.cli import main
from rex.config import WorldSettings
from rex.gqa.layout import Layout
from rex.world.make import make_world

from .running import ROOT


@pytest.fixture
def world(tmp_path: Path) -> Layout:
    settings = WorldSettings(
        train_images=1, val_images=16, testdev_images=1, questions_per_image=8, seed=5
    )
    make_world(tmp_path / "world", settings, processes=1)
    return Layout(tmp_path / "world")


def test_it_is_right_and_wrong_by_rule(
    world: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ["--questions", str(world.questions("val"))]
    files += ["--scene-graphs", str(world.scene_graphs("val"))]
    answers, truth = tmp_path / "answers.jsonl", tmp_path / "val.parquet"
    command = ["stand_in.py", *files, "--count", "40", "--out", str(answers)]
    monkeypatch.setattr(sys, "argv", command)
    runpy.run_path(str(ROOT / "workflow/scripts/stand_in.py"), run_name="__main__")
    said = {
        row["question_id"]: row["text"] for row in map(json.loads, answers.read_text().splitlines())
    }
    assert len(said) == 40
    assert sum(text.count(" ") == 0 for text in said.values()) == 8
    assert main(["explain", "build", *files, "--out", str(truth)]) == 0
    out = tmp_path / "metrics.json"
    more = ["--format", "qwen2.5-vl", "--partial", "--explanations", str(truth)]
    measured = ["evaluate", str(answers), *files, *more, "--out", str(out)]
    assert main(measured) == 0
    metrics = json.loads(out.read_text())
    assert (metrics["n"], metrics["asked"]) == (40, len(json.loads(Path(files[1]).read_text())))
    scores = {name: score["value"] for name, score in metrics["scores"].items()}
    # a false explanation may change what the answer follows from, or what is pointed at
    assert 80 <= scores["accuracy/normalised"] <= 100
    assert scores["readable"] == 60
    assert 0 < scores["grounding"] < 60
    assert 0 < scores["truth"] < 100
    assert main([part for part in measured if part != "--partial"]) == 2
