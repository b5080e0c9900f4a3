"""The examples run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rex.config import WorldSettings
from rex.world.make import make_world

PROJECT = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_tiny_model_is_trained_and_measured(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    settings = WorldSettings(train_images=8, val_images=4, testdev_images=2, seed=3)
    make_world(tmp_path / "world", settings, processes=1)
    command = [sys.executable, str(PROJECT / "examples" / "vlm.py"), "--questions", "3"]
    command += ["--data", str(tmp_path / "world"), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--steps", "2"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "step 1: loss" in done.stdout
    assert "noise" in done.stdout
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["n"] == 3
    assert metrics["method"] == "vlm"
    assert metrics["scores"]["accuracy"]["value"] < 100
