"""Other people's features: the real sample exactly, and every kind of damage named."""

from __future__ import annotations

import base64
import csv
import json
import os
import pickle
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rex.cli import main
from rex.errors import InputError
from rex.regions.importing import import_features
from rex.regions.lxmert_tsv import export_tsv
from rex.regions.merging import merge
from rex.regions.store import RegionStore
from rex.regions.store_writer import RegionStoreWriter

from .test_store import header, image, write

SAMPLE = Path(__file__).parents[2].resolve() / "../shared/bottom-up-sample"
TSV = SAMPLE / "train2014_obj36.tsv"
sample = pytest.mark.skipif(not SAMPLE.exists(), reason="the bottom-up sample is not here")


def bring(source: Path, out: Path, kind: str = "float32", **more: Any) -> list[InputError]:
    return import_features(source, out, label="test", feature_type=kind, **more)


def read_reference(path: Path) -> dict[str, dict[str, Any]]:
    """The table as the csv module reads it."""
    csv.field_size_limit(sys.maxsize)
    names = [
        "img_id",
        "img_h",
        "img_w",
        "objects_id",
        "objects_conf",
        "attrs_id",
        "attrs_conf",
        "num_boxes",
        "boxes",
        "features",
    ]
    kinds = {"objects_id": "i8", "objects_conf": "f4", "attrs_id": "i8"}
    kinds |= {"boxes": "f4", "features": "f4"}
    rows = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file, names, delimiter="\t"):
            entry: dict[str, Any] = dict(row)
            for name, kind in kinds.items():
                entry[name] = np.frombuffer(base64.b64decode(row[name]), kind)
            rows[row["img_id"]] = entry
    return rows


@sample
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_the_real_sample_arrives_exactly(tmp_path: Path, zipped: bool, kind: str) -> None:
    source = TSV
    if zipped:
        source = tmp_path / "obj36.zip"
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(TSV, "folder/obj36.tsv")
            archive.writestr("folder/README", "hello")
    arguments = ["--out", str(tmp_path / "r.h5"), "--dtype", kind, "--vocabulary", str(SAMPLE)]
    assert main(["regions", "import", str(source), *arguments]) == 0
    store = RegionStore(tmp_path / "r.h5")
    assert store.feature_size == 2048
    reference = read_reference(TSV)
    assert store.image_ids == list(reference)
    assert len(store.object_names) == 1600
    for row, entry in enumerate(reference.values()):
        features = entry["features"].reshape(36, 2048)
        np.testing.assert_array_equal(store.features([row])[0], features.astype(kind))
        np.testing.assert_array_equal(store.boxes[row].ravel(), entry["boxes"])
        np.testing.assert_array_equal(store.object_ids[row], entry["objects_id"])
        np.testing.assert_array_equal(store.attribute_ids[row], entry["attrs_id"])
        np.testing.assert_array_equal(store.scores[row], entry["objects_conf"])
        assert store.image_sizes[row].tolist() == [int(entry["img_w"]), int(entry["img_h"])]
    assert main(["regions", "verify", str(store.path)]) == 0


@sample
def test_exporting_gives_the_sample_back(tmp_path: Path) -> None:
    bring(TSV, tmp_path / "r.h5")
    arguments = [str(tmp_path / "r.h5"), "--out", str(tmp_path / "back.tsv")]
    assert main(["regions", "export", *arguments]) == 0
    wanted, back = read_reference(TSV), read_reference(tmp_path / "back.tsv")
    assert list(back) == list(wanted)
    for image_id, entry in wanted.items():
        for name, value in entry.items():
            if name != "attrs_conf":  # the store does not keep it
                np.testing.assert_array_equal(back[image_id][name], value, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=5), width=st.integers(1, 6))
def test_a_store_survives_the_way_through_a_table(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], width: int
) -> None:
    folder = tmp_path_factory.mktemp("table")
    images = [image(count, width, seed) for seed, count in enumerate(counts)]
    write(folder / "a.h5", header(len(counts), 4, width, feature_type="float32"), images)
    export_tsv(RegionStore(folder / "a.h5"), folder / "a.tsv")
    assert bring(folder / "a.tsv", folder / "b.h5") == []
    a, b = RegionStore(folder / "a.h5"), RegionStore(folder / "b.h5")
    assert a.image_ids == b.image_ids
    assert a.num_boxes.tolist() == b.num_boxes.tolist()
    most = b.regions
    for name in ("boxes", "scores", "object_ids", "attribute_ids"):
        np.testing.assert_array_equal(getattr(a, name)[:, :most], getattr(b, name))
    rows = range(len(counts))
    np.testing.assert_array_equal(a.features(rows)[:, :most], b.features(rows))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of four images."""
    images = [image(3, 5, seed) for seed in range(4)]
    write(tmp_path / "good.h5", header(4, 3, 5, feature_type="float32"), images)
    export_tsv(RegionStore(tmp_path / "good.h5"), tmp_path / "table.tsv")
    return tmp_path / "table.tsv"


def spoil(line: bytes, how: str) -> bytes:
    fields = line.split(b"\t")
    if how == "cut":
        return line[: len(line) * 4 // 5]
    if how == "half":
        return b"\t".join(fields[:8])
    if how == "base64":
        fields[9] = fields[9][:10] + b"*" + fields[9][11:]
    if how == "boxes":
        fields[8] = fields[8][:-4]
    if how == "count":
        fields[7] = b"three"
    if how == "empty":
        fields[7] = b"0"
    if how == "width":
        fields[9] = base64.b64encode(np.zeros((3, 7), "f4").tobytes())
    return b"\t".join(fields)


@pytest.mark.parametrize("how", ["cut", "half", "base64", "boxes", "count", "empty", "width"])
def test_a_bad_line_is_named_and_the_rest_kept(table: Path, how: str) -> None:
    lines = table.read_bytes().splitlines()
    lines[2] = spoil(lines[2], how)
    table.write_bytes(b"\n".join(lines) + b"\n")
    out = table.with_name("r.h5")
    (problem,) = bring(table, out)
    assert "table.tsv: line 3: " in str(problem)
    store = RegionStore(out)
    if how == "half":  # no telling which columns are there
        assert store.image_ids == ["im é0", "im é1", "im é3"]
    else:
        assert store.without_regions == {"im é2": str(problem)}
    good = RegionStore(table.with_name("good.h5"))
    others = ["im é0", "im é1", "im é3"]
    np.testing.assert_array_equal(
        store.features(store.rows(others)), good.features(good.rows(others))
    )
    assert sorted(path.name for path in table.parent.iterdir()) == ["good.h5", "r.h5", "table.tsv"]


def test_an_image_twice_is_named(table: Path) -> None:
    lines = table.read_bytes().splitlines(keepends=True)
    table.write_bytes(b"".join([*lines, b"\r\n", lines[1]]))
    (problem,) = bring(table, table.with_name("r.h5"))
    assert "line 6: image 'im é1' is already in line 2" in str(problem)


def test_the_original_detectors_short_table(table: Path) -> None:
    lines = [line.split(b"\t") for line in table.read_bytes().splitlines()]
    table.write_bytes(b"\n".join(b"\t".join([f[0], f[2], f[1], *f[7:]]) for f in lines))
    bring(table, table.with_name("r.h5"))
    good, store = RegionStore(table.with_name("good.h5")), RegionStore(table.with_name("r.h5"))
    np.testing.assert_array_equal(store.features(range(4)), good.features(range(4)))
    np.testing.assert_array_equal(store.image_sizes, good.image_sizes)
    assert (store.object_ids == -1).all()


def test_tables_with_nothing_usable(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="holds no regions"):
        bring(path, tmp_path / "r.h5")
    path.write_bytes(b"1\tb\tc\td\n")
    with pytest.raises(InputError, match="line 1: has 4 columns"):
        bring(path, tmp_path / "r.h5")
    archive = tmp_path / "t.zip"
    archive.write_bytes(b"PK not a zip")
    with pytest.raises(InputError, match="not whole"):
        bring(archive, tmp_path / "r.h5")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("README", "nothing")
    with pytest.raises(InputError, match=r"holds 0 \.tsv files"):
        bring(archive, tmp_path / "r.h5")
    with pytest.raises(InputError, match="no such file"):
        bring(tmp_path / "nowhere.tsv", tmp_path / "r.h5")
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(InputError, match="not a known format"):
        bring(tmp_path / "x.txt", tmp_path / "r.h5")


def test_a_stopped_import_goes_on(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rex.regions import lxmert_tsv

    decoded: list[int] = []
    decode: Any = lxmert_tsv._decode

    def stop_at_third(*fields: Any) -> Any:
        decoded.append(1)
        if len(decoded) == 3:
            raise KeyboardInterrupt
        return decode(*fields)

    out = table.with_name("r.h5")
    monkeypatch.setattr(lxmert_tsv, "_decode", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        bring(table, out)
    assert not out.exists()
    assert bring(table, out) == []
    assert len(decoded) == 3 + 2  # two were done already
    good = RegionStore(table.with_name("good.h5"))
    np.testing.assert_array_equal(RegionStore(out).features(range(4)), good.features(range(4)))


@pytest.fixture
def stopped(table: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the table whose import stopped at the last image."""
    write: Any = RegionStoreWriter.write

    def stop_at_last(writer: RegionStoreWriter, rows: list[int], images: Any) -> None:
        if rows == [3]:
            raise KeyboardInterrupt
        write(writer, rows, images)

    # the second image has a box that ends before it begins
    boxes = np.array([[1, 2, 3, 4], [9, 9, 5, 5], [1, 2, 3, 4]], "f4").tobytes()
    lines = [line.split(b"\t") for line in table.read_bytes().splitlines()]
    lines[1][8] = base64.b64encode(boxes)
    table.write_bytes(b"".join(b"\t".join(line) + b"\n" for line in lines))
    out = table.with_name("r.h5")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RegionStoreWriter, "write", stop_at_last)
        bring(table, out)
    return out


def test_a_stopped_import_that_left_an_image_out_goes_on(table: Path, stopped: Path) -> None:
    (problem,) = bring(table, stopped)
    assert RegionStore(stopped).without_regions == {"im é1": str(problem)}


def test_a_stopped_import_with_other_options_begins_anew(table: Path, stopped: Path) -> None:
    written = RegionStore(table.with_name("good.h5")).boxes[0, 0].tolist()
    assert bring(table, stopped, boxes="xywh") == []
    x, y, width, height = written
    assert RegionStore(stopped).boxes[0, 0].tolist() == pytest.approx([x, y, x + width, y + height])


@pytest.mark.parametrize("other", [False, True])
def test_a_stopped_import_of_another_source_begins_anew(
    table: Path, stopped: Path, other: bool
) -> None:
    source = table.with_name("other.tsv") if other else table
    lines = [line.split(b"\t") for line in table.read_bytes().splitlines()]
    for line in lines:
        line[8] = base64.b64encode(np.array([[1, 2, 3, 4]] * 3, "f4").tobytes())
    source.write_bytes(b"".join(b"\t".join(line) + b"\n" for line in lines))
    assert bring(source, stopped) == []
    assert (RegionStore(stopped).boxes == [1, 2, 3, 4]).all()


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    def peak(images: int) -> int:
        path = tmp_path / f"{images}.tsv"
        features = base64.b64encode(np.zeros((4, 1024), "f4").tobytes())
        boxes = base64.b64encode(np.zeros((4, 4), "f4").tobytes())
        with open(path, "wb") as file:
            for number in range(images):
                head = [str(number).encode(), b"10", b"10", b"4"]
                file.write(b"\t".join([*head, boxes, features]) + b"\n")
        tracemalloc.start()
        bring(path, tmp_path / f"{images}.h5", "float16")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(80), peak(240)
    # the rows that are more have 3.5 MB of text
    assert many - few < 250_000


# --- GQA's objects ---------------------------------------------------------------------------


def gqa_objects(folder: Path) -> tuple[Any, dict[str, Any]]:
    draw = np.random.default_rng(0)
    features = draw.normal(size=(2, 3, 5, 8)).astype("f4")
    boxes = np.sort(draw.uniform(0, 50, (2, 3, 5, 2, 2)), axis=3).reshape(2, 3, 5, 4).astype("f4")
    info = {}
    for number in range(2):
        with h5py.File(folder / f"gqa_objects_{number}.h5", "w") as file:
            file["features"], file["bboxes"] = features[number], boxes[number]
        for place in range(3):
            entry = {"width": 60, "height": 50, "objectsNum": 3 + number}
            info[f"{9 - place}{number}"] = {**entry, "idx": place, "file": number}
    (folder / "gqa_objects_info.json").write_text(json.dumps(info))
    return (features, boxes), info


@pytest.mark.parametrize("name", ["", "gqa_objects_info.json"])
def test_gqas_objects(tmp_path: Path, name: str) -> None:
    (features, boxes), info = gqa_objects(tmp_path)
    assert bring(tmp_path / name, tmp_path / "r.h5") == []
    store = RegionStore(tmp_path / "r.h5")
    assert (store.regions, store.feature_size) == (4, 8)
    assert set(store.image_ids) == set(info)
    for row, image_id in enumerate(store.image_ids):
        file, place = info[image_id]["file"], info[image_id]["idx"]
        count = info[image_id]["objectsNum"]
        assert store.num_boxes[row] == count
        gathered = store.features([row])[0, :count]
        np.testing.assert_array_equal(gathered, features[file, place, :count])
        np.testing.assert_array_equal(store.boxes[row, :count], boxes[file, place, :count])
        assert store.image_sizes[row].tolist() == [60, 50]


def test_damaged_gqa_objects_are_named(tmp_path: Path) -> None:
    _, info = gqa_objects(tmp_path)
    info["90"]["idx"] = 7
    info_file = tmp_path / "gqa_objects_info.json"
    info_file.write_text(json.dumps(info))
    (problem,) = bring(tmp_path, tmp_path / "r.h5")
    assert "image 90: " in str(problem)
    assert list(RegionStore(tmp_path / "r.h5").without_regions) == ["90"]
    del info["91"]["width"]
    info_file.write_text(json.dumps(info))
    with pytest.raises(InputError, match="an image lacks 'width'"):
        bring(tmp_path, tmp_path / "r2.h5")
    for other in ("[1]", "3", "null", '{"90": [1]}', '{"90": 3}'):
        info_file.write_text(other)
        with pytest.raises(InputError, match="is not GQA's list of images;"):
            bring(tmp_path, tmp_path / "r2.h5")
    _, info = gqa_objects(tmp_path)
    (tmp_path / "gqa_objects_1.h5").unlink()
    with pytest.raises(InputError, match=r"gqa_objects_1\.h5: no such file"):
        bring(tmp_path, tmp_path / "r3.h5")
    (tmp_path / "gqa_objects_1.h5").write_bytes(b"no HDF5")
    with pytest.raises(InputError, match="not a valid HDF5 file"):
        bring(tmp_path, tmp_path / "r3.h5")
    assert not (tmp_path / "r3.h5").exists()


# --- folders of arrays -----------------------------------------------------------------------


def arrays(seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return {
        "x": draw.normal(size=(3, 6)).astype("f4"),
        "bbox": np.sort(draw.uniform(0, 9, (3, 2, 2)), axis=1).reshape(3, 4).astype("f4"),
        "image_w": np.int64(20),
        "image_h": np.int64(10),
    }


def test_a_folder_of_npz(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    made = {f"im{seed}": arrays(seed) for seed in range(3)}
    for image_id, each in made.items():
        np.savez(folder / f"{image_id}.npz", **each)
    (folder / "im1.npz").write_bytes((folder / "im1.npz").read_bytes()[:100])
    np.savez(folder / "im3.npz", **{**arrays(3), "bbox": np.zeros((2, 4))})
    np.savez(folder / "im4.npz", x=np.zeros((3, 9)))
    np.savez(folder / "im5.npz", allow=np.array([{}], dtype=object))
    (folder / "im6.npz").write_bytes(b"no archive")
    problems = [str(problem) for problem in bring(folder, tmp_path / "r.h5")]
    for name, said in (
        ("im1", "not whole"),
        ("im3", "boxes are"),
        ("im4", "features are 9 wide"),
        ("im5", "im5"),
        ("im6", "im6.npz is not whole (it holds no arrays)"),
    ):
        assert any(f"{name}.npz" in problem and said in problem for problem in problems)
    store = RegionStore(tmp_path / "r.h5")
    assert store.without_regions.keys() == {"im1", "im3", "im4", "im5", "im6"}
    rows = store.rows(["im0", "im2"])
    np.testing.assert_array_equal(store.features(rows)[1], made["im2"]["x"])
    np.testing.assert_array_equal(store.boxes[rows[1]], made["im2"]["bbox"])
    assert store.image_sizes[rows].tolist() == [[20, 10]] * 2


def test_a_folder_of_npy_takes_sizes_from_the_images(tmp_path: Path) -> None:
    folder, images = tmp_path / "features", tmp_path / "images"
    folder.mkdir()
    images.mkdir()
    made = arrays(0)
    for image_id in ("a", "b", "c"):
        np.save(folder / f"{image_id}.npy", made["x"])
        np.save(folder / f"{image_id}_boxes.npy", made["bbox"])
    for image_id in ("a", "c"):
        Image.new("RGB", (33, 22)).save(images / f"{image_id}.jpg")
    (folder / "c_boxes.npy").unlink()
    problems = [str(problem) for problem in bring(folder, tmp_path / "r.h5", images=images)]
    assert len(problems) == 2
    assert "b.jpg: no such image" in problems[0]
    assert "c_boxes.npy is missing" in problems[1]
    store = RegionStore(tmp_path / "r.h5")
    assert store.without_regions.keys() == {"b", "c"}
    assert store.image_sizes[0].tolist() == [33, 22]
    with pytest.raises(InputError, match="--images"):
        bring(folder, tmp_path / "r2.h5")


def test_a_second_file_of_an_image_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    np.savez(folder / "a.npz", **arrays(0))
    np.save(folder / "a.npy", arrays(1)["x"])
    np.save(folder / "a_boxes.npy", arrays(1)["bbox"])
    np.savez(folder / "b.npz", **arrays(2))
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg")
    (problem,) = bring(folder, tmp_path / "r.h5", images=tmp_path)
    assert "already in a.npy" in str(problem)
    assert RegionStore(tmp_path / "r.h5").image_ids == ["a", "b"]


def test_nothing_in_an_array_file_is_unpickled(tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "victim"),)

    folder = tmp_path / "features"
    folder.mkdir()
    (folder / "a.npy").write_bytes(pickle.dumps(Malicious()))
    np.savez(folder / "b.npz", x=np.array([Malicious()], dtype=object))
    with pytest.raises(InputError):
        bring(folder, tmp_path / "r.h5")
    assert not (tmp_path / "victim").exists()


def test_a_size_may_be_an_array_of_one_number(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    np.savez(folder / "7.npz", **{**arrays(0), "image_w": np.array([20.0])})
    np.savez(folder / "8.npz", **{**arrays(0), "image_w": np.array([20, 10])})
    (problem,) = map(str, bring(folder, tmp_path / "r.h5"))
    assert "8.npz" in problem
    assert RegionStore(tmp_path / "r.h5").image_sizes[0].tolist() == [20, 10]


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_batch_of_one_is_no_grid(tmp_path: Path, suffix: str, axis: int) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    made = arrays(0)
    features, boxes = (np.expand_dims(made.pop(name), axis) for name in ("x", "bbox"))
    if suffix == ".npz":
        scores = np.array([[0.5, 0.4, 0.3]])
        np.savez(folder / "7.npz", x=features, bbox=boxes, scores=scores, **made)
        np.savez(folder / "8.npz", x=np.zeros((3, 2, 6)), bbox=boxes, **made)
    else:
        np.save(folder / "7.npy", features)
        np.save(folder / "7_boxes.npy", boxes)
        Image.new("RGB", (20, 10)).save(folder / "7.png")
    problems = bring(folder, tmp_path / "r.h5", images=folder)
    assert ["features are [3, 2, 6]" in str(problem) for problem in problems] == [
        True for _ in folder.glob("8.npz")
    ]
    store = RegionStore(tmp_path / "r.h5")
    np.testing.assert_array_equal(store.features([0])[0], features.reshape(3, 6))
    np.testing.assert_array_equal(store.boxes[0], boxes.reshape(3, 4))


def test_features_too_large_for_float16_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    for seed in range(2):
        made = arrays(seed)
        np.savez(folder / f"{seed}.npz", **{**made, "x": made["x"].astype("f8")})
    large = arrays(3)
    large["x"][0, 0] = -65520
    np.savez(folder / "9.npz", **large)
    (problem,) = map(str, bring(folder, tmp_path / "r.h5", "float16"))
    assert "image 9: features are too large for float16 (--dtype float32)" in problem
    assert list(RegionStore(tmp_path / "r.h5").without_regions) == ["9"]
    assert bring(folder, tmp_path / "exact.h5") == []
    np.savez(folder / "0.npz", **large)  # the first
    with pytest.raises(InputError, match="too large for float16; --dtype float32"):
        bring(folder, tmp_path / "r.h5", "float16")
    with pytest.raises(InputError, match="has another feature_type than"):
        merge([tmp_path / "r.h5", tmp_path / "exact.h5"], tmp_path / "both.h5")


def test_imports_of_more_and_of_fewer_regions_belong_together(tmp_path: Path) -> None:
    stores = []
    for name, count in (("val", 2), ("train", 3)):
        (tmp_path / name).mkdir()
        made = arrays(count)
        made |= {key: made[key][:count] for key in ("x", "bbox")}
        np.savez(tmp_path / name / f"{name}.npz", **made)
        assert bring(tmp_path / name, tmp_path / f"{name}.h5") == []
        with h5py.File(tmp_path / f"{name}.h5", "r+") as file:
            if name == "train":  # as older versions wrote it
                signature = json.loads(file.attrs["signature"])
                file.attrs["signature"] = json.dumps({**signature, "regions": count})
        stores.append(RegionStore(tmp_path / f"{name}.h5"))
    assert stores[0].signature == stores[1].signature
    assert merge([store.path for store in stores], tmp_path / "both.h5") == {}
    both = RegionStore(tmp_path / "both.h5")
    assert both.num_boxes.tolist() == [2, 3]
    np.testing.assert_array_equal(both.features([0])[0, :2], stores[0].features([0])[0])
    np.testing.assert_array_equal(both.boxes[0, :2], stores[0].boxes[0])
    np.testing.assert_array_equal(both.features([1]), stores[1].features([0]))
    assert not both.features([0])[0, 2].any()
    assert not both.boxes[0, 2].any()
    np.testing.assert_array_equal(both.image_sizes, [[20, 10]] * 2)
