"""bottom-up-attention-vqa's HDF5 features (UpDn, BAN), with 36 regions an image or 10 to 100."""

from __future__ import annotations

import io
import pickletools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from rex.errors import InputError, readable
from rex.regions.hdf5 import open_hdf5, own_dataset
from rex.regions.plain_pickle import read_pickle
from rex.regions.sources import Images, RegionSource, SourceLayout
from rex.regions.store import ImageRegions

_OPCODES = re.compile(
    r"PROTO|FRAME|STOP|MARK|EMPTY_DICT|DICT|SETITEMS?|INT|LONG1?|BININT[12]?|(SHORT_)?BINUNICODE|"
    r"UNICODE|(SHORT_)?BINSTRING|STRING|PUT|(LONG_)?BINPUT|MEMOIZE|GET|(LONG_)?BINGET"
)
"""What a pickle of a dictionary of numbers and texts consists of; none of it names a class."""

_TOLERANCE = 2e-3
"""By which the shares of `spatial_features` may differ from the boxes: rounding of sizes."""

Array = npt.NDArray[Any]


class UpDownHdf5(RegionSource):
    """Reads `NAME.hdf5` with `NAME_imgid2idx.pkl`, a dictionary from image id to row.

    Either all images have as many regions (`image_features` [N, n, D], `image_bb` [N, n, 4],
    `spatial_features` [N, n, 6]: x1, y1, x2, y2, width, height as shares of the image), or the
    regions of all images follow one another and `pos_boxes` [N, 2] says from where to where.
    """

    format = "updown-hdf5"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.index_path = path.with_name(f"{path.stem}_imgid2idx.pkl")
        index = _read_index(self.index_path)
        self._rows = sorted((row, image_id) for image_id, row in index.items())

    def layout(self) -> SourceLayout:
        """Look up the sizes of all arrays. Raises InputError when they do not fit one another."""
        if not self._rows:
            raise InputError("names no images", file=self.index_path, cure="is it the right file?")
        with self._open() as (features, boxes, spatial, ranges):
            shapes = (features.shape[:-1], boxes.shape, spatial.shape)
            if shapes != (shapes[0], (*shapes[0], 4), (*shapes[0], 6)):
                raise self._wrong(
                    f"features {features.shape}, boxes {boxes.shape} and spatial features "
                    f"{spatial.shape} do not fit"
                )
            if ranges is None:
                most, images = features.shape[1], len(features)
            else:
                lengths = ranges[:, 1].astype(np.int64) - ranges[:, 0]
                if len(ranges) and (lengths.min() < 0 or ranges.max() > len(features)):
                    raise self._wrong("pos_boxes refer to missing regions")
                most, images = int(lengths.max(initial=0)), len(ranges)
            if self._rows[0][0] < 0 or self._rows[-1][0] >= images:
                raise self._wrong(f"holds {images} images, its index names others")
            return SourceLayout([image_id for _, image_id in self._rows], most, features.shape[-1])

    def images(self, rows: Sequence[int]) -> Images:
        """Read the images of `rows`."""
        with self._open() as (features, boxes, spatial, ranges):
            for place in rows:
                row, image_id = self._rows[place]
                own: Any = row if ranges is None else slice(*ranges[row].tolist())
                try:
                    width, height = _image_size(boxes[own], spatial[own])
                except ValueError as error:
                    yield place, self.kept_others(error, place=f"image {image_id}")
                    continue
                yield place, ImageRegions.unnamed(features[own], boxes[own], width, height)

    @contextmanager
    def _open(self) -> Iterator[tuple[h5py.Dataset, h5py.Dataset, h5py.Dataset, Array | None]]:
        """Open the file: features, boxes, spatial features, and which regions are an image's."""
        with open_hdf5(self.path) as file:
            try:
                features, boxes, spatial = (
                    own_dataset(file, name)
                    for name in ("image_features", "image_bb", "spatial_features")
                )
                ranges = own_dataset(file, "pos_boxes")[:] if "pos_boxes" in file else None
                if features.ndim != (3 if ranges is None else 2) or (
                    ranges is not None and (ranges.ndim != 2 or ranges.shape[1] != 2)
                ):
                    raise ValueError(f"image_features are {features.shape}")
            except ValueError as error:
                raise self._wrong(str(error)) from None
            yield features, boxes, spatial, ranges

    def _wrong(self, problem: str) -> InputError:
        return InputError(
            f"not a file of bottom-up-attention-vqa ({problem})",
            file=self.path,
            cure="docs/regions.md lists the formats that are read",
        )


def _image_size(boxes: Array, spatial: Array) -> tuple[int, int]:
    """Return the size of which the boxes [n, 4] are the shares [n, 6]; raises ValueError."""
    if not len(boxes):
        raise ValueError("has no regions")
    right, low = int(boxes[:, 2].argmax()), int(boxes[:, 3].argmax())
    shares = spatial[right, 2], spatial[low, 3]
    if not min(shares) > 0:
        raise ValueError("spatial_features do not give the size of the image")
    width, height = (
        round(float(boxes[right, 2] / shares[0])),
        round(float(boxes[low, 3] / shares[1])),
    )
    expected = boxes / np.array([width, height, width, height], dtype=np.float32)
    if not (np.abs(expected - spatial[:, :4]) <= _TOLERANCE).all():
        raise ValueError("spatial_features do not match image_bb")
    return width, height


def _read_index(path: Path) -> dict[str, int]:
    """Read a pickled dictionary from image id to row; nothing in it is run."""
    with readable(path, missing="put it beside the .hdf5, if that is UpDn's"):
        content = path.read_bytes()
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if not _OPCODES.fullmatch(opcode.name):
                raise ValueError(f"it asks for {opcode.name}")
            if "PUT" in opcode.name and int(argument or 0) > len(content):
                raise ValueError("its memo index is out of range")
        index = read_pickle(io.BytesIO(content))
        if not isinstance(index, dict):
            raise TypeError(f"it holds a {type(index).__name__}")
        rows = {str(image_id): row for image_id, row in index.items()}
        if not all(type(row) is int for row in rows.values()):
            raise TypeError("it has rows that are not numbers")
        if len(set(rows.values())) != len(rows):
            raise ValueError("two images have the same row")
    except Exception as error:  # a file that is not a pickle can raise nearly anything
        raise InputError(
            f"not a plain dictionary from image to row ({error})",
            file=path,
            cure="is it the imgid2idx.pkl of these features?",
        ) from None
    return rows
