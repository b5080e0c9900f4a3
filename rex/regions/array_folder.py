"""Folders with one `.npz`, or one `.npy` of features beside one of boxes, for each image."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.regions.sources import SourceLayout
from rex.regions.store import ImageRegions

BOXES_SUFFIX = "_boxes.npy"

_NAMES = {
    "features": ("features", "x", "feat"),
    "boxes": ("boxes", "bbox", "bboxes"),
    "scores": ("scores", "objects_conf"),
    "object_ids": ("object_ids", "objects_id"),
    "attribute_ids": ("attribute_ids", "attrs_id"),
    "width": ("width", "image_w", "img_w"),
    "height": ("height", "image_h", "img_h"),
}
"""What an array is, and the names it goes by in `.npz` files."""

Array = npt.NDArray[Any]


class ArrayFolder:
    """Reads `<imageId>.npz`, or `<imageId>.npy` with `<imageId>_boxes.npy`.

    Features are [n, D] and boxes [n, 4] in pixels. Where the files do not tell an image's size, it
    is read from the image in the folder `images`.
    """

    format = "array-folder"

    def __init__(self, path: Path, images: Path | None) -> None:
        self.path, self._images = path, images
        self._files: list[Path] = []
        self._rejected: list[InputError] = []
        self._damaged: dict[Path, ValueError] = {}

    def layout(self) -> SourceLayout:
        """Read the shapes of all files; a second file of one image is rejected."""
        most = width = 0
        seen: set[str] = set()
        for file in sorted(self.path.iterdir()):
            if file.suffix not in (".npz", ".npy") or file.name.endswith(BOXES_SUFFIX):
                continue
            if file.stem in seen:
                self._rejected.append(_error(file, ValueError("its image has another file")))
                continue
            seen.add(file.stem)
            self._files.append(file)
            try:
                count, found = _features_of(_load(file)).shape
                if width not in (0, found):
                    raise ValueError(f"features are {found} wide, before they were {width}")
            except ValueError as error:
                self._damaged[file] = error
                continue
            most, width = max(most, count), found
        if not width:
            first = [_error(*each) for each in self._damaged.items()]
            raise (
                first[0]
                if first
                else InputError(
                    "holds no .npz or .npy files", file=self.path, cure="is it the right folder?"
                )
            )
        return SourceLayout([file.stem for file in self._files], most, width)

    def rejected(self) -> list[InputError]:
        """Return the files of images that have another, and why."""
        return self._rejected

    def images(self, rows: Sequence[int]) -> Iterator[tuple[int, ImageRegions | InputError]]:
        """Read the files of `rows`."""
        for row in rows:
            try:
                if self._files[row] in self._damaged:
                    raise self._damaged[self._files[row]]
                yield row, self._read(self._files[row])
            except ValueError as error:
                yield row, _error(self._files[row], error)
            except InputError as error:
                yield row, error

    def _read(self, file: Path) -> ImageRegions:
        arrays = dict(_load(file))
        if file.suffix == ".npy":
            arrays["boxes"] = _load(file.with_name(file.stem + BOXES_SUFFIX))["features"]
        features = _features_of(arrays)
        count = len(features)
        boxes = _first(arrays, "boxes")
        if boxes is None or boxes.shape != (count, 4):
            shape = "missing" if boxes is None else f"{list(boxes.shape)}"
            raise ValueError(f"boxes are {shape}, expected [{count}, 4]")
        width, height = self._size(file, arrays)
        return ImageRegions(
            features=features,
            boxes=boxes,
            scores=_column(arrays, "scores", count, 0.0),
            object_ids=_column(arrays, "object_ids", count, -1),
            attribute_ids=_column(arrays, "attribute_ids", count, -1),
            width=width,
            height=height,
        )

    def _size(self, file: Path, arrays: Mapping[str, Array]) -> tuple[int, int]:
        width, height = _first(arrays, "width"), _first(arrays, "height")
        if width is not None and height is not None:
            return int(width), int(height)
        if self._images is None:
            raise InputError(
                "does not tell the size of its image",
                file=file,
                cure="name the folder of the images: --images",
            )
        from rex.regions.images import image_size

        return image_size(self._images / f"{file.stem}.jpg")


def _load(file: Path) -> Mapping[str, Array]:
    """Return the arrays of a file; nothing in it is unpickled."""
    try:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"features": loaded}
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except FileNotFoundError:
        raise ValueError(f"{file.name} is missing") from None
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file.name} is not whole ({error})") from None


def _first(arrays: Mapping[str, Array], what: str) -> Array | None:
    return next((arrays[name] for name in _NAMES[what] if name in arrays), None)


def _features_of(arrays: Mapping[str, Array]) -> Array:
    features = _first(arrays, "features")
    if features is None or features.ndim != 2:
        shape = "missing" if features is None else f"{list(features.shape)}"
        raise ValueError(f"features are {shape}, expected [regions, width]")
    return features


def _column(arrays: Mapping[str, Array], what: str, count: int, default: float) -> Array:
    column = _first(arrays, what)
    if column is None:
        return np.full(count, default)
    if column.shape != (count,):
        raise ValueError(f"{what} are {list(column.shape)}, expected [{count}]")
    return column


def _error(file: Path, error: ValueError) -> InputError:
    return InputError(str(error), file=file, cure="the other images are kept; make this one again")
