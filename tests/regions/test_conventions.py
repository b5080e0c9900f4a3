"""What the numbers of feature files mean: converted on request, never stored as something else."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rex.errors import InputError
from rex.regions.conventions import cells, looks_misread
from rex.regions.importing import source_of
from rex.regions.inspection import verify
from rex.regions.store import RegionStore
from rex.regions.store_writer import RegionStoreWriter

from .test_importing import bring
from .test_store import header, image

DRAW = np.random.default_rng(7)
FEATURES = np.maximum(DRAW.normal(0, 2, (4, 64)), 0).astype("f4")
CORNERS = np.array([[10, 20, 50, 60], [0, 0, 640, 480], [400, 200, 500, 340], [5, 5, 9, 9]], "f4")
SIZE = np.array([640, 480, 640, 480], "f4")
SIDES = np.concatenate([CORNERS[:, :2], CORNERS[:, 2:] - CORNERS[:, :2]], axis=1)


def text(array: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def table(folder: Path, boxes: Any = CORNERS, features: Any = FEATURES, first: str = "") -> Path:
    """Write a table of two images in the original detector's columns."""
    path = folder / "table.tsv"
    fields = ["640", "480", str(len(boxes)), text(boxes), text(features)]
    path.write_text(first + "".join("\t".join([name, *fields]) + "\n" for name in ("7", "8")))
    return path


def stored(folder: Path, source: Path, **options: Any) -> RegionStore:
    assert bring(source, folder / "r.h5", **options) == []
    return RegionStore(folder / "r.h5")


@pytest.mark.parametrize(
    ("written", "boxes"), [("xyxy", CORNERS), ("xywh", SIDES), ("normalised", CORNERS / SIZE)]
)
def test_boxes_are_converted_on_request(tmp_path: Path, written: str, boxes: Any) -> None:
    store = stored(tmp_path, table(tmp_path, boxes), boxes=written)
    np.testing.assert_allclose(store.boxes[1], CORNERS, rtol=1e-5)
    assert verify(store) == []


@pytest.mark.parametrize(
    ("boxes", "options", "said"),
    [
        (CORNERS / SIZE, {}, "image 7: boxes lie between 0 and 1 in an image of 640 by 480 pixels"),
        (SIDES, {}, "a box is 400, 200, 100, 140, which ends before .*: --boxes xywh"),
        (CORNERS, {"boxes": "xywh"}, "boxes reach to 900, 540 in an image of 640 by 480"),
        (CORNERS, {"boxes": "normalised"}, "boxes reach to 4.096e.05.* read as x1, y1, x2, y2 as"),
    ],
)
def test_boxes_that_mean_something_else_are_refused(
    tmp_path: Path, boxes: Any, options: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        bring(table(tmp_path, boxes), tmp_path / "r.h5", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["table.tsv"]


def test_float16_is_not_read_as_float32(tmp_path: Path) -> None:
    path = table(tmp_path, features=FEATURES.astype("f2"))
    with pytest.raises(InputError, match=r"differ in size as float16 .*--encoding float16"):
        bring(path, tmp_path / "r.h5")
    store = stored(tmp_path, path, encoding="float16")
    np.testing.assert_array_equal(store.features([0])[0], FEATURES.astype("f2").astype("f4"))


@pytest.mark.parametrize("names", ["id h w n boxes features", "img_id img_h img_w num_boxes a b"])
def test_a_header_of_other_names_is_no_image(tmp_path: Path, names: str) -> None:
    path = table(tmp_path, first=names.replace(" ", "\t") + "\n")
    with pytest.raises(InputError, match=rf"line 1: names columns {names.replace(' ', ', ')};"):
        bring(path, tmp_path / "r.h5")


@given(st.sampled_from(["normal", "exponential", "relu", "small"]), st.integers(0, 99))
def test_what_is_misread_differs_more_in_size_than_features_do(kind: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    values: Any = {
        "normal": draw.normal(size=4096),
        "exponential": draw.exponential(size=4096),
        "relu": np.maximum(draw.normal(-1, 1, 4096), 0),
        "small": draw.normal(size=4096) * 0.03,
    }[kind]
    assert not looks_misread(values.astype("f4"))
    assert not looks_misread(values.astype("f2"))
    halves = np.frombuffer(values.astype("f2").tobytes(), "f4")
    assert kind == "relu" or looks_misread(halves)
    probabilities = np.exp(6 * draw.normal(size=4096))
    assert not looks_misread(probabilities / probabilities.sum())


def test_verify_finds_what_earlier_imports_stored(tmp_path: Path) -> None:
    halves = DRAW.exponential(size=(4, 1024)).astype("f2")
    spoilt = [
        image(4, 512, 0),
        {"boxes": CORNERS / SIZE},
        {"features": np.clip(np.frombuffer(halves.tobytes(), "f4"), 0, 6e4).reshape(4, 512)},
        {"features": np.zeros((4, 512), "f4")},
    ]
    whole = spoilt[0]
    images = [whole] + [type(whole)(**{**vars(whole), **each}) for each in spoilt[1:]]  # type: ignore[dict-item]
    with RegionStoreWriter(tmp_path / "r.h5", header(4, 4, 512)) as writer:
        writer.write(range(4), images)  # type: ignore[arg-type]
    found = {str(one) for one in verify(RegionStore(tmp_path / "r.h5"))}
    assert found == {
        "boxes between 0 and 1, as shares of the image are: im é1",
        "features that differ in size as float16 read as float32 does: im é2",
        "features that are all zero: im é3",
    }


# --- VinVL -----------------------------------------------------------------------------------


def vinvl(folder: Path, *, kind: str = "f4", columns: int = 2, predictions: bool = True) -> Path:
    """Write VinVL's files of two images."""
    shares = np.concatenate([CORNERS, SIDES[:, 2:]], axis=1) / np.array([*SIZE, 640, 480], "f4")
    encoded = text(np.concatenate([FEATURES, shares], axis=1).astype(kind))
    value = json.dumps({"num_boxes": 4, "features": encoded}) if columns == 2 else f"4\t{encoded}"
    lines = [f"{name}\t{value}\n" for name in ("7", "8")]
    (folder / "features.tsv").write_text("".join(lines))
    (folder / "features.lineidx").write_text(f"0\n{len(lines[0])}\n")
    if predictions:
        objects = [
            {"rect": box.tolist(), "class": name, "conf": 0.5}
            for box, name in zip(CORNERS, ["man", "dog", "man", "cup"], strict=True)
        ]
        said = json.dumps({"image_w": 640, "image_h": 480, "objects": objects})
        (folder / "predictions.tsv").write_text(f"8\t{said}\n7\t{said}\n")
    return folder


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("predictions", [True, False])
def test_vinvl(tmp_path: Path, columns: int, predictions: bool) -> None:
    folder = vinvl(tmp_path, columns=columns, predictions=predictions)
    for name in () if predictions else ("7", "8"):
        Image.new("RGB", (640, 480)).save(tmp_path / f"{name}.png")
    store = stored(tmp_path, folder, images=folder)
    assert store.image_ids == ["7", "8"]
    assert store.feature_size == 64
    np.testing.assert_array_equal(store.features([1])[0], FEATURES)
    np.testing.assert_allclose(store.boxes[0], CORNERS, rtol=1e-5)
    assert store.image_sizes.tolist() == [[640, 480]] * 2
    if predictions:
        assert [store.object_names[one] for one in store.object_ids[1]] == [
            "man",
            "dog",
            "man",
            "cup",
        ]
        assert store.scores[0].tolist() == [0.5] * 4
    assert (store.attribute_ids == -1).all()
    assert verify(store) == []


def test_vinvls_classes_are_numbered_alike_whatever_comes_first(tmp_path: Path) -> None:
    folder = vinvl(tmp_path)
    predictions = folder / "predictions.tsv"
    first = stored(tmp_path, folder)
    assert first.object_ids[0].tolist() == [2, 1, 2, 0]
    turned = predictions.read_text().replace("man", "cat").replace("dog", "man")
    predictions.write_text(turned.replace("cat", "dog"))
    other = stored(tmp_path, folder)
    assert first.object_names == other.object_names == ["cup", "dog", "man"]
    assert other.object_ids[0].tolist() == [1, 2, 1, 0]


def test_vinvls_classes_are_looked_up_in_a_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "objects_vocab.txt").write_text("tree\ncup,mug\nman\n")
    (tmp_path / "attributes_vocab.txt").write_text("red\n")
    store = stored(tmp_path, vinvl(tmp_path), vocabulary=tmp_path)
    assert store.object_names == ["tree", "cup", "man"]
    assert store.object_ids[0].tolist() == [2, -1, 2, 1]


def test_vinvl_in_float16_needs_to_be_told(tmp_path: Path) -> None:
    folder = vinvl(tmp_path, kind="f2")
    with pytest.raises(InputError, match=r"line 1: the last 6 of 35 numbers are .*--encoding"):
        bring(folder, tmp_path / "r.h5")
    store = stored(tmp_path, folder, encoding="float16")
    np.testing.assert_array_equal(store.features([0])[0], FEATURES.astype("f2").astype("f4"))


def test_vinvl_that_is_not_whole(tmp_path: Path) -> None:
    folder = vinvl(tmp_path)
    (folder / "features.lineidx").write_text("0\n9\n18\n")
    with pytest.raises(InputError, match=r"has 2 lines, features\.lineidx names 3"):
        bring(folder, tmp_path / "r.h5")
    (folder / "features.lineidx").unlink()
    (folder / "predictions.tsv").write_text("7\t{\n")
    with pytest.raises(InputError, match=r"predictions\.tsv: is not of VinVL"):
        bring(folder, tmp_path / "r.h5")
    (folder / "predictions.tsv").unlink()
    with pytest.raises(InputError, match=r"size of its image.*--images"):
        bring(folder, tmp_path / "r.h5")


# --- grids, MMF, ids, and what is not read ---------------------------------------------------


@pytest.mark.parametrize("shape", ["rows first", "channels first", "pth", "flat"])
def test_grids_become_cells(tmp_path: Path, shape: str) -> None:
    grid = DRAW.normal(size=(3, 3, 16)).astype("f4")
    folder = tmp_path / "features"
    folder.mkdir()
    Image.new("RGB", (90, 60)).save(tmp_path / "7.jpg")
    if shape == "rows first":
        np.save(folder / "7.npy", grid)
    elif shape == "channels first":
        np.savez(folder / "7.npz", x=grid.transpose(2, 0, 1))
    elif shape == "pth":
        torch.save(torch.from_numpy(grid.transpose(2, 0, 1)[None].copy()), folder / "7.pth")
    else:
        np.savez(folder / "7.npz", x=grid.reshape(9, 16))
        with pytest.raises(InputError, match=r"boxes are missing.*--boxes grid"):
            bring(folder, tmp_path / "r.h5", images=tmp_path)
    options = {"boxes": "grid"} if shape == "flat" else {}
    store = stored(tmp_path, folder, images=tmp_path, **options)
    np.testing.assert_array_equal(store.features([0])[0], grid.reshape(9, 16))
    np.testing.assert_array_equal(store.boxes[0, [0, 5]], [[0, 0, 30, 20], [60, 20, 90, 40]])


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 500), st.integers(1, 500))
def test_cells_tile_the_image(rows: int, columns: int, width: int, height: int) -> None:
    boxes = cells(rows, columns, width, height)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    np.testing.assert_allclose(areas.sum(), width * height, rtol=1e-4)
    np.testing.assert_allclose(boxes[-1, 2:], [width, height], rtol=1e-5)


class Runs:
    """What would be called, were it unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("called",)


def test_mmfs_boxes_are_read_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "features"
    folder.mkdir()
    Image.new("RGB", (640, 480)).save(tmp_path / "7.jpg")
    np.save(folder / "7.npy", FEATURES)
    # as in MMF's extract_features_vmb.py, whose width is the height
    probabilities = np.full((len(CORNERS), 3), 0.3, "f4")
    info = {"bbox": CORNERS, "num_boxes": len(CORNERS), "cls_prob": probabilities}
    info |= {"objects": np.arange(len(CORNERS)), "image_width": 480, "image_height": 640}
    np.save(folder / "7_info.npy", np.array(info, dtype=object))
    store = stored(tmp_path, folder, images=tmp_path)
    np.testing.assert_array_equal(store.boxes[0], CORNERS)
    assert store.image_sizes.tolist() == [[640, 480]]
    for wrong, said in (
        ({**info, "more": Runs()}, "it asks for posix.mkdir"),
        ({"boxes": CORNERS}, "not MMF's, with boxes"),
        ([1], "not MMF's, with boxes"),
    ):
        np.save(folder / "7_info.npy", np.array(wrong, dtype=object))
        with pytest.raises(InputError, match=said):
            bring(folder, tmp_path / "r.h5", images=tmp_path)
    assert not Path("called").exists()
    np.save(folder / "7_info.npy", CORNERS)
    with pytest.raises(InputError, match="not one object"):
        bring(folder, tmp_path / "r.h5", images=tmp_path)


@pytest.mark.parametrize("genome", [True, False])
def test_ids_of_coco_become_gqas(tmp_path: Path, genome: bool) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    for name in ("COCO_val2014_000000000070.jpg", "000000262148", "9"):
        values = {"x": FEATURES, "bbox": CORNERS, "image_w": 640, "image_h": 480}
        np.savez(folder / f"{name}.npz", **values)  # type: ignore[arg-type]
    entries = [{"image_id": 2407, "coco_id": 262148}, {"image_id": 2408, "coco_id": None}]
    entries.append({"image_id": 2379, "coco_id": 70})
    plain = {"262148": "2407", "0070": 2379}
    (tmp_path / "ids.json").write_text(json.dumps(entries if genome else plain))
    store = stored(tmp_path, folder, ids=tmp_path / "ids.json")
    assert sorted(store.image_ids) == ["2379", "2407"]
    (tmp_path / "ids.json").write_text('{"1": "2"}')
    with pytest.raises(InputError, match="0 of 3 images"):
        bring(folder, tmp_path / "r2.h5", ids=tmp_path / "ids.json")
    (tmp_path / "ids.json").write_text('{"9": "2", "70": "2"}')
    with pytest.raises(InputError, match="each must be an image of its own"):
        bring(folder, tmp_path / "r2.h5", ids=tmp_path / "ids.json")
    (tmp_path / "ids.json").write_text("[3]")
    with pytest.raises(InputError, match="does not map ids to ids"):
        bring(folder, tmp_path / "r2.h5", ids=tmp_path / "ids.json")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gqa_spatial_info.json", "x .49, 2048.: .*gqa_feat_preproc"),
        ("gqa_spatial_0.h5", "--boxes grid"),
        ("features.lmdb", "MMF's folder .* lmdb_conversion"),
        ("features.pkl", "nothing is unpickled"),
        ("7.npz", "name the folder"),
        ("7.csv", "closest is LXMERT's"),
    ],
)
def test_what_is_not_read_names_the_closest_layout(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(InputError, match=said):
        source_of(tmp_path / name)
