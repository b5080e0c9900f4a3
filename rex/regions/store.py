"""The region store: one HDF5 file that holds the regions of a split."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import h5py
import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.regions.hdf5 import RowReader, open_hdf5, own_dataset

Array = npt.NDArray[Any]
_Number = TypeVar("_Number", bound=np.generic)

COLUMNS: dict[str, tuple[tuple[str, ...], str]] = {
    "features": (("images", "regions", "width"), "float16"),
    "boxes": (("images", "regions", "4"), "float32"),
    "scores": (("images", "regions"), "float32"),
    "object_ids": (("images", "regions"), "int32"),
    "attribute_ids": (("images", "regions"), "int32"),
    "num_boxes": (("images",), "int32"),
    "image_sizes": (("images", "2"), "int32"),
}
"""Every numeric dataset: its dimensions by name, and its type."""

WITHOUT_REGIONS = "without_regions"
"""Attribute of a store in which images have no regions: image id to the reason, as JSON."""

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


def comparable_signature(signature: Mapping[str, Any]) -> dict[str, Any]:
    """Return a signature without the number of imported regions, which older stores name."""
    left_out = "regions" if "imported_from" in signature else None
    return {key: value for key, value in signature.items() if key != left_out}


def _column(name: str, _: type[_Number]) -> cached_property[npt.NDArray[_Number]]:
    """Return the property of a store that reads a dataset when it is first asked for."""

    def read(store: RegionStore) -> npt.NDArray[_Number]:
        with store.opened() as file:
            return file[name][:]

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
        texts = {"made_by": "{}", WITHOUT_REGIONS: "{}", **attributes}
        self.signature = comparable_signature(self._json(texts, "signature", dict))
        self.object_names: list[str] = self._json(texts, "object_names", list)
        self.attribute_names: list[str] = self._json(texts, "attribute_names", list)
        self.made_by: dict[str, Any] = self._json(texts, "made_by", dict)
        self.without_regions: dict[str, str] = self._json(texts, WITHOUT_REGIONS, dict)
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
            datasets = {name: own_dataset(file, name) for name in (*COLUMNS, "image_ids")}
        except ValueError as error:
            raise self._damaged(str(error)) from None
        if datasets["features"].ndim != 3:
            raise self._damaged("features are not [images, regions, width]")
        images, regions, width = datasets["features"].shape
        sizes = {"images": images, "regions": regions, "width": width, "4": 4, "2": 2}
        for name, (dimensions, _) in (*COLUMNS.items(), ("image_ids", (("images",), ""))):
            expected = tuple(sizes[part] for part in dimensions)
            if datasets[name].shape != expected:
                raise self._damaged(f"{name} is {datasets[name].shape}, expected {expected}")
            if (datasets[name].dtype.kind in "fiu") != (name in COLUMNS):
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
