"""Training and extraction through the command line, on a toy world."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rex.config import RegionSettings
from rex.config_files import read_config
from rex.errors import InputError
from rex.gqa.scene_graphs import read_scene_graphs
from rex.images import read_image
from rex.regions.detector import Detector
from rex.regions.store import RegionStore

from .conftest import Trained


def test_report_says_what_was_measured(trained: Trained) -> None:
    report = json.loads((trained.folder / "report.json").read_text())
    assert report["images"] == 5
    assert report["object_names"] == 3
    assert report["attribute_names"] == 3
    assert 0 <= report["coverage"] <= 100
    assert report["made_by"]["settings"]["iterations"] == 6
    content = trained.weights.read_bytes()
    assert report["signature"]["weights"] == hashlib.sha256(content).hexdigest()


def test_training_again_gives_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    assert trained.train(tmp_path / "again.pth") == 0
    assert (tmp_path / "again.pth").read_bytes() == trained.weights.read_bytes()


def test_interrupted_training_goes_on_to_the_same_weights(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training: Any = importlib.import_module("rex.regions.training")

    class StoppedError(Exception):
        pass

    read = training.read_image
    seen: list[Path] = []

    def stop_after_nine(path: Path) -> Any:
        seen.append(path)
        if len(seen) == 9:
            raise StoppedError
        return read(path)

    out = tmp_path / "resumed.pth"
    monkeypatch.setattr(training, "CHECKPOINT_PERIOD", 2)
    monkeypatch.setattr(training, "read_image", stop_after_nine)
    with pytest.raises(StoppedError):
        trained.train(out)
    assert not out.exists()
    stopped = len(seen)
    assert trained.train(out) == 0
    # six steps of two images; steps 1 to 4 had been done
    assert len(seen) - stopped == 4
    assert out.read_bytes() == trained.weights.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resumed.pth"]


def two_processes(trained: Trained, folder: Path) -> str:
    config = folder / "two.yaml"
    text = Path(trained.config).read_text()
    config.write_text(text.replace("detector_threads: 1", "detector_threads: 2"))
    return str(config)


def test_two_processes_train_one_detector(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training: Any = importlib.import_module("rex.regions.training")
    monkeypatch.setattr(training, "CHECKPOINT_PERIOD", 2)
    config = two_processes(trained, tmp_path)
    assert trained.train(tmp_path / "a.pth", "--config", config) == 0
    read, seen = training.read_image, []

    def stop_at_fourth(path: Path) -> Any:
        seen.append(path)
        if len(seen) == 4:  # the third step of each process has begun
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(training, "read_image", stop_at_fourth)
    assert trained.train(tmp_path / "b.pth", "--config", config) == 1
    monkeypatch.setattr(training, "read_image", read)
    assert trained.train(tmp_path / "b.pth", "--config", config) == 0
    # interrupted or not, the same weights; and others than those of one process
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()
    assert (tmp_path / "a.pth").read_bytes() != trained.weights.read_bytes()


def test_the_checkpoint_of_another_training_is_not_taken_up(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training: Any = importlib.import_module("rex.regions.training")

    monkeypatch.setattr(training, "CHECKPOINT_PERIOD", 2)
    out = tmp_path / "detector.pth"
    read = training.read_image
    calls = iter(range(100))

    def stop(path: Path) -> Any:
        if next(calls) == 9:
            raise KeyboardInterrupt
        return read(path)

    other = tmp_path / "other.yaml"
    other.write_text(
        Path(trained.config).read_text().replace("regions: 12", "regions: 12, seed: 9")
    )
    monkeypatch.setattr(training, "read_image", stop)
    assert trained.train(out, "--config", str(other)) == 1
    monkeypatch.setattr(training, "read_image", read)
    assert trained.train(out) == 0
    assert out.read_bytes() == trained.weights.read_bytes()


@pytest.fixture(scope="module")
def store(trained: Trained) -> RegionStore:
    path = trained.folder / "val.h5"
    assert trained.extract(path) == 0
    return RegionStore(path)


def test_store_holds_what_the_contract_says(trained: Trained, store: RegionStore) -> None:
    assert store.image_ids == [f"val{number}" for number in range(5)]
    assert (store.regions, store.feature_size) == (12, 32)
    assert store.num_boxes.tolist() == [12] * 5
    assert store.image_sizes.tolist() == [[160, 120]] * 5
    features = store.features(range(5))
    assert features.dtype == np.float16
    assert np.isfinite(features).all()
    x1, y1, x2, y2 = np.moveaxis(store.boxes, -1, 0)
    assert ((x1 >= 0) & (x1 <= x2) & (x2 <= 160)).all()
    assert ((y1 >= 0) & (y1 <= y2) & (y2 <= 120)).all()
    assert (np.diff(store.scores, axis=1) <= 0).all()
    assert set(store.object_ids.ravel()) <= {0, 1, 2}
    assert set(store.attribute_ids.ravel()) <= {-1, 0, 1, 2}
    assert sorted(store.object_names) == ["box", "disc", "tent"]
    assert sorted(store.attribute_names) == ["blue", "green", "red"]
    assert store.signature["detector"] == "small-fpn"
    assert store.signature["short_side"] == 64


def test_extraction_again_gives_the_same_bytes(
    trained: Trained, store: RegionStore, tmp_path: Path
) -> None:
    assert trained.extract(tmp_path / "again.h5") == 0
    assert (tmp_path / "again.h5").read_bytes() == store.path.read_bytes()


def test_a_batch_gives_what_single_images_give(trained: Trained, store: RegionStore) -> None:
    detector = Detector.load(trained.weights, trained.settings, "cpu")
    for row, image_id in enumerate(store.image_ids):
        (alone,) = detector.detect_examples(
            [detector.maker.example(read_image(trained.data / "images" / f"{image_id}.jpg"))]
        )
        np.testing.assert_allclose(store.boxes[row], alone.boxes, atol=1e-2)
        np.testing.assert_allclose(store.features([row])[0], alone.features, atol=1e-2)


def test_features_of_a_given_box_do_not_depend_on_who_proposed_it(
    trained: Trained, store: RegionStore
) -> None:
    detector = Detector.load(trained.weights, trained.settings, "cpu")
    pixels = read_image(trained.data / "images" / f"{store.image_ids[0]}.jpg")
    (described,) = detector.detect_examples([detector.maker.example(pixels, store.boxes[0])])
    np.testing.assert_allclose(described.boxes, store.boxes[0], atol=1e-3)
    np.testing.assert_allclose(described.features, store.features([0])[0], atol=2e-2)


def test_annotated_boxes_can_be_described(trained: Trained, tmp_path: Path) -> None:
    graphs = trained.data / "sceneGraphs" / "val_sceneGraphs.json"
    out = tmp_path / "perfect.h5"
    boxes = ["--boxes", "scene-graphs", "--scene-graphs"]
    assert trained.extract(out, *boxes, str(graphs)) == 0
    store = RegionStore(out)
    assert store.signature["selection"] == "scene-graphs"
    for row, (_, graph) in enumerate(sorted(read_scene_graphs(graphs).items())):
        expected = [thing.box for thing in graph.objects.values()]
        assert store.num_boxes[row] == len(expected)
        np.testing.assert_allclose(store.boxes[row, : len(expected)], expected, atol=1e-3)
        assert np.isfinite(store.features([row])).all()
    # the configuration can say so as well; the detector alone never claims it
    config = tmp_path / "perfect.yaml"
    text = Path(trained.config).read_text()
    config.write_text(text.replace("regions: 12", "regions: 12, selection: scene-graphs"))
    again = tmp_path / "again.h5"
    assert trained.extract(again, "--config", str(config), "--scene-graphs", str(graphs)) == 0
    assert RegionStore(again).signature == store.signature
    np.testing.assert_array_equal(RegionStore(again).boxes, store.boxes)
    settings = read_config(config).regions
    assert Detector.load(trained.weights, settings, "cpu").signature["selection"] == "fixed"
    train = trained.data / "sceneGraphs" / "train_sceneGraphs.json"
    assert trained.extract(tmp_path / "wrong.h5", *boxes, str(train)) == 2
    assert trained.extract(tmp_path / "wrong.h5", *boxes[:2]) == 2


def test_of_many_annotated_boxes_the_largest_are_described(
    trained: Trained, tmp_path: Path
) -> None:
    graphs = json.loads((trained.data / "sceneGraphs" / "val_sceneGraphs.json").read_text())
    sizes = [5 + 3 * ((7 * number) % 15) for number in range(15)]
    graphs["val0"]["objects"] = {
        str(number): {"name": "box", "x": number, "y": 2, "w": size, "h": size, "attributes": []}
        for number, size in enumerate(sizes)
    }
    changed = tmp_path / "graphs.json"
    changed.write_text(json.dumps(graphs))
    out = tmp_path / "r.h5"
    assert trained.extract(out, "--boxes", "scene-graphs", "--scene-graphs", str(changed)) == 0
    store = RegionStore(out)
    limit = sorted(sizes)[-12]
    expected = [number for number, size in enumerate(sizes) if size >= limit]
    np.testing.assert_allclose(store.boxes[0, :, 0], expected, atol=1e-3)


@pytest.fixture
def images(trained: Trained, tmp_path: Path) -> Path:
    """A copy of the images that a test may damage."""
    shutil.copytree(trained.data / "images", tmp_path / "images")
    return tmp_path / "images"


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_a_strict_extraction_ends_at_a_bad_image(
    trained: Trained, images: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = images / "val3.jpg"
    content = bad.read_bytes()
    bad.unlink()
    if damage != "missing":
        bad.write_bytes(content[:400] if damage == "truncated" else b"not an image")
    out = images.parent / "out" / "val.h5"
    assert trained.extract(out, "--strict", images=images) == 2
    said = capsys.readouterr().err.splitlines()
    assert len([line for line in said if "val3.jpg" in line]) == 1
    assert not any("Traceback" in line for line in said)
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_training_goes_on_without_an_image_that_cannot_be_read(
    trained: Trained, tmp_path: Path, processes: int, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained.data, tmp_path / "data")
    damaged = [f"train{number}" for number in range(6)]
    for name in (*damaged, "val2"):
        path = tmp_path / "data" / "images" / f"{name}.jpg"
        path.write_bytes(path.read_bytes()[:300])
    config = trained.config if processes == 1 else two_processes(trained, tmp_path)
    report = tmp_path / "report.json"
    arguments = ["--data", str(tmp_path / "data"), "--config", config, "--report", str(report)]
    assert trained.train(tmp_path / "detector.pth", *arguments) == 0
    said = capfd.readouterr().err.splitlines()
    named = [line for line in said if line.startswith("skipped in training")]
    assert named
    assert all(any(f"{name}.jpg" in line for name in damaged) for line in named)
    assert len(set(named)) == len(named)
    assert any("no regions" in line and "val2.jpg" in line for line in said)
    assert json.loads(report.read_text())["images"] == 4


@pytest.mark.parametrize("processes", [1, 2])
def test_training_images_of_which_none_can_be_read_are_one_line(
    trained: Trained, tmp_path: Path, processes: int, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained.data, tmp_path / "data")
    for path in (tmp_path / "data" / "images").glob("train*.jpg"):
        path.write_bytes(path.read_bytes()[:300])
    config = trained.config if processes == 1 else two_processes(trained, tmp_path)
    arguments = ["--data", str(tmp_path / "data"), "--config", config]
    assert trained.train(tmp_path / "detector.pth", *arguments) == 2
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert "not a readable image" in said[0]
    assert not (tmp_path / "detector.pth").exists()


def test_libraries_say_nothing_beside_the_line(tmp_path: Path) -> None:
    """In a process of its own: Detectron2 is imported once."""
    command = [sys.executable, "-m", "rex.cli", "regions", "train", "--data", str(tmp_path)]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "detector.pth")], capture_output=True, text=True
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "train_sceneGraphs.json: no such file" in line


def test_weights_of_another_configuration_are_refused(trained: Trained) -> None:
    other = RegionSettings(short_side=64, feature_size=48)
    with pytest.raises(InputError, match="trained with feature_size 32, the configuration says 48"):
        Detector.load(trained.weights, other, "cpu")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 not weights", b"\x80\x04K\x01."])
def test_weights_that_are_none_are_named(tmp_path: Path, content: bytes | None) -> None:
    weights = tmp_path / "detector.pth"
    if content is not None:
        weights.write_bytes(content)
    with pytest.raises(InputError, match=r"detector\.pth") as raised:
        Detector.load(weights, RegionSettings(), "cpu")
    assert "arbitrary code" not in str(raised.value)  # PyTorch's message tells how to allow it
