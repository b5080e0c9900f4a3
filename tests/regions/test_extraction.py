"""Extraction at scale: odd images, other processes, shards, kills."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rex.cli import main
from rex.images import image_size, read_image
from rex.regions.annotations import AnnotatedImage
from rex.regions.detector import Detector, ExampleMaker
from rex.regions.extraction import ImageFile, detect_each, detect_files, shard
from rex.regions.store import ImageRegions, RegionStore

from .conftest import Trained


@pytest.fixture
def images(trained: Trained, tmp_path: Path) -> Path:
    """A copy of the images that a test may damage."""
    shutil.copytree(trained.data / "images", tmp_path / "images")
    return tmp_path / "images"


def test_unreadable_images_are_listed_and_the_rest_kept(
    trained: Trained, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "val0.jpg").unlink()
    (images / "val2.jpg").write_bytes((images / "val2.jpg").read_bytes()[:500])
    (images / "val4.jpg").write_bytes(b"")
    out = tmp_path / "out" / "val.h5"
    assert trained.extract(out, images=images) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "no regions: " in line]
    assert len(said) == 3
    for name, reason in (
        ("val0", "no such image"),
        ("val2", "not a readable image"),
        ("val4", "not a readable image"),
    ):
        assert any(f"{name}.jpg" in line and reason in line for line in said)
    store = RegionStore(out)
    assert store.num_boxes.tolist() == [0, 12, 0, 12, 0]
    assert store.without_regions.keys() == {"val0", "val2", "val4"}
    whole = tmp_path / "whole.h5"
    assert trained.extract(whole) == 0
    expected = RegionStore(whole)
    np.testing.assert_allclose(store.boxes[[1, 3]], expected.boxes[[1, 3]], atol=0.1)
    assert [path.name for path in out.parent.iterdir()] == ["val.h5"]

    assert main(["regions", "verify", str(out)]) == 2
    assert "val0.jpg: no such image" in capsys.readouterr().err
    # what is mended takes the place of what was missing
    mended = tmp_path / "mended.h5"
    assert trained.extract(mended, "--shard", "1/5") == 0
    joined = tmp_path / "joined.h5"
    assert main(["regions", "merge", str(out), str(mended), "--out", str(joined)]) == 0
    assert RegionStore(joined).num_boxes.tolist() == [12, 12, 0, 12, 0]
    assert RegionStore(joined).without_regions.keys() == {"val2", "val4"}


def test_images_of_which_none_can_be_read_are_the_wrong_folder(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "val.h5"
    assert trained.extract(out, images=tmp_path / "nowhere") == 2
    assert "no such image" in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there_is_one_line(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(Path(trained.config).read_text().replace("device: cpu", "device: cuda"))
    assert trained.extract(tmp_path / "val.h5", "--config", str(config)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "compute.device: PyTorch finds no usable GPU" in line


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "1", "I;16", "LA"])
def test_images_of_every_mode_are_read(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("x.jpg" if mode in ("L", "CMYK") else "x.png")
    Image.new(mode, (30, 20)).save(path)
    assert read_image(path).shape == (20, 30, 3)
    assert image_size(path) == (30, 20)


def test_color_is_blue_green_red(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (250, 10, 60)).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png")[0, 0].tolist() == [60, 10, 250]


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (1, 1), (3, 500), (900, 700)])
def test_images_of_odd_sizes_have_regions_inside_them(
    trained: Trained, tmp_path: Path, size: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "x.png")
    detector = Detector.load(trained.weights, trained.settings, "cpu")
    (regions,) = detector.detect_examples([detector.maker.example(read_image(tmp_path / "x.png"))])
    assert 0 < len(regions.boxes) <= 12
    assert np.isfinite(regions.features).all()
    assert (regions.boxes >= 0).all()
    assert (regions.boxes[:, 2] <= size[0]).all()
    assert (regions.boxes[:, 3] <= size[1]).all()


def test_batches_are_of_one_size_and_lose_nothing(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rex.regions import extraction

    monkeypatch.setattr(extraction, "BATCH_SIZE", 3)
    monkeypatch.setattr(extraction, "WAITING_BATCHES", 2)
    draw = np.random.default_rng(1)
    files = []
    for number in range(20):
        width = int(draw.choice([30, 40, 50, 60]))
        path = tmp_path / f"{number}.png"
        Image.fromarray(draw.integers(0, 256, (30, width, 3)).astype(np.uint8)).save(path)
        files.append(ImageFile(path))
    detector = Detector.load(trained.weights, trained.settings, "cpu")
    batches: list[list[int]] = []
    widths = [image_size(file.path)[0] for file in files]
    for places, found in detect_files(detector, files):
        assert isinstance(found, list)
        batches.append(places)
        assert [each.width for each in found] == [widths[place] for place in places]
        assert len({widths[place] for place in places}) == 1
    assert sorted(itertools.chain(*batches)) == list(range(20))
    assert max(map(len, batches)) == 3


def test_other_processes_decode_the_same(trained: Trained) -> None:
    detector = Detector.load(trained.weights, trained.settings, "cpu")
    files = [ImageFile(trained.data / "images" / f"val{number}.jpg") for number in range(5)]
    for here, there in zip(
        detect_each(detector, files), detect_each(detector, files, workers=2), strict=True
    ):
        assert isinstance(here, ImageRegions)
        assert isinstance(there, ImageRegions)
        np.testing.assert_array_equal(here.features, there.features)
        np.testing.assert_array_equal(here.boxes, there.boxes)


@given(st.lists(st.text(), max_size=20), st.integers(1, 6))
def test_shards_are_all_images_once_and_of_about_equal_size(ids: list[str], shards: int) -> None:
    parts = [shard(ids, number, shards) for number in range(1, shards + 1)]
    assert list(itertools.chain(*parts)) == ids
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_merged_shards_are_the_whole(trained: Trained, tmp_path: Path) -> None:
    whole, joined = tmp_path / "whole.h5", tmp_path / "joined.h5"
    parts = [tmp_path / f"part{number}.h5" for number in (1, 2)]
    assert trained.extract(whole) == 0
    for number, part in enumerate(parts, start=1):
        assert trained.extract(part, "--shard", f"{number}/2") == 0
    assert main(["regions", "merge", *map(str, parts), "--out", str(joined)]) == 0
    a, b = RegionStore(whole), RegionStore(joined)
    assert a.image_ids == b.image_ids
    assert a.signature == b.signature
    # an image's batch may be another one, and sums round differently then
    np.testing.assert_allclose(a.boxes, b.boxes, atol=0.1)
    np.testing.assert_allclose(a.features(range(5)), b.features(range(5)), atol=0.05)


def test_stores_that_do_not_belong_together_are_not_merged(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one.h5", tmp_path / "other.h5"
    assert trained.extract(one) == 0
    assert main(["regions", "merge", str(one), str(one), "--out", str(other)]) == 2
    assert "image 'val0' is already in" in capsys.readouterr().err
    config = tmp_path / "config.yaml"
    text = Path(trained.config).read_text()
    config.write_text(text.replace("regions: 12", "regions: 12, selection: adaptive"))
    assert trained.extract(other, "--config", str(config)) == 0
    assert main(["regions", "merge", str(one), str(other), "--out", str(tmp_path / "x.h5")]) == 2
    assert "has another signature than" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["2", "0/2", "3/2", "a/b"])
def test_a_shard_that_is_none_is_refused(trained: Trained, tmp_path: Path, text: str) -> None:
    with pytest.raises(SystemExit) as caught:
        trained.extract(tmp_path / "x.h5", "--shard", text)
    assert caught.value.code == 2


def test_a_killed_extraction_goes_on_without_doing_images_again(
    trained: Trained, tmp_path: Path
) -> None:
    """The first images are finished, then the process is killed while it reads a later one."""
    images = tmp_path / "images"
    shutil.copytree(trained.data / "images", images)
    last = images / "val4.jpg"
    content = last.read_bytes()
    last.unlink()
    os.mkfifo(last)  # reading it waits for ever
    out = tmp_path / "out" / "val.h5"
    code = (
        "import sys\n"
        "from rex.regions import extraction\n"
        "extraction.BATCH_SIZE = 1\n"
        "from rex.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    arguments = ["--config", trained.config, "--images", str(images), "--out", str(out)]
    arguments += ["--questions", str(trained.data / "questions/val_balanced_questions.json")]
    arguments += ["--weights", str(trained.weights)]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "regions", "extract", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    partial = out.with_name(".val.h5.partial")
    for _ in range(600):
        if partial.exists() and _finished(partial) >= 3:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = _finished(partial)
    assert done >= 3
    assert not out.exists()

    last.unlink()
    last.write_bytes(content)
    for number in range(3):  # what is done is not read again
        (images / f"val{number}.jpg").write_bytes(b"damaged since")
    assert trained.extract(out, images=images) == 0
    store = RegionStore(out)
    assert store.num_boxes.tolist() == [12] * 5
    assert not partial.exists()


def _finished(partial: Path) -> int:
    """Count the finished images as they stand in the file, without HDF5's lock."""
    import h5py

    try:
        with h5py.File(partial, "r", locking=False) as file:
            return int((file["num_boxes"][:] >= 0).sum())
    except (OSError, KeyError):
        return 0


def test_boxes_are_those_of_an_image_that_was_resized_since(tmp_path: Path) -> None:
    maker, pixels = ExampleMaker(short_side=60, long_side=100), np.zeros((60, 80, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "7.png")
    boxes = np.array([[20, 10, 160, 120]], np.float32)
    given = ImageFile(tmp_path / "7.png", boxes, (160, 120)).example(maker)["instances"]
    assert given.pred_boxes.tensor.tolist() == [[10, 5, 80, 60]]
    one = AnnotatedImage(
        "7", tmp_path / "7.png", 160, 120, boxes, np.zeros(1, np.int64), np.zeros((1, 2), bool)
    )
    learnt = maker.training_example(pixels, one)["instances"]
    assert learnt.gt_boxes.tensor.tolist() == [[10, 5, 80, 60]]


def test_resizing_keeps_the_ratio_and_the_limit() -> None:
    maker = ExampleMaker(short_side=60, long_side=100)
    for height, width, resized in ((120, 160, (60, 80)), (100, 400, (25, 100)), (30, 30, (60, 60))):
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        boxes = np.array([[0, 0, width, height]], dtype=np.float32)
        example = maker.example(pixels, boxes)
        assert example["image"].shape == (3, *resized)
        assert (example["height"], example["width"]) == (height, width)
        (box,) = example["instances"].pred_boxes.tensor.tolist()
        assert box == pytest.approx([0, 0, resized[1], resized[0]])
