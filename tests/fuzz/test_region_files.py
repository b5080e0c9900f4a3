"""Readers of regions: stores, tables, archives, arrays, and the HDF5 files of others."""

from __future__ import annotations

import base64
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import strategies as st

from rex.regions.importing import import_features
from rex.regions.inspection import check_finite, information, verify
from rex.regions.lxmert_tsv import export_tsv
from rex.regions.merging import merge
from rex.regions.store import RegionStore
from rex.training.dataset import feature_statistics

from .fuzzing import OLD, damaged, replaced

Fuzz = Callable[..., None]
STORE = (OLD / "train.h5").read_bytes()


def _read_store(path: Path) -> None:
    store = RegionStore(path)
    information(store)
    verify(store, ["train0"])
    check_finite(store, store.image_ids[:3])
    merge([path, path.with_name("none.h5")], path.with_name("merged.h5"))


def _use_store(path: Path) -> None:
    store = RegionStore(path)
    feature_statistics(store)
    export_tsv(store, path.with_name("out.tsv"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A store whose image no other has."""
    with h5py.File(OLD / "train.h5") as whole, h5py.File(tmp_path / "none.h5", "w") as file:
        for name, dataset in whole.items():
            file.create_dataset(name, data=dataset[:1], dtype=dataset.dtype)
        file["image_ids"][0] = "other"
        file.attrs.update(whole.attrs)
    return tmp_path


@pytest.mark.parametrize("read", [_read_store, _use_store])
def test_damaged_stores(read: Callable[[Path], None], fuzz: Fuzz, empty: Path) -> None:
    path = empty / "store.h5"

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        read(path)

    fuzz(damaged(STORE), write_and_read)


_KINDS = st.sampled_from(["f2", "f4", "f8", "i4", "i8", "u1", "S5", "c8", "bool"])
_SHAPES = st.lists(st.sampled_from([0, 1, 4, 5, 8, 1 << 20, 1 << 40]), max_size=4).map(tuple)
_ATTRIBUTES = st.sampled_from(
    [None, "", "[]", "{}", "null", "3", '["a", 1]', '{"a": NaN}', b"\xff", 7, "[" * 5000]
)


def _declared(file: h5py.File, name: str, shape: tuple[int, ...], kind: str, how: str) -> None:
    """Declare a dataset of any size; nothing of it is written."""
    if how == "external link":
        file[name] = h5py.ExternalLink("/etc/passwd", "/x")
    elif how == "soft link":
        file[name] = h5py.SoftLink(f"/{name}")
    elif how == "external":
        file.create_dataset(name, shape, kind, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])
    elif how == "group":
        file.create_group(name)
    elif how == "compressed" and shape and all(shape):
        chunks = tuple(min(side, 64) for side in shape)
        file.create_dataset(name, shape, kind, chunks=chunks, compression="gzip")
    elif how == "null":
        file.create_dataset(name, data=h5py.Empty(kind))
    else:
        file.create_dataset(name, shape, kind)


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["features", "boxes", "scores", "object_ids", "num_boxes", "image_ids"]),
        _SHAPES,
        _KINDS,
        st.sampled_from(
            ["plain", "compressed", "external link", "soft link", "external", "group", "null"]
        ),
    ),
    max_size=3,
)


@pytest.mark.parametrize("read", [_read_store, _use_store])
def test_declared_stores(read: Callable[[Path], None], fuzz: Fuzz, empty: Path) -> None:
    path = empty / "store.h5"

    def write_and_read(changes: tuple[Any, str, Any]) -> None:
        path.write_bytes(STORE)
        with h5py.File(path, "r+") as file:
            for name, shape, kind, how in changes[0]:
                del file[name]
                try:
                    _declared(file, name, shape, kind, how)
                except (ValueError, TypeError, OSError):
                    return  # HDF5 itself writes no such thing
            file.attrs[changes[1]] = b"" if changes[2] is None else changes[2]
        read(path)

    names = st.sampled_from(["signature", "object_names", "made_by", "without_regions"])
    fuzz(st.tuples(_CHANGES, names, _ATTRIBUTES), write_and_read)


def _table() -> bytes:
    out = io.BytesIO()
    boxes = np.array([[0, 0, 5, 5], [1, 1, 9, 9]], "<f4")
    for image in ("1", "2", "3"):
        fields = [image, "20", "10", "2", *[base64.b64encode(boxes.tobytes()).decode()] * 2]
        out.write("\t".join(fields).encode() + b"\n")
    return out.getvalue()


TABLE = _table()


def _bring(path: Path) -> None:
    out = path.parent / "brought" / "out.h5"
    for old in out.parent.glob("*") if out.parent.exists() else ():
        old.unlink()
    import_features(path, out, images=path.parent)


def test_tables(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "regions.tsv"

    def write_and_read(content: bytes) -> None:
        path.write_bytes(content)
        _bring(path)

    lines = st.sampled_from([b"1\t-3\t10\t99999999999\tAA==\tAA==\n", b"\x00\t\t\n", b"\xff" * 9])
    fuzz(damaged(TABLE) | lines.flatmap(lambda line: damaged(TABLE + line)), write_and_read)


def test_vinvl(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "features.tsv"
    numbers = np.array([[3, 1, 0, 0, 0.5, 0.5, 0.5, 0.5]], "<f4")
    value = {"num_boxes": 1, "features": base64.b64encode(numbers.tobytes()).decode()}
    said = {"image_w": 20, "image_h": 10, "objects": [{"class": "man", "conf": 0.5}]}

    def write_and_read(given: tuple[bytes, bytes]) -> None:
        path.write_bytes(given[0])
        path.with_name("predictions.tsv").write_bytes(given[1])
        _bring(path)

    whole, beside = (b"7\t" + json.dumps(one).encode() + b"\n" for one in (value, said))
    files = st.tuples(damaged(whole), st.just(beside))
    fuzz(files | st.tuples(st.just(whole), damaged(beside)), write_and_read)


_NAMES = st.sampled_from(
    ["a.tsv", "../../a.tsv", "/etc/a.tsv", "b.tsv", "a.txt", "con\x00.tsv", "é.tsv", ""]
)


def test_archives(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "regions.zip"

    def write_and_read(given: tuple[list[tuple[str, bytes]], int, int]) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in given[0]:
                archive.writestr(name or "x", content)
        damage = bytearray(path.read_bytes())
        if given[1] >= 0:
            damage[given[1] % len(damage)] = given[2]
        path.write_bytes(damage)
        _bring(path)
        assert not (tmp_path.parent / "a.tsv").exists()

    # a table of zeros a thousand times as large as the archive
    contents = damaged(TABLE) | st.sampled_from([TABLE, b"\0" * (1 << 24)])
    entries = st.lists(st.tuples(_NAMES, contents), max_size=2)
    fuzz(st.tuples(entries, st.integers(-200, 400), st.integers(0, 255)), write_and_read)


def _arrays() -> bytes:
    out = io.BytesIO()
    features = np.ones((2, 4), np.float32)
    np.savez(out, x=features, bbox=features * 5, image_w=20, image_h=10)
    return out.getvalue()


def _header(shape: str, kind: str, length: int) -> bytes:
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return (
        b"\x93NUMPY\x01\x00" + (len(text) + 1).to_bytes(2, "little") + text + b"\n" + b"0" * length
    )


def test_arrays(fuzz: Fuzz, tmp_path: Path) -> None:
    folder = tmp_path / "arrays"
    folder.mkdir()
    whole = io.BytesIO()
    np.save(whole, np.ones((2, 4), np.float32))

    def write_and_read(given: tuple[str, bytes]) -> None:
        for old in folder.iterdir():
            old.unlink()
        (folder / f"7{given[0]}").write_bytes(given[1])
        (folder / "7_boxes.npy").write_bytes(whole.getvalue())
        _bring(folder)

    shapes = st.sampled_from(["(2, 4)", "(2, 4000000000)", "(-1,)", "()", "(2,", "'x'", "[" * 200])
    kinds = st.sampled_from(["<f4", "|O", "<f8", "|S8", "V9", "what"])
    headers = st.builds(_header, shapes, kinds, st.integers(0, 40))
    single = st.tuples(st.just(".npy"), damaged(whole.getvalue()) | headers)
    fuzz(st.tuples(st.just(".npz"), damaged(_arrays())) | single, write_and_read)


INFO = {
    str(image): {"width": 20, "height": 10, "objectsNum": 2, "idx": image, "file": 0}
    for image in range(2)
}


def test_gqa_objects(fuzz: Fuzz, tmp_path: Path) -> None:
    info = tmp_path / "gqa_objects_info.json"
    with h5py.File(tmp_path / "gqa_objects_0.h5", "w") as file:
        file["features"] = np.ones((2, 3, 8), np.float32)
        file["bboxes"] = np.full((2, 3, 4), 5, np.float32)

    def write_and_read(given: Any) -> None:
        info.write_text(json.dumps(given))
        _bring(info)

    fuzz(replaced(INFO), write_and_read)


def test_updown(fuzz: Fuzz, tmp_path: Path) -> None:
    path = tmp_path / "train.hdf5"
    with h5py.File(path, "w") as file:
        boxes = np.array([[[0, 0, 5, 5], [1, 1, 20, 10]]], np.float32)
        file["image_features"] = np.ones((1, 2, 8), np.float32)
        file["image_bb"] = boxes
        shares = boxes / np.array([20, 10, 20, 10], np.float32)
        file["spatial_features"] = np.concatenate([shares, shares[..., :2]], axis=2)
    whole, index = path.read_bytes(), pickle.dumps({1: 0}, protocol=2)

    def write_and_read(given: tuple[bytes, bytes]) -> None:
        path.write_bytes(given[0])
        path.with_name("train_imgid2idx.pkl").write_bytes(given[1])
        _bring(path)

    indices = replaced({"1": 0}).map(lambda value: pickle.dumps(value, protocol=2))
    files = st.tuples(damaged(whole), st.just(index))
    fuzz(files | st.tuples(st.just(whole), damaged(index) | indices), write_and_read)
