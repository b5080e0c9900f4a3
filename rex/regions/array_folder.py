"""Folders with a file of arrays for each image: `.npz`, `.npy` and `.pth`, boxes or a grid."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.regions.conventions import cells
from rex.regions.plain_pickle import read_pickled_array
from rex.regions.sources import PieceSource
from rex.regions.store import ImageRegions

_BOXES, _INFO = "_boxes.npy", "_info.npy"
_COCO = re.compile(r"COCO_\w+?_0*([1-9]\d*)")

_NAMES = {
    "features": ("features", "x", "feat"),
    "boxes": ("boxes", "bbox", "bboxes"),
    "scores": ("scores", "objects_conf"),
    "object_ids": ("object_ids", "objects_id"),
    "attribute_ids": ("attribute_ids", "attrs_id"),
    "width": ("width", "image_w", "img_w"),
    "height": ("height", "image_h", "img_h"),
}
"""What an array is, and the names it goes by: the first that is there counts."""
_MEANINGS = [(name, what) for what, names in _NAMES.items() for name in reversed(names)]

Array = npt.NDArray[Any]


class ArrayFolder(PieceSource[Path]):
    """Reads `<imageId>.npz`, `<imageId>.pth`, or `<imageId>.npy` with boxes in a file beside it.

    Features are [n, D] or, as in MCAN's files, [D, n]; boxes [n, 4]. Features [rows, columns, D],
    [D, rows, columns] or, where `grid` says so, [n, D] without boxes are of the cells of a grid.
    Where the files do not tell an image's size, it is read from the image in the folder `images`.
    """

    format = "array-folder"

    def __init__(self, path: Path, images: Path | None, *, grid: bool = False) -> None:
        super().__init__(path, images)
        self._grid = grid

    def pieces(self) -> Iterator[tuple[str, Path]]:
        """Yield the files by name."""
        for file in sorted(self.path.iterdir()):
            is_beside = file.name.endswith((_BOXES, _INFO))
            if file.suffix in (".npz", ".npy", ".pth") and not is_beside:
                yield file.name, file

    def identify(self, content: Path) -> str:
        """Return the image of a file: `7.npz`, `7.jpg.npz`, `COCO_val2014_000000000007.jpg.npz`."""
        name = content.stem.removesuffix(".jpg")
        match = _COCO.fullmatch(name)
        return match[1] if match else name

    def measure(self, content: Path) -> tuple[int, int]:
        """Return the shape of a file's features."""
        count, width = _features_of(content, _load(content), self._grid)[0].shape
        return count, width

    def decode(self, content: Path) -> ImageRegions:
        """Read a file."""
        arrays = _load(content)
        features, grid = _features_of(content, arrays, self._grid)
        if grid is None and content.suffix == ".npy":
            arrays["boxes"] = _matrix(_boxes_beside(content))
        count = len(features)
        width, height = self._size(content, arrays)
        boxes = arrays.get("boxes") if grid is None else cells(*grid, width, height)
        if boxes is not None and boxes.shape == (count, 6):  # VinVL's: width and height follow
            boxes = boxes[:, :4]
        if boxes is None or boxes.shape != (count, 4):
            shape = "missing" if boxes is None else f"{list(boxes.shape)}"
            cure = "; if it is of a grid: --boxes grid" if boxes is None else ""
            raise ValueError(f"boxes are {shape}, expected [{count}, 4]{cure}")
        return ImageRegions(
            features=features,
            boxes=boxes,
            scores=_column(arrays, "scores", count, 0.0),
            object_ids=_column(arrays, "object_ids", count, -1),
            attribute_ids=_column(arrays, "attribute_ids", count, -1),
            width=width,
            height=height,
        )

    def problem(self, piece: str, error: Exception) -> InputError:
        """Return an error that names the file."""
        return self.kept_others(error, file=self.path / piece)

    def _size(self, file: Path, arrays: dict[str, Array]) -> tuple[int, int]:
        if "width" in arrays and "height" in arrays:
            return int(arrays["width"].item()), int(arrays["height"].item())
        return self.size_of(self.identify(file), file)


def _boxes_beside(features: Path) -> Array:
    """Return the boxes of `7.npy`: those of `7_boxes.npy`, or of MMF's `7_info.npy`."""
    info = features.with_name(features.stem + _INFO)
    if not info.exists():
        return _load(features.with_name(features.stem + _BOXES))["features"]
    try:
        # its sizes are not read: MMF's own script writes an image's height as its width
        return np.asarray(read_pickled_array(info)["bbox"], dtype=np.float32)
    except Exception as error:  # a damaged file can raise nearly anything
        raise ValueError(f"{info.name} is not MMF's, with boxes ({error})") from None


def _load(file: Path) -> dict[str, Array]:
    """Return the arrays of a file by what they are; nothing in it is unpickled."""
    try:
        if file.suffix == ".pth":
            import torch

            tensor = torch.load(file, weights_only=True, map_location="cpu")
            return {"features": tensor.numpy()}
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"features": loaded}
        with loaded:
            # other arrays, such as `info`, may be pickled
            arrays = {what: loaded[name] for name, what in _MEANINGS if name in loaded.files}
        return {**arrays, "boxes": _matrix(arrays["boxes"])} if "boxes" in arrays else arrays
    except FileNotFoundError:
        raise ValueError(f"{file.name} is missing") from None
    except Exception as error:  # a damaged file can raise nearly anything
        # what is no array, numpy takes for a pickle, and says how to read it
        said = "it holds no arrays" if "allow_pickle" in str(error) else error
        raise ValueError(f"{file.name} is not whole ({said})") from None


def _matrix(array: Array) -> Array:
    """Return an array of an image without the dimension of a batch of one."""
    while array.ndim > 2 and 1 in array.shape:
        array = array.squeeze(array.shape.index(1))
    return array


def _features_of(
    file: Path, arrays: dict[str, Array], is_grid: bool
) -> tuple[Array, tuple[int, int] | None]:
    """Return features [n, D] and, if they are of a grid, its rows and columns."""
    features, boxes = arrays.get("features"), arrays.get("boxes")
    if features is None:
        raise ValueError("features are missing, expected [regions, width]")
    beside = [file.with_name(file.stem + end) for end in (_BOXES, _INFO) if file.suffix == ".npy"]
    has_boxes = not is_grid and (boxes is not None or any(path.exists() for path in beside))
    if has_boxes:
        features = _matrix(features)
    elif features.ndim == 4 and len(features) == 1:
        features = features[0]
    if features.ndim == 3 and not has_boxes:
        if features.shape[0] > features.shape[2]:  # [D, rows, columns]
            features = features.transpose(1, 2, 0)
        rows, columns, width = features.shape
        return features.reshape(-1, width), (rows, columns)
    if features.ndim != 2:
        raise ValueError(f"features are {list(features.shape)}, expected [regions, width]")
    count, width = features.shape
    if is_grid:
        side = math.isqrt(count)
        if side * side != count:
            raise ValueError(f"{count} features are of no square grid")
        return features, (side, side)
    # MCAN's files hold [D, n]
    if boxes is not None and boxes.ndim == 2 and count != len(boxes) == width:
        return features.T, None
    return features, None


def _column(arrays: dict[str, Array], what: str, count: int, default: float) -> Array:
    column = arrays.get(what)
    if column is None:
        return np.full(count, default)
    if column.size != count:
        raise ValueError(f"{what} are {list(column.shape)}, expected [{count}]")
    return column.reshape(count)
