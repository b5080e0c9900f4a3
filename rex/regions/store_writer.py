"""Writing a region store: image by image, in any order, going on where a stopped job was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from rex.errors import InputError
from rex.files import full_disk_told, put_in_place
from rex.locks import locked
from rex.regions.hdf5 import writable_map
from rex.regions.store import COLUMNS, WITHOUT_REGIONS, Array, ImageRegions, RegionStore

_LISTS = ("object_names", "attribute_names")

_UNWRITTEN = -1
"""`num_boxes` of an image whose regions are not in the (unfinished) store yet."""

_BLOCK = 256
"""Images copied at a time."""


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
                name: writable_map(self._partial, self._file[name]) for name in COLUMNS
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
            self._file.attrs[WITHOUT_REGIONS] = json.dumps(
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
            for name in COLUMNS.keys() - {"num_boxes"}:
                column = getattr(store, name)
                values = column(block) if name == "features" else column[block]
                self._columns[name][there, : values.shape[1]] = values
            self._columns["num_boxes"][there] = store.num_boxes[block]

    def _open(self) -> None:
        if self._partial.exists():
            try:
                self._file = h5py.File(self._partial, "r+")
                if self._file.attrs.get("origin") == _digest(self.header):
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
        for name, (dimensions, kind) in COLUMNS.items():
            space = h5py.h5s.create_simple(tuple(sizes[part] for part in dimensions))
            dtype = np.dtype(header.feature_type if name == "features" else kind)
            h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(dtype), space, early.copy())
        file["num_boxes"][...] = _UNWRITTEN
        file.create_dataset(
            "image_ids", data=list(header.image_ids), dtype=h5py.string_dtype("utf-8")
        )
        file.attrs["signature"] = json.dumps(header.signature, sort_keys=True)
        for name in _LISTS:
            file.attrs[name] = json.dumps(list(getattr(header, name)))
        file.attrs["made_by"] = json.dumps(header.made_by)
        file.attrs["origin"] = _digest(header)  # last: without it, the layout is not whole
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


def _digest(header: StoreHeader) -> str:
    """Return what must agree for an unfinished store to be taken up again: all but `made_by`."""
    told = json.dumps({**vars(header), "made_by": None}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
