"""From a tiny world to a trained run, to answers: on the command line and as an MLflow model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from rex.cli import main

pytestmark = pytest.mark.slow

CONFIG = """
dataset: tiny
world: {train_images: 10, val_images: 2, testdev_images: 1, questions_per_image: 4}
regions: {iterations: 4, batch_size: 2, short_side: 64, feature_size: 32, regions: 12}
model: {hidden_size: 16, layers: 1, heads: 2, intermediate_size: 32}
training: {epochs: 1, batch_size: 8, holdout: 0.2, decay_epoch: 1}
compute: {device: cpu, detector_threads: 1}
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Undo what commands set for speed."""
    yield
    torch.set_flush_denormal(False)


def do(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the workflow leaves it, with one barely trained run."""
    folder = tmp_path_factory.mktemp("tiny")
    config, data = folder / "config.yaml", folder / "data"
    config.write_text(CONFIG)
    questions = data / "questions/train_balanced_questions.json"
    regions, explanations = folder / "regions", folder / "explanations.parquet"
    do("world", "make", "--config", config, "--out", data)
    weights = regions / "detector.pth"
    do("regions", "train", "--config", config, "--data", data, "--out", weights)
    store = regions / "train.h5"
    asked = ["--images", data / "images", "--questions", questions]
    do("regions", "extract", "--config", config, *asked, "--weights", weights, "--out", store)
    graphs = ["--scene-graphs", data / "sceneGraphs/train_sceneGraphs.json", "--regions", store]
    do(
        "explain",
        "build",
        "--config",
        config,
        "--questions",
        questions,
        *graphs,
        "--out",
        explanations,
    )
    made = ["--questions", questions, "--explanations", explanations]
    do("explain", "vocabulary", *made, "--out", folder / "vocabulary.json")
    run = folder / "runs/multi-task/rex/seed0"
    name = ["--setting", "multi-task", "--method", "rex", "--seed", 0]
    files = [*made, "--regions", store, "--vocabulary", folder / "vocabulary.json"]
    do("train", "--config", config, *name, *files, "--out", run)
    return folder


@pytest.fixture
def image(results: Path) -> Path:
    return min((results / "data/images").glob("*.jpg"))


def test_ask(results: Path, image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, picture = results / "runs/multi-task/rex/seed0", results / "asked.png"
    capsys.readouterr()
    do("ask", image, image, "Is there a dog?", "--run", run, "--json", "--picture", picture)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second  # the same image, whatever else is asked with it
    assert first["image"] == str(image)
    assert first["question"] == "Is there a dog?"
    assert 0 < first["probability"] <= 1
    for word in first["words"]:
        assert (word["region"] is None) or len(word["box"]) == 4
    with Image.open(picture) as drawn:
        assert drawn.width > 1000
    do("ask", image, "Is there a dog?", "--run", run)
    assert f"{image}: {first['answer']} (" in capsys.readouterr().out


def test_what_cannot_be_asked(
    results: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(results / "runs/multi-task/rex/seed0")
    assert main(["ask", str(tmp_path / "no.jpg"), "What?", "--run", run]) == 2
    assert "no.jpg" in capsys.readouterr().err
    assert main(["ask", str(image), " ", "--run", run]) == 2
    assert "question is empty" in capsys.readouterr().err
    assert main(["ask", str(image), "What?", "--run", str(tmp_path)]) == 2
    assert main(["ask", str(image), "What?", "--run", run, "--weights", str(image)]) == 2


def test_as_an_mlflow_model(
    results: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow
    import pandas as pd

    run = results / "runs/multi-task/rex/seed0"
    do("package", "--run", run, "--out", tmp_path / "model")
    assert main(["package", "--run", str(run), "--out", str(tmp_path / "model")]) == 2
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    question = "What color is the car?"
    (found,) = loaded.predict(pd.DataFrame({"image": [str(image)], "question": [question]}))
    capsys.readouterr()
    do("ask", image, question, "--run", run, "--json")
    assert {"image": str(image), **found} == json.loads(capsys.readouterr().out)
