"""From a tiny world to a trained run, to answers: on the command line and as an MLflow model."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from rex.cli import main
from rex.errors import InputError
from rex.evaluation.entailment import NOT_ENTAILED

from .parrot import Parrot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("asking")]

CONFIG = """
dataset: tiny
world: {train_images: 10, val_images: 2, testdev_images: 1, questions_per_image: 4}
regions: {iterations: 4, batch_size: 2, short_side: 64, feature_size: 32, regions: 12}
model: {hidden_size: 16, layers: 1, heads: 2, intermediate_size: 32}
training: {epochs: 1, batch_size: 8, holdout: 0.2, decay_epoch: 1}
compute: {device: cpu, detector_threads: 1}
"""


RUNS = [
    ("multi-task", "rex"),
    ("multi-task", "vqae"),
    ("multi-task", "reader"),
    ("answer-only", "backbone"),
    ("explanation-only", "rex"),
]


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
    files = [*made, "--regions", store, "--vocabulary", folder / "vocabulary.json"]
    for setting, method in RUNS:
        name = ["--setting", setting, "--method", method, "--seed", 0]
        run = folder / "runs" / setting / method / "seed0"
        do("train", "--config", config, *name, *files, "--out", run)
    return folder


def run_of(results: Path, setting: str = "multi-task", method: str = "rex") -> Path:
    return results / "runs" / setting / method / "seed0"


@pytest.fixture
def image(results: Path) -> Path:
    return min((results / "data/images").glob("*.jpg"))


def ask(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """Return what `rex ask --json` prints."""
    capsys.readouterr()
    do("ask", *arguments, "--json")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_ask(
    results: Path,
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, picture = run_of(results), tmp_path / "asked.png"
    monkeypatch.chdir(tmp_path)
    asked = [image, image, "Is there a dog?", "--run", run]
    first, second = ask(capsys, *asked)
    assert list(tmp_path.iterdir()) == []
    assert first == second  # the same image, whatever else is asked with it
    assert first["image"] == str(image)
    assert first["question"] == "Is there a dog?"
    assert first["notes"] == []
    assert 0 < first["probability"] <= 1
    for word in first["words"]:
        assert (word["region"] is None) or len(word["box"]) == 4
    assert ask(capsys, *asked, "--picture", picture) == [first, second]
    with Image.open(picture) as drawn:
        assert drawn.width > 1000
    do("ask", image, "Is there a dog?", "--run", run)
    said = capsys.readouterr()
    entailed = "" if first["entails_answer"] else f"  {NOT_ENTAILED}\n"
    assert said.out == f"{image}: {first['verdict']}\n  {first['sentence']}\n{entailed}"
    assert said.err == "boxes drawn in rex-answer.png\n"
    assert (tmp_path / "rex-answer.png").is_file()


def test_it_says_what_rex_predict_says(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = results / "data/questions/train_balanced_questions.json"
    asked = json.loads(questions.read_text())
    for setting, method in RUNS:
        run, out = run_of(results, setting, method), tmp_path / f"{setting}-{method}.parquet"
        files = ["--questions", questions, "--regions", results / "regions/train.h5"]
        do("predict", "--config", results / "config.yaml", "--run", run, *files, "--out", out)
        for row in pq.read_table(out).to_pylist()[::9]:
            question = asked[row["question_id"]]
            image = results / "data/images" / f"{question['imageId']}.jpg"
            (found,) = ask(capsys, image, question["question"], "--run", run)
            for name in ("answer", "explanation"):
                assert found[name] == row[name]
            assert found["probability"] == (
                None if row["probability"] is None else pytest.approx(row["probability"], abs=1e-3)
            )
            if row["regions"] is not None:
                regions = [
                    -1 if word["region"] is None else word["region"] for word in found["words"]
                ]
                assert regions == row["regions"]


def test_a_run_without_decoder_or_without_answers(
    results: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = ["--picture", tmp_path / "asked.png"]
    do(
        "ask",
        image,
        "Is there a dog?",
        "--run",
        run_of(results, "answer-only", "backbone"),
        *picture,
    )
    assert "this run gives no explanation" in capsys.readouterr().out
    do("ask", image, "What?", "--run", run_of(results, "explanation-only"), *picture)
    assert f"{image}: this run gives no answer\n" in capsys.readouterr().out


def test_what_the_run_does_not_understand_is_noted(
    results: Path, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "Is there a xylophone? " + 10 * "Is there a dog? "
    (found,) = ask(capsys, image, long, "--run", run_of(results))
    new, cut = found["notes"]
    assert "“xylophone”" in new
    assert "the question is too long: it was read only up to “…" in cut


def test_a_run_that_was_moved(
    results: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(run_of(results), moved)
    capsys.readouterr()
    assert main(["ask", str(image), "What?", "--run", str(moved)]) == 2
    assert (
        "the run's detector is not there; name its file with --weights" in capsys.readouterr().err
    )
    weights = ["--weights", results / "regions/detector.pth"]
    here = ask(capsys, image, "What?", "--run", run_of(results))
    assert ask(capsys, image, "What?", "--run", moved, *weights) == here


def test_another_detector(
    results: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, other = results / "regions/detector.pth", tmp_path / "other.pth"
    values = torch.load(weights, weights_only=True)
    next(iter(values["model"].values())).add_(1)
    torch.save(values, other)
    arguments = ["ask", str(image), "What?", "--run", str(run_of(results)), "--weights", str(other)]
    assert main(arguments) == 2
    assert "other.pth: not the detector that the run was trained on" in capsys.readouterr().err


def test_a_run_trained_on_imported_features(
    results: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "imported"
    run.mkdir()
    values = torch.load(run_of(results) / "checkpoint.pt", weights_only=True)
    values["signature"] = {"detector": "theirs", "imported_from": "lxmert-tsv", "regions": 12}
    torch.save(values, run / "checkpoint.pt")
    capsys.readouterr()
    assert main(["ask", str(image), "What?", "--run", str(run)]) == 2
    said = capsys.readouterr().err
    assert "imported: trained on imported features (theirs), and nothing here detects" in said
    assert "--weights" in said
    assert len(said.splitlines()) == 1
    weights = ["--weights", results / "regions/detector.pth"]
    (found,) = ask(capsys, image, "What?", "--run", run, *weights)
    assert "counts only if these detector weights made them" in found["notes"][-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.jpg", "What?", "--run", "RUN"], "no.jpg: no such image"),
        (["text.jpg", "What?", "--run", "RUN"], "text.jpg: not a readable image"),
        (["IMAGE", "text.jpg", "What?", "--run", "RUN"], "text.jpg: not a readable image"),
        (["large.jpg", "What?", "--run", "RUN"], "large.jpg: the image has more than 25 million"),
        (["IMAGE", " ", "--run", "RUN"], "the question is empty; ask something"),
        (
            ["IMAGE", "caf\udce9?", "--run", "RUN"],
            "the question is not valid text; write it in UTF-8",
        ),
        (["IMAGE", "What?", "--run", "nowhere"], "nowhere: no such folder"),
        (
            ["IMAGE", "What?", "--run", "empty"],
            "checkpoint.pt: not a readable checkpoint (it is emp",
        ),
        (["IMAGE", "What?", "--run", "."], "holds no trained run (no checkpoint.pt)"),
        (["IMAGE", "What?", "--run", "RUN", "--weights", "IMAGE"], "not a checkpoint of arrays"),
        (
            ["IMAGE", "What?", "--run", "RUN", "--config", '{"evaluation": {"beam": 2}}'],
            "--config: evaluation.beam: unknown key; known here: splits",
        ),
        (
            ["IMAGE", "What?", "--run", "RUN", "--config", '{"regions": {"short_side": 100}}'],
            "trained with short_side 64, the configuration says 100",
        ),
    ],
)
def test_what_cannot_be_asked(
    results: Path,
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    Image.new("L", (5001, 5001)).save(tmp_path / "large.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/checkpoint.pt").touch()
    monkeypatch.chdir(tmp_path)
    known = {"RUN": str(run_of(results)), "IMAGE": str(image)}
    capsys.readouterr()
    assert main(["ask", *(known.get(one, one) for one in arguments)]) == 2
    found = capsys.readouterr()
    # a slow machine says how far it is, too
    lines = [line for line in found.err.splitlines() if not line.startswith("regions ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert found.out == ""
    assert not (tmp_path / "rex-answer.png").exists()


@pytest.mark.parametrize(("setting", "method"), RUNS)
def test_as_an_mlflow_model(
    results: Path,
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    method: str,
) -> None:
    import mlflow
    import pandas as pd

    run, model = run_of(results, setting, method), tmp_path / "model"
    do("package", "--run", run, "--out", model)
    assert main(["package", "--run", str(run), "--out", str(model)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert not list(model.rglob("*.pkl"))
    shutil.copy(image, tmp_path / "here.jpg")
    monkeypatch.chdir(tmp_path)
    loaded = mlflow.pyfunc.load_model("model")
    question = "What color is the car?"
    (found,) = loaded.predict(pd.DataFrame({"image": ["here.jpg"], "question": [question]}))
    (said,) = ask(capsys, "here.jpg", question, "--run", run)
    assert {"image": "here.jpg", **found} == said
    content = base64.b64encode(image.read_bytes()).decode()
    row = {"image": [f"data:image/jpeg;base64,{content}"], "question": [question]}
    assert loaded.predict(pd.DataFrame(row)) == [found]
    (example,) = loaded.predict(loaded.input_example)
    assert (example["width"], example["height"]) == (64, 48)
    assert loaded.metadata.get_output_schema().input_names() == list(found)


def test_a_row_that_is_no_text(image: Path) -> None:
    import pandas as pd

    from rex.asking.mlflow_model import answer_rows

    rows = pd.DataFrame({"image": [str(image), None], "question": ["What?", "What?"]})
    with pytest.raises(InputError, match="row 2: image or question is not a string"):
        answer_rows(Parrot(), rows)


def test_files_of_one_name_are_not_packaged(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "checkpoint.pt"
    shutil.copy(results / "regions/detector.pth", weights)
    given = ["--run", str(run_of(results)), "--weights", str(weights)]
    assert main(["package", *given, "--out", str(tmp_path / "model")]) == 2
    assert "files of one name (checkpoint.pt, checkpoint.pt)" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_a_model_with_changed_settings(
    results: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow
    import pandas as pd

    changes = ["--config", '{"evaluation": {"beams": 3}}']
    do("package", "--run", run_of(results), "--out", tmp_path / "model", *changes)
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    (found,) = loaded.predict(pd.DataFrame({"image": [str(image)], "question": ["What?"]}))
    (said,) = ask(capsys, image, "What?", "--run", run_of(results), *changes)
    assert {"image": str(image), **found} == said
