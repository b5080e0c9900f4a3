"""A toy world and a detector trained on it for a few steps, made once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from rex.cli import main
from rex.config import RegionSettings

from .toy_world import make_toy_world

CONFIG = """
dataset: toy
regions: {iterations: 6, batch_size: 2, short_side: 64, feature_size: 32, regions: 12}
compute: {device: cpu, detector_threads: 1}
"""


@dataclass(frozen=True)
class Trained:
    """A folder with the data, the detector trained on it, and the configuration of both."""

    folder: Path
    settings: RegionSettings

    @property
    def config(self) -> str:
        return str(self.folder / "config.yaml")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def weights(self) -> Path:
        return self.folder / "detector.pth"

    def train(self, out: Path, *more: str) -> int:
        arguments = ["--config", self.config, "--data", str(self.data), "--out", str(out)]
        return main(["regions", "train", *arguments, *more])

    def extract(self, out: Path, *more: str, images: Path | None = None) -> int:
        questions = self.data / "questions" / "val_balanced_questions.json"
        arguments = {
            "--config": self.config,
            "--images": str(images or self.data / "images"),
            "--questions": str(questions),
            "--weights": str(self.weights),
            "--out": str(out),
        }
        return main(["regions", "extract", *sum(arguments.items(), ()), *more])


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Return the toy world with a (barely) trained detector and its report."""
    from rex.config_files import read_config

    folder = tmp_path_factory.mktemp("regions")
    make_toy_world(folder / "data", images={"train": 12, "val": 5})
    (folder / "config.yaml").write_text(CONFIG)
    made = Trained(folder, read_config(folder / "config.yaml").regions)
    assert made.train(made.weights, "--report", str(folder / "report.json")) == 0
    return made
