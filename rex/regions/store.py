"""The region store: one HDF5 file that holds the regions of a split."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import h5py
import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.files import full_disk_told, put_in_place
from rex.locks import locked
from rex.regions.hdf5 import RowReader, open_hdf5, own_dataset, writable_map

Array = npt.NDArray[Any]
_Number = TypeVar("_Number", bound=np.generic)

_LISTS = ("object_names", "attribute_names")
_HEADER = {"signature", "origin", *_LISTS}
_COLUMNS: dict[str, tuple[tuple[str, ...], str]] = {
    "features": (("images", "regions", "width"), "float16"),
    "boxes": (("images", "regions", "4"), "float32"),
    "scores": (("images", "regions"), "float32"),
    "object_ids": (("images", "regions"), "int32"),
    "attribute_ids": (("images", "regions"), "int32"),
    "num_boxes": (("images",), "int32"),
    "image_sizes": (("images", "2"), "int32"),
}
"""Every numeric dataset: its dimensions by name, and its type."""

_UNWRITTEN = -1
"""`num_boxes` of an image whose regions are not in the (unfinished) store yet."""
_EMPTY = "without_regions"
"""Attribute of a store in which images have no regions: image id to the reason, as JSON."""

_BLOCK = 256
"""Images copied at a time."""
_MAKE_AGAIN = "is it the file that you meant? if so, make it again: rex regions extract or import"


@dataclass(frozen=True)
class ImageRegions:
    """The regions of one image, best first.

    `features` [n, D]; `boxes` [n, 4] absolute x1, y1, x2, y2 in pixels of the original image;
    `scores` [n] in 0 to 1; `object_ids`, `attribute_ids` [n], -1: none; sizes in pixels.
    """

    features: Array
    boxes: Array
    scores: Array
    object_ids: Array
    attribute_ids: Array
    width: int
    height: int

    @classmethod
    def unnamed(cls, features: Array, boxes: Array, width: int, height: int) -> Self:
        """Return regions without classes and scores."""
        count = len(boxes)
        none = np.full(count, -1, dtype=np.int32)
        scores = np.zeros(count, np.float32)
        return cls(features, boxes, scores, none, none.copy(), width, height)


@dataclass(frozen=True)
class StoreHeader:
    """What a store says of itself: its images in order, its sizes, and how the features were made.

    `signature` names all that features depend on (detector, sha256 of the weights, resize,
    selection): a model trained on one signature must not be fed another. `origin`, where there is
    one, tells sources apart that agree in all else: an unfinished store is not taken up by another.
    """

    image_ids: Sequence[str]
    regions: int
    feature_size: int
    signature: Mapping[str, Any]
    object_names: Sequence[str]
    attribute_names: Sequence[str]
    made_by: Mapping[str, Any]
    feature_type: str = "float16"
    origin: str = ""


class RegionStoreWriter:
    """Writes a region store image by image, in any order; a stopped job goes on where it was.

    Use as a context manager: until it is left without an error, the store is `.NAME.partial`. A
    later writer with the same header takes up what an interrupted one left, and one that waited for
    another to end, what that one wrote. InputError removes an unfinished file that holds nothing.
    """

    def __init__(self, path: str | os.PathLike[str], header: StoreHeader) -> None:
        self.path = Path(path)
        self.header, self._without_regions = header, dict[int, str]()
        self._partial = self.path.with_name(f".{self.path.name}.partial")
        with full_disk_told(self.path), ExitStack() as held:
            if held.enter_context(locked(self.path)) and self.path.exists():
                self.path.replace(self._partial)
            self._open()
            # written through memory maps: many times faster than HDF5's own small writes, and what
            # is in a map survives a kill
            self._columns = {
                name: writable_map(self._partial, self._file[name]) for name in _COLUMNS
            }
            self._held = held.pop_all()
        self._features_at = self._file["features"].id.get_offset()
        self._raw = os.open(self._partial, os.O_WRONLY)

    def missing(self) -> list[int]:
        """Return the rows that are still to be written, in order."""
        rows: list[int] = np.flatnonzero(self._columns["num_boxes"] == _UNWRITTEN).tolist()
        return [row for row in rows if row not in self._without_regions]

    def write(self, rows: Sequence[int], images: Sequence[ImageRegions]) -> None:
        """Store `images` in `rows`; after return they survive a kill of this process."""
        for row, image in zip(rows, images, strict=True):
            self._write_image(row, image)
            # last of all, because an image with a number of boxes counts as done
            self._columns["num_boxes"][row] = len(image.boxes)

    def leave_empty(self, row: int, reason: str) -> None:
        """Let the image of `row` have no regions in the finished store, which says why.

        A writer that takes up an interrupted one tries it again.
        """
        self._without_regions[row] = reason

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        with full_disk_told(self.path), self._held:
            self._finish(kind, error)

    def _finish(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        unwritten = len(self.missing())
        is_empty = bool((self._columns["num_boxes"] == _UNWRITTEN).all())
        if kind is None and not unwritten and self._without_regions:
            self._columns["num_boxes"][list(self._without_regions)] = 0
            reasons = sorted(self._without_regions.items())
            self._file.attrs[_EMPTY] = json.dumps(
                {self.header.image_ids[row]: reason for row, reason in reasons}
            )
        del self._columns
        os.close(self._raw)
        self._file.close()
        if kind is None:
            if unwritten:
                raise RuntimeError(f"{self._partial}: {unwritten} images were not written")
            put_in_place(self._partial, self.path)
        elif isinstance(error, InputError) and is_empty:
            self._partial.unlink()

    def copy(self, store: RegionStore, rows: Array, into: Array) -> None:
        """Copy the images `rows` [n] of another store to the rows `into` [n], in flat memory."""
        for start in range(0, len(rows), _BLOCK):
            block, there = rows[start : start + _BLOCK], into[start : start + _BLOCK]
            for name in _COLUMNS.keys() - {"num_boxes"}:
                column = getattr(store, name)
                values = column(block) if name == "features" else column[block]
                self._columns[name][there, : values.shape[1]] = values
            self._columns["num_boxes"][there] = store.num_boxes[block]

    def _open(self) -> None:
        if self._partial.exists():
            try:
                self._file = h5py.File(self._partial, "r+")
                if _header_of(self._file) == _comparable(self.header):
                    return
                self._file.close()
            except OSError:  # killed before its layout was on the disk
                self._partial.unlink()
        self._file = h5py.File(self._partial, "w")
        self._lay_out()

    def _lay_out(self) -> None:
        header, file = self.header, self._file
        sizes = {"images": len(header.image_ids), "regions": header.regions}
        sizes |= {"width": header.feature_size, "4": 4, "2": 2}
        # allocated at once, so that later writes change no layout and a kill cannot damage it
        early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        early.set_obj_track_times(False)  # the same regions give the same bytes
        for name, (dimensions, kind) in _COLUMNS.items():
            space = h5py.h5s.create_simple(tuple(sizes[part] for part in dimensions))
            dtype = np.dtype(header.feature_type if name == "features" else kind)
            h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(dtype), space, early.copy())
        file["num_boxes"][...] = _UNWRITTEN
        file.create_dataset(
            "image_ids", data=list(header.image_ids), dtype=h5py.string_dtype("utf-8")
        )
        for name, value in _comparable(header)["attributes"].items():
            file.attrs[name] = value
        file.attrs["made_by"] = json.dumps(header.made_by)
        file.flush()

    def _write_image(self, row: int, image: ImageRegions) -> None:
        count = len(image.boxes)
        if count > self.header.regions or image.features.shape != (count, self.header.feature_size):
            raise ValueError(
                f"features {image.features.shape} for {count} boxes do not fit a store of "
                f"{self.header.regions} regions of width {self.header.feature_size}"
            )
        features = self._columns["features"]
        # written, not mapped: touching a page of a map for the first time costs as much again
        os.pwrite(
            self._raw,
            np.ascontiguousarray(image.features, dtype=features.dtype).data,
            self._features_at + row * features.strides[0],
        )
        for name in ("boxes", "scores", "object_ids", "attribute_ids"):
            self._columns[name][row, :count] = getattr(image, name)
        self._columns["image_sizes"][row] = image.width, image.height


def comparable_signature(signature: Mapping[str, Any]) -> dict[str, Any]:
    """Return a signature without the number of imported regions, which older stores name."""
    left_out = "regions" if "imported_from" in signature else None
    return {key: value for key, value in signature.items() if key != left_out}


def _column(name: str, _: type[_Number]) -> cached_property[npt.NDArray[_Number]]:
    """Return the property of a store that reads a dataset when it is first asked for."""

    def read(store: RegionStore) -> npt.NDArray[_Number]:
        with store.opened() as file:
            column: npt.NDArray[_Number] = file[name][:]
            return column

    return cached_property(read)


class RegionStore:
    """Reads a region store; cheap to make, and picklable: each worker process opens it again.

    Raises InputError when the file is missing, damaged, or not a region store.
    """

    regions: int
    """Regions an image has room for (R)."""
    feature_size: int
    """Width of a feature vector (D)."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with self.opened() as file:
            self._images, self.regions, self.feature_size = self._check_layout(file)
            attributes = dict(file.attrs)
            features = file["features"]
            self.feature_type: str = features.dtype.name
            contiguous = not features.size or features.id.get_offset() is not None
        texts = {"made_by": "{}", _EMPTY: "{}", **attributes}
        self.signature = comparable_signature(self._json(texts, "signature", dict))
        self.object_names: list[str] = self._json(texts, "object_names", list)
        self.attribute_names: list[str] = self._json(texts, "attribute_names", list)
        self.made_by: dict[str, Any] = self._json(texts, "made_by", dict)
        self.without_regions: dict[str, str] = self._json(texts, _EMPTY, dict)
        """Images that could not be read, and why; their rows are empty."""
        if not contiguous:
            raise self._damaged("features are not contiguous")

    @cached_property
    def class_names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names of all classes of objects, and of all attributes."""
        return frozenset(self.object_names), frozenset(self.attribute_names)

    def __reduce__(self) -> tuple[type[RegionStore], tuple[Path]]:
        return type(self), (self.path,)

    def __len__(self) -> int:
        return self._images

    @cached_property
    def image_ids(self) -> list[str]:
        """The images, in the order of the rows."""
        with self.opened() as file:
            return [image_id.decode() for image_id in file["image_ids"][:]]

    @cached_property
    def index(self) -> dict[str, int]:
        """Image id to row."""
        return {image_id: row for row, image_id in enumerate(self.image_ids)}

    boxes = _column("boxes", np.float32)
    """[N, R, 4] x1, y1, x2, y2 in pixels of the original image."""
    scores = _column("scores", np.float32)
    """[N, R] confidence of the object class, 0 to 1."""
    object_ids = _column("object_ids", np.int32)
    """[N, R] index into `object_names`, -1: none."""
    attribute_ids = _column("attribute_ids", np.int32)
    """[N, R] index into `attribute_names`, -1: none."""
    counts = _column("num_boxes", np.int32)
    """[N] as the file says it, however wrong; use `num_boxes`."""
    image_sizes = _column("image_sizes", np.int32)
    """[N, 2] width and height of the original image, in pixels."""

    @cached_property
    def num_boxes(self) -> npt.NDArray[np.int32]:
        """[N] regions that an image has, 0 to R (else InputError); the rows past it are zero."""
        counts = self.counts
        if counts.size and not 0 <= counts.min() <= counts.max() <= self.regions:
            raise self._damaged(f"num_boxes are not 0 to {self.regions}")
        return counts

    def rows(self, image_ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the rows [B] of images; raises InputError naming the first that is not here."""
        try:
            return np.array([self.index[image_id] for image_id in image_ids], dtype=np.int64)
        except KeyError as error:
            raise InputError(
                f"has no regions of image {error}",
                file=self.path,
                cure="extract them: rex regions extract --questions with all questions you use",
            ) from None

    def features(self, rows: Array | Sequence[int]) -> Array:
        """Return [B, R, D] features of `rows` (any order, repeats allowed), a fresh array."""
        try:
            return self._features.read(np.asarray(rows, dtype=np.int64))
        except EOFError as error:
            raise self._damaged(str(error)) from None

    @cached_property
    def _features(self) -> RowReader:
        with self.opened() as file:
            return RowReader(self.path, file["features"])

    def opened(self) -> AbstractContextManager[h5py.File]:
        """Return the file, opened for reading; raises InputError."""
        made = "make it with rex regions extract"
        return open_hdf5(self.path, kind="region store", missing=made, damaged=_MAKE_AGAIN)

    def _check_layout(self, file: h5py.File) -> tuple[int, int, int]:
        try:
            datasets = {name: own_dataset(file, name) for name in (*_COLUMNS, "image_ids")}
        except ValueError as error:
            raise self._damaged(str(error)) from None
        if datasets["features"].ndim != 3:
            raise self._damaged("features are not [images, regions, width]")
        images, regions, width = datasets["features"].shape
        sizes = {"images": images, "regions": regions, "width": width, "4": 4, "2": 2}
        for name, (dimensions, _) in (*_COLUMNS.items(), ("image_ids", (("images",), ""))):
            expected = tuple(sizes[part] for part in dimensions)
            if datasets[name].shape != expected:
                raise self._damaged(f"{name} is {datasets[name].shape}, expected {expected}")
            if (datasets[name].dtype.kind in "fiu") != (name in _COLUMNS):
                raise self._damaged(f"{name} is of type {datasets[name].dtype}")
        return images, regions, width

    def _json(
        self, texts: Mapping[str, Any], name: str, kind: type[dict[str, Any]] | type[list[str]]
    ) -> Any:
        """Return an attribute that is JSON of this kind; all its entries, or names, are texts."""
        try:
            value = json.loads(texts[name])
        except (KeyError, TypeError, ValueError, RecursionError):
            raise self._damaged(f"attribute {name} is missing or not JSON") from None
        if type(value) is not kind or not all(type(entry) is str for entry in value):
            raise self._damaged(f"attribute {name} holds {str(value)[:40]}")
        return value

    def _damaged(self, problem: str) -> InputError:
        return InputError(f"not a valid region store ({problem})", file=self.path, cure=_MAKE_AGAIN)


def _comparable(header: StoreHeader) -> dict[str, Any]:
    """Return what must agree for an unfinished store to be taken up again."""
    return {
        "image_ids": list(header.image_ids),
        "shape": (len(header.image_ids), header.regions, header.feature_size),
        "type": np.dtype(header.feature_type),
        "attributes": {
            "signature": json.dumps(header.signature, sort_keys=True),
            **{name: json.dumps(list(getattr(header, name))) for name in _LISTS},
            **({"origin": header.origin} if header.origin else {}),
        },
    }


def _header_of(file: h5py.File) -> dict[str, Any]:
    """Return the same of an unfinished store on the disk."""
    try:
        return {
            "image_ids": [image_id.decode() for image_id in file["image_ids"][:]],
            "shape": file["features"].shape,
            "type": file["features"].dtype,
            "attributes": {name: file.attrs[name] for name in _HEADER & file.attrs.keys()},
        }
    except KeyError:  # killed before its layout was whole
        return {}
