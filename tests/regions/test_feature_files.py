"""Feature files as public projects wrote them: read exactly, and nothing in them is run."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex.errors import InputError
from rex.regions.importing import source_of
from rex.regions.store import RegionStore

from .test_importing import bring

CASES = Path(__file__).parents[2].resolve() / "../shared/cases/features"
cases = pytest.mark.skipif(not CASES.exists(), reason="the feature files are not here")

SIZES = {"3": (640, 480), "7": (500, 375), "9": (333, 500)}


class Malicious:
    def __init__(self, victim: Path) -> None:
        self.victim = str(victim)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.victim,)


@cases
@pytest.mark.parametrize("layout", ["mcan", "bottom-up-attention.pytorch"])
def test_public_npz_layouts(tmp_path: Path, layout: str) -> None:
    assert bring(CASES / layout, tmp_path / "r.h5") == []
    store = RegionStore(tmp_path / "r.h5")
    expected = json.loads((CASES / "expected.json").read_text())
    assert sorted(store.image_ids) == sorted(expected)
    for row, image_id in enumerate(store.image_ids):
        wanted = expected[image_id]
        assert store.num_boxes[row] == wanted["n"]
        assert store.features([row])[0, 0, :2].tolist() == [wanted["x00"], wanted["x01"]]
        assert store.boxes[row, 0].tolist() == wanted["box0"]
        assert store.image_sizes[row].tolist() == [640, 480]


@cases
@pytest.mark.parametrize("name", ["updown36", "updown_adaptive"])
def test_public_hdf5_layouts(tmp_path: Path, name: str) -> None:
    assert bring(CASES / f"{name}.hdf5", tmp_path / "r.h5") == []
    store = RegionStore(tmp_path / "r.h5")
    assert store.image_ids == ["262148", "393225", "524297"]
    with h5py.File(CASES / f"{name}.hdf5") as file:
        features = file["image_features"][:].reshape(-1, 16)
    kept = np.concatenate([store.features([row])[0, :n] for row, n in enumerate(store.num_boxes)])
    np.testing.assert_array_equal(kept, features)


def test_transposed_features_and_padded_names_are_understood(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    features = np.arange(15, dtype=np.float32).reshape(3, 5)
    boxes = np.array([[1, 2, 3, 4]] * 3, np.float32)
    values: dict[str, Any] = {"bbox": boxes, "image_w": np.int64(9), "image_h": np.int64(8)}
    np.savez(folder / "COCO_val2014_000000000070.jpg.npz", x=features.T, **values)
    info = np.array({"objects_id": Malicious(tmp_path / "victim")}, dtype=object)
    np.savez(folder / "2379.npz", x=features, info=info, **values)
    assert bring(folder, tmp_path / "r.h5") == []
    store = RegionStore(tmp_path / "r.h5")
    assert sorted(store.image_ids) == ["2379", "70"]
    for row in range(2):
        np.testing.assert_array_equal(store.features([row])[0], features)
    assert not (tmp_path / "victim").exists()


def make_updown(
    folder: Path, *, adaptive: bool, index: Any = None, **changes: Any
) -> tuple[Path, list[Any]]:
    """Write features of three images; return the file, and the boxes of each image."""
    draw = np.random.default_rng(0)
    counts = [2, 5, 3] if adaptive else [4, 4, 4]
    boxes, shares = [], []
    for count, (width, height) in zip(counts, SIZES.values(), strict=True):
        size = np.array([width, height])
        corners = draw.uniform(0, 0.5, (count, 2)) * size
        far = corners + draw.uniform(0.1, 0.5, (count, 2)) * size
        boxes.append(np.concatenate([corners, far], axis=1).astype("f4"))
        share = np.concatenate([corners / size, far / size, (far - corners) / size], axis=1)
        shares.append(share.astype("f4"))
    join: Any = np.concatenate if adaptive else np.stack
    arrays: dict[str, Any] = {"image_bb": join(boxes), "spatial_features": join(shares)}
    arrays["image_features"] = draw.normal(size=(*arrays["image_bb"].shape[:-1], 6)).astype("f4")
    if adaptive:
        ends = np.cumsum(counts)
        arrays["pos_boxes"] = np.stack([ends - counts, ends], axis=1).astype("i4")
    path = folder / "train.hdf5"
    with h5py.File(path, "w") as file:
        for name, array in {**arrays, **changes}.items():
            if array is not None:
                file[name] = array
    content = {int(name): row for row, name in enumerate(SIZES)} if index is None else index
    (folder / "train_imgid2idx.pkl").write_bytes(pickle.dumps(content, protocol=2))
    return path, boxes


@pytest.mark.parametrize("adaptive", [False, True])
def test_updown_gives_boxes_and_sizes(tmp_path: Path, adaptive: bool) -> None:
    path, boxes = make_updown(tmp_path, adaptive=adaptive)
    assert bring(path, tmp_path / "r.h5") == []
    store = RegionStore(tmp_path / "r.h5")
    assert store.image_ids == list(SIZES)
    assert [tuple(size) for size in store.image_sizes.tolist()] == list(SIZES.values())
    for row, own in enumerate(boxes):
        np.testing.assert_array_equal(store.boxes[row, : store.num_boxes[row]], own)


def test_an_image_whose_shares_do_not_fit_is_named_and_the_rest_kept(tmp_path: Path) -> None:
    path, _ = make_updown(tmp_path, adaptive=True)
    with h5py.File(path, "r+") as file:
        file["spatial_features"][3] = 0.5
    (problem,) = map(str, bring(path, tmp_path / "r.h5"))
    assert "image 7: spatial_features do not match image_bb" in problem
    assert list(RegionStore(tmp_path / "r.h5").without_regions) == ["7"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image_bb": None}, "no dataset 'image_bb'"),
        ({"image_bb": np.zeros((3, 4, 5))}, "do not fit"),
        ({"image_features": np.zeros(3)}, "image_features are"),
        ({"image_bb": h5py.ExternalLink("/etc/other.h5", "/x")}, "links are not followed"),
    ],
)
def test_files_that_are_not_updown_are_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path, _ = make_updown(tmp_path, adaptive=False, **changes)
    with pytest.raises(InputError, match=f"train.hdf5: not a file of .*{said}"):
        bring(path, tmp_path / "r.h5")


@pytest.mark.parametrize(
    "index", [{"1": 5}, {"1": -1}, {"1": "0"}, {"1": 0, "2": 0}, [1, 2], {}, {"1": 0.0}]
)
def test_an_index_that_does_not_fit_is_refused(tmp_path: Path, index: Any) -> None:
    path, _ = make_updown(tmp_path, adaptive=False, index=index)
    with pytest.raises(InputError):
        bring(path, tmp_path / "r.h5")


def test_an_index_is_not_run(tmp_path: Path) -> None:
    index = {"1": Malicious(tmp_path / "victim")}
    path, _ = make_updown(tmp_path, adaptive=False, index=index)
    with pytest.raises(InputError, match=r"train_imgid2idx\.pkl: not a plain dictionary"):
        bring(path, tmp_path / "r.h5")
    assert not (tmp_path / "victim").exists()
    (tmp_path / "train_imgid2idx.pkl").unlink()
    with pytest.raises(InputError, match=r"train_imgid2idx\.pkl: no such file"):
        source_of(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_index_is_one_line(tmp_path: Path, data: st.DataObject) -> None:
    path, _ = make_updown(tmp_path, adaptive=False)
    index = tmp_path / "train_imgid2idx.pkl"
    content = bytearray(index.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    index.write_bytes(content)
    with contextlib.suppress(InputError):  # any other error fails
        source_of(path).layout()
