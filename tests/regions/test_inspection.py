"""What `info`, `verify` and `show` say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from PIL import Image

from rex.cli import main
from rex.errors import InputError
from rex.regions.inspection import check_finite, label, verify
from rex.regions.store import RegionStore

from .conftest import Trained
from .test_store import header, image, write


def sound(path: Path) -> RegionStore:
    """A store of three images with boxes inside them; the last has room for one more region."""
    images = [image(count, 5, seed) for seed, count in enumerate((4, 4, 3))]
    for each in images:
        each.boxes.sort(axis=1)
    write(path, header(), images)
    return RegionStore(path)


def change(path: Path, name: str, place: Any, value: Any) -> None:
    with h5py.File(path, "r+") as file:
        file[name][place] = value


def test_a_sound_store_has_nothing_wrong(tmp_path: Path) -> None:
    store = sound(tmp_path / "r.h5")
    assert verify(store) == []
    assert verify(store, store.image_ids) == []


@pytest.mark.parametrize(
    ("name", "place", "value", "said"),
    [
        ("features", (1, 2, 3), np.nan, "features that are not finite"),
        ("features", (2, 3, 0), 1.0, "features beyond the number of regions"),
        ("boxes", (1, 0), [0, 0, 400, 10], "boxes outside the image"),
        ("boxes", (1, 0), [-3, 0, 4, 10], "boxes outside the image"),
        ("boxes", (1, 3), [9, 0, 4, 10], "boxes turned inside out"),
        ("boxes", (1, 3), [np.inf] * 4, "boxes that are not finite"),
        ("num_boxes", 1, 0, "no region at all"),
        ("num_boxes", 1, 9, "more regions than there is room for"),
        ("object_ids", (1, 0), 2, "class ids beyond the class lists"),
        ("attribute_ids", (1, 0), 1, "class ids beyond the class lists"),
    ],
)
def test_what_is_wrong_is_found_where_it_is(
    tmp_path: Path, name: str, place: Any, value: Any, said: str
) -> None:
    path = tmp_path / "r.h5"
    sound(path)
    change(path, name, place, value)
    findings = {finding.problem: finding.images for finding in verify(RegionStore(path))}
    wrong = place if isinstance(place, int) else place[0]
    assert findings[said] == [f"im é{wrong}"]


def test_a_box_may_leave_the_image_by_rounding(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    sound(path)
    change(path, "boxes", (1, 0), [-0.4, 0, 4, 240.6])
    assert verify(RegionStore(path)) == []


def test_missing_images_are_named(tmp_path: Path) -> None:
    (finding,) = verify(sound(tmp_path / "r.h5"), [f"x{number}" for number in range(5)])
    assert str(finding) == "no regions in the store: x0, x1, x2 and 2 more"


def test_verify_and_info_as_commands(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "val.h5"
    assert trained.extract(path) == 0
    questions = str(trained.data / "questions" / "val_balanced_questions.json")
    assert main(["regions", "verify", str(path), "--questions", questions]) == 0
    assert "sound: 5 images, all 5 that are asked about" in capsys.readouterr().err
    others = str(trained.data / "questions" / "train_balanced_questions.json")
    assert main(["regions", "verify", str(path), "--questions", others]) == 2
    said = capsys.readouterr().err
    assert "no regions in the store: train0, train1, train10 and 9 more" in said

    assert main(["regions", "info", str(path)]) == 0
    told = yaml.safe_load(capsys.readouterr().out)
    assert (told["images"], told["regions"], told["feature_size"]) == (5, 12, 32)
    assert told["signature"]["detector"] == "small-fpn"


def test_show_draws_the_boxes(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "val.h5"
    assert trained.extract(path) == 0
    pictures = [trained.data / "images" / f"val{number}.jpg" for number in (0, 3)]
    arguments = ["--store", str(path), "--out", str(tmp_path / "drawn"), "--most", "3"]
    assert main(["regions", "show", *map(str, pictures), *arguments]) == 0
    for picture in pictures:
        drawn = Image.open(tmp_path / "drawn" / f"{picture.stem}.png")
        assert drawn.size == (480, 360)
        original = Image.open(picture).resize(drawn.size, Image.Resampling.LANCZOS)
        difference = np.abs(np.asarray(drawn.convert("RGB"), int) - np.asarray(original, int))
        assert (difference.max(axis=2) > 30).any()
    missing = str(trained.data / "images" / "train0.jpg")
    assert main(["regions", "show", missing, *arguments]) == 2


def test_labels_name_what_has_a_name() -> None:
    def of(object_id: int, attribute_id: int) -> str:
        return label(7, object_id, attribute_id, ["cup"], ["red"])

    assert of(0, 0) == "#7 red cup"
    assert of(0, -1) == "#7 cup"
    assert of(-1, 5) == "#7"


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_an_image_with_features_that_are_not_finite_is_named(tmp_path: Path, value: float) -> None:
    images = [image(4, 5, seed) for seed in range(3)]
    images[1].features[2, 3] = value
    write(tmp_path / "r.h5", header(), images)
    store = RegionStore(tmp_path / "r.h5")
    check_finite(store, ["im é0", "im é2", "im é0"])
    with pytest.raises(InputError, match="image im é1: features are infinite or not numbers"):
        check_finite(store, ["im é2", "im é1"])
