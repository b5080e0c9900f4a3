"""The region store: what is written comes back, whole, after pickling and after a kill."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex import locks
from rex.errors import InputError
from rex.regions.lxmert_tsv import export_tsv
from rex.regions.store import ImageRegions, RegionStore
from rex.regions.store_writer import RegionStoreWriter, StoreHeader


def header(images: int = 3, regions: int = 4, width: int = 5, **changes: object) -> StoreHeader:
    values: dict[str, object] = {
        "image_ids": [f"im é{k}" for k in range(images)],
        "regions": regions,
        "feature_size": width,
        "signature": {"detector": "test", "short_side": 144},
        "object_names": ["cup", "man"],
        "attribute_names": ["red"],
        "made_by": {"command": "test"},
    }
    return StoreHeader(**{**values, **changes})  # type: ignore[arg-type]


def image(count: int, width: int, seed: int) -> ImageRegions:
    draw = np.random.default_rng(seed)
    return ImageRegions(
        features=draw.normal(size=(count, width)).astype(np.float32),
        boxes=np.sort(draw.uniform(0, 100, (count, 2, 2)), axis=1).reshape(count, 4).astype("f4"),
        scores=draw.uniform(0, 1, count).astype(np.float32),
        object_ids=draw.integers(0, 2, count),
        attribute_ids=draw.integers(-1, 1, count),
        width=320 + seed,
        height=240,
    )


def write(path: Path, made: StoreHeader, images: list[ImageRegions]) -> None:
    with RegionStoreWriter(path, made) as writer:
        writer.write(writer.missing(), images)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.integers(0, 4), max_size=5),
    width=st.integers(1, 9),
    kind=st.sampled_from(["float16", "float32"]),
)
def test_what_is_written_comes_back(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], width: int, kind: str
) -> None:
    path = tmp_path_factory.mktemp("store") / "r.h5"
    images = [image(count, width, seed) for seed, count in enumerate(counts)]
    made = header(len(counts), 4, width, feature_type=kind)
    write(path, made, images)
    store = RegionStore(path)

    assert (len(store), store.regions, store.feature_size) == (len(counts), 4, width)
    assert store.image_ids == list(made.image_ids)
    assert store.num_boxes.tolist() == counts
    assert store.signature == made.signature
    assert (store.object_names, store.attribute_names) == (["cup", "man"], ["red"])
    order = list(reversed(range(len(counts)))) * 2
    gathered = store.features(order)
    assert gathered.shape == (len(order), 4, width)
    for place, row in enumerate(order):
        count, expected = counts[row], images[row]
        np.testing.assert_array_equal(gathered[place, :count], expected.features.astype(kind))
        np.testing.assert_array_equal(store.boxes[row, :count], expected.boxes)
        np.testing.assert_array_equal(store.scores[row, :count], expected.scores)
        np.testing.assert_array_equal(store.object_ids[row, :count], expected.object_ids)
        np.testing.assert_array_equal(store.attribute_ids[row, :count], expected.attribute_ids)
        assert store.image_sizes[row].tolist() == [expected.width, expected.height]
        for padding in (
            gathered[place, count:],
            store.boxes[row, count:],
            store.scores[row, count:],
        ):
            assert not padding.any()


def test_a_store_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    images = [image(4, 5, seed) for seed in range(3)]
    for name in ("a.h5", "b.h5"):
        write(tmp_path / name, header(), images)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_pickled_store_reads_the_same_and_carries_no_data(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    write(path, header(), [image(4, 5, seed) for seed in range(3)])
    store = RegionStore(path)
    before = store.features([2, 0])
    pickled = pickle.dumps(store)
    assert len(pickled) < 500
    np.testing.assert_array_equal(pickle.loads(pickled).features([2, 0]), before)


def test_rows_names_the_missing_image(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    write(path, header(), [image(4, 5, seed) for seed in range(3)])
    store = RegionStore(path)
    assert store.rows(["im é2", "im é0"]).tolist() == [2, 0]
    with pytest.raises(InputError, match="no regions of image 'elsewhere'"):
        store.rows(["im é0", "elsewhere"])


@given(rows=st.lists(st.integers(0, 8)), kind=st.sampled_from(["float16", "float32"]))
def test_features_of_any_rows_are_those_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], kind: str
) -> None:
    path = tmp_path_factory.mktemp("store") / "r.h5"
    write(path, header(9, feature_type=kind), [image(4, 5, seed) for seed in range(9)])
    with h5py.File(path) as file:
        assert np.array_equal(RegionStore(path).features(rows), file["features"][:][rows])


@pytest.mark.parametrize("row", [-1, 3])
def test_rows_that_are_not_there_are_refused(tmp_path: Path, row: int) -> None:
    write(tmp_path / "r.h5", header(), [image(4, 5, seed) for seed in range(3)])
    with pytest.raises(IndexError):
        RegionStore(tmp_path / "r.h5").features([0, row])


def test_a_file_that_ends_while_it_is_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    write(path, header(), [image(4, 5, seed) for seed in range(3)])
    store = RegionStore(path)
    before = store.features([1])
    with store.opened() as file:
        end = file["features"].id.get_offset() + file["features"].nbytes
    os.truncate(path, end - 1)
    assert np.array_equal(store.features([1]), before)
    with pytest.raises(InputError, match="ends in row 2"):
        store.features([1, 2])


def test_unfinished_store_is_not_published(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    with (
        pytest.raises(RuntimeError, match="2 images were not written"),
        RegionStoreWriter(path, header()) as writer,
    ):
        writer.write([1], [image(4, 5, 0)])
    assert not path.exists()


def test_bad_input_leaves_nothing(tmp_path: Path) -> None:
    def stopped_by_bad_input() -> None:
        with RegionStoreWriter(tmp_path / "r.h5", header()):
            raise InputError("corrupt image")

    with pytest.raises(InputError, match="corrupt image"):
        stopped_by_bad_input()
    assert list(tmp_path.iterdir()) == []


def test_features_of_another_width_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="do not fit"),
        RegionStoreWriter(tmp_path / "r.h5", header()) as writer,
    ):
        writer.write([0], [image(4, 6, 0)])


_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from test_store import header, image
from rex.regions.store_writer import RegionStoreWriter
writer = RegionStoreWriter(sys.argv[1], header())
writer.write([0, 2], [image(4, 5, 0), image(3, 5, 2)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_is_taken_up_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    arguments = [sys.executable, "-c", _KILLED, str(path), str(Path(__file__).parent)]
    assert (
        subprocess.run(arguments, env=dict(os.environ), check=False).returncode == -signal.SIGKILL
    )
    assert not path.exists()

    with RegionStoreWriter(path, header()) as writer:
        assert writer.missing() == [1]
        writer.write([1], [image(2, 5, 1)])
    whole = tmp_path / "whole.h5"
    write(whole, header(), [image(4, 5, 0), image(2, 5, 1), image(3, 5, 2)])
    assert path.read_bytes() == whole.read_bytes()


def test_who_waits_for_a_writer_takes_up_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as an extraction that outlived its workflow, when that is started again."""
    monkeypatch.setattr(locks, "_PATIENCE", 0.1)
    path = tmp_path / "r.h5"
    with ThreadPoolExecutor() as beside:
        with RegionStoreWriter(path, header()) as writer:
            later = beside.submit(RegionStoreWriter, path, header())
            with pytest.raises(TimeoutError):
                later.result(timeout=1)
            for row, boxes in enumerate((4, 2, 3)):
                writer.write([row], [image(boxes, 5, row)])
        with later.result() as second:
            assert second.missing() == []
    assert RegionStore(path).num_boxes.tolist() == [4, 2, 3]
    assert f"{path}: waiting for process {os.getpid()} on " in caplog.text


def test_a_full_disk_is_known_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a memory map has no room for would end the process without a word."""
    path, images = tmp_path / "val.h5", [image(2, 5, seed) for seed in range(3)]

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        with pytest.raises(InputError, match=r"val\.h5: the disk is full"):
            RegionStoreWriter(path, header())
    assert not path.exists()
    write(path, header(), images)
    assert len(RegionStore(path)) == 3


def test_another_header_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    with pytest.raises(RuntimeError), RegionStoreWriter(path, header()) as writer:
        writer.write([0], [image(4, 5, 0)])
    other = header(signature={"detector": "another"})
    with pytest.raises(RuntimeError), RegionStoreWriter(path, other) as writer:
        assert writer.missing() == [0, 1, 2]


def test_an_image_without_regions_says_why_and_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "r.h5"
    with pytest.raises(RuntimeError), RegionStoreWriter(path, header()) as writer:
        writer.write([2], [image(3, 5, 2)])
        writer.leave_empty(1, "torn")
    with RegionStoreWriter(path, header()) as writer:
        assert writer.missing() == [0, 1]
        writer.leave_empty(1, "torn")
        writer.write([0], [image(4, 5, 0)])
    store = RegionStore(path)
    assert store.num_boxes.tolist() == [4, 0, 3]
    assert store.without_regions == {"im é1": "torn"}
    assert not store.features([1]).any()
    np.testing.assert_array_equal(store.boxes[2, :3], image(3, 5, 2).boxes)
    assert [each.name for each in tmp_path.iterdir()] == ["r.h5"]


def test_bad_input_keeps_the_work_that_is_done(tmp_path: Path) -> None:
    def stopped_by_bad_input() -> None:
        with RegionStoreWriter(tmp_path / "r.h5", header()) as writer:
            writer.write([1], [image(4, 5, 0)])
            raise InputError("corrupt image")

    with pytest.raises(InputError, match="corrupt image"):
        stopped_by_bad_input()
    assert not (tmp_path / "r.h5").exists()
    with RegionStoreWriter(tmp_path / "r.h5", header()) as writer:
        assert writer.missing() == [0, 2]
        writer.write([0, 2], [image(4, 5, 1), image(3, 5, 2)])


def test_copied_images_are_the_same(tmp_path: Path) -> None:
    images = [image(4, 5, 0), image(0, 5, 1), image(3, 5, 2)]
    write(tmp_path / "all.h5", header(), images)
    store = RegionStore(tmp_path / "all.h5")
    renamed = header(image_ids=["a", "b", "c"])
    with RegionStoreWriter(tmp_path / "copy.h5", renamed) as writer:
        writer.copy(store, np.array([2]), np.array([0]))
        writer.copy(store, np.array([0, 1]), np.array([2, 1]))
    write(tmp_path / "wanted.h5", renamed, [images[2], images[1], images[0]])
    assert (tmp_path / "copy.h5").read_bytes() == (tmp_path / "wanted.h5").read_bytes()


def damage_nothing(path: Path) -> None:
    path.unlink()


def damage_tail(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def damage_kind(path: Path) -> None:
    path.write_bytes(b"not HDF5 at all")


def damage_dataset(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["boxes"]


def damage_shape(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["scores"]
        file["scores"] = np.zeros((3, 9))


def damage_attribute(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["signature"] = "{"


def damage_to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def damage_storage(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        features = file["features"][:]
        del file["features"]
        file.create_dataset("features", data=features, chunks=(1, 4, 5))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_nothing, "no such file"),
        (damage_to_folder, "is a folder; name a file"),
        (damage_tail, r"not a valid region store .*; is it the file that you meant"),
        (damage_kind, "not a valid region store"),
        (damage_dataset, "no dataset 'boxes'"),
        (damage_shape, r"scores is \(3, 9\), expected \(3, 4\)"),
        (damage_attribute, "not JSON"),
        (damage_storage, "not contiguous"),
    ],
)
def test_a_damaged_store_is_named(tmp_path: Path, damage, said: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "r.h5"
    write(path, header(), [image(4, 5, seed) for seed in range(3)])
    damage(path)
    with pytest.raises(InputError, match=said) as caught:
        RegionStore(path)
    assert str(path) in str(caught.value)
    assert caught.value.cure


@pytest.mark.parametrize("count", [-1, 5, 1_178_880_137])
def test_numbers_of_regions_beyond_the_store_are_refused(tmp_path: Path, count: int) -> None:
    path = tmp_path / "r.h5"
    write(path, header(), [image(4, 5, seed) for seed in range(3)])
    with h5py.File(path, "r+") as file:
        file["num_boxes"][1] = count
    with pytest.raises(InputError, match="num_boxes are not 0 to 4"):
        export_tsv(RegionStore(path), tmp_path / "out.tsv")
    assert not (tmp_path / "out.tsv").exists()
