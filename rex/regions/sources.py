"""Readers of regions that others extracted: what each gives, arrays in a folder, GQA's objects."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.files import read_json
from rex.regions.hdf5 import own_dataset
from rex.regions.images import ImageFolder, image_size
from rex.regions.store import ImageRegions

INFO_FILE = "gqa_objects_info.json"
"""Names the images of GQA's own object features."""

_READ_AT_ONCE = 64

BOXES_SUFFIX = "_boxes.npy"

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
"""What an array is, and the names it goes by in `.npz` files."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class SourceLayout:
    """What must be known before the first image is read: images, most regions, feature width."""

    image_ids: Sequence[str]
    regions: int
    feature_size: int


class RegionSource(Protocol):
    """A file or folder of regions in some format."""

    path: Path
    """The file or folder."""
    format: str
    """Names the format in the store's signature."""

    def layout(self) -> SourceLayout:
        """Look through the source without decoding it; raises InputError when it holds nothing."""

    def rejected(self) -> list[InputError]:
        """Return what the layout had to leave out: nobody knows which image it is of, or it is of
        one that is there already."""

    def images(self, rows: Sequence[int]) -> Iterator[tuple[int, ImageRegions | InputError]]:
        """Yield each of `rows` (places in the layout, ascending), or why it cannot be read."""


class ArrayFolder:
    """Reads `<imageId>.npz`, or `<imageId>.npy` with `<imageId>_boxes.npy`.

    Features are [n, D] or, as in MCAN's files, [D, n]; boxes [n, 4] in pixels. Where the files do
    not tell an image's size, it is read from the image in the folder `images`.
    """

    format = "array-folder"

    def __init__(self, path: Path, images: Path | None) -> None:
        self.path = path
        self._images = None if images is None else ImageFolder(images)
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
            image_id = _image_id(file)
            if image_id in seen:
                self._rejected.append(_file_error(file, ValueError("its image has another file")))
                continue
            seen.add(image_id)
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
            first = [_file_error(*each) for each in self._damaged.items()]
            raise (
                first[0]
                if first
                else InputError(
                    "holds no .npz or .npy files", file=self.path, cure="is it the right folder?"
                )
            )
        return SourceLayout(list(map(_image_id, self._files)), most, width)

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
                yield row, _file_error(self._files[row], error)
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
        return image_size(self._images.path(_image_id(file)))


def _load(file: Path) -> Mapping[str, Array]:
    """Return the arrays of a file; nothing in it is unpickled."""
    try:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"features": loaded}
        with loaded:
            known = {name for names in _NAMES.values() for name in names}
            # other arrays, such as `info`, may be pickled
            return {name: loaded[name] for name in loaded.files if name in known}
    except FileNotFoundError:
        raise ValueError(f"{file.name} is missing") from None
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file.name} is not whole ({error})") from None


def _image_id(file: Path) -> str:
    """Return the image of a file: `7.npz`, `7.jpg.npz`, `COCO_val2014_000000000007.jpg.npz`."""
    name = file.stem.removesuffix(".jpg")
    match = _COCO.fullmatch(name)
    return match[1] if match else name


def _first(arrays: Mapping[str, Array], what: str) -> Array | None:
    return next((arrays[name] for name in _NAMES[what] if name in arrays), None)


def _features_of(arrays: Mapping[str, Array]) -> Array:
    features, boxes = _first(arrays, "features"), _first(arrays, "boxes")
    if features is None or features.ndim != 2:
        shape = "missing" if features is None else f"{list(features.shape)}"
        raise ValueError(f"features are {shape}, expected [regions, width]")
    count, width = features.shape
    # MCAN's files hold [D, n]
    return (
        features.T
        if boxes is not None and boxes.ndim == 2 and count != len(boxes) == width
        else features
    )


def _column(arrays: Mapping[str, Array], what: str, count: int, default: float) -> Array:
    column = _first(arrays, what)
    if column is None:
        return np.full(count, default)
    if column.shape != (count,):
        raise ValueError(f"{what} are {list(column.shape)}, expected [{count}]")
    return column


def _file_error(file: Path, error: ValueError) -> InputError:
    return InputError(str(error), file=file, cure="the other images are kept; make this one again")


class GqaObjects:
    """Reads features [n, 100, 2048] and boxes [n, 100, 4] file by file, in the order of the files.

    `info` maps each image to its `width`, `height`, number of objects, `file` and place `idx`.
    """

    format = "gqa-objects"

    def __init__(self, info: Path) -> None:
        self.path = info
        entries = read_json(info)
        try:
            placed = sorted(
                (int(entry["file"]), int(entry["idx"]), image_id, entry)
                for image_id, entry in entries.items()
            )
            self._images = [(file, place, image_id) for file, place, image_id, _ in placed]
            self._sizes = [
                (int(entry["width"]), int(entry["height"]), int(entry["objectsNum"]))
                for *_, entry in placed
            ]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"an image lacks a number ({error})",
                file=info,
                cure="expected width, height, objectsNum, idx and file for each image",
            ) from None

    def layout(self) -> SourceLayout:
        """Return the images in the order of the files."""
        if not self._images:
            raise InputError("names no images", file=self.path, cure="is it the right file?")
        with self._open(self._images[0][0]) as datasets:
            width = datasets[0].shape[2]
        most = max(count for *_, count in self._sizes)
        return SourceLayout([image_id for *_, image_id in self._images], most, width)

    def rejected(self) -> list[InputError]:
        """Return nothing: the info file is all right, or an error."""
        return []

    def images(self, rows: Sequence[int]) -> Iterator[tuple[int, ImageRegions | InputError]]:
        """Read blocks of neighbouring images."""
        by_file: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_file[self._images[row][0]].append(row)
        for number, wanted in by_file.items():
            with self._open(number) as datasets:
                for start in range(0, len(wanted), _READ_AT_ONCE):
                    yield from self._block(datasets, wanted[start : start + _READ_AT_ONCE])

    def _block(
        self, datasets: tuple[h5py.Dataset, h5py.Dataset], rows: list[int]
    ) -> Iterator[tuple[int, ImageRegions | InputError]]:
        places = [self._images[row][1] for row in rows]
        held, slots, _ = datasets[0].shape
        usable = [place for place in places if place < held]
        features, boxes = (
            dict(zip(usable, dataset[usable] if usable else [], strict=True))
            for dataset in datasets
        )
        for row, place in zip(rows, places, strict=True):
            width, height, count = self._sizes[row]
            if place >= held or count > slots:
                yield row, self._out_of_range(row, held, slots)
                continue
            yield (
                row,
                ImageRegions.unnamed(features[place][:count], boxes[place][:count], width, height),
            )

    def _out_of_range(self, row: int, held: int, slots: int) -> InputError:
        return InputError(
            f"gqa_objects_{self._images[row][0]}.h5 holds {held} images of {slots} objects, "
            "none for this one",
            file=self.path,
            place=f"image {self._images[row][2]}",
            cure="fetch the files again",
        )

    @contextmanager
    def _open(self, number: int) -> Iterator[tuple[h5py.Dataset, h5py.Dataset]]:
        """Open the `number`-th file: features [n, 100, D] and boxes [n, 100, 4]."""
        path = self.path.with_name(f"gqa_objects_{number}.h5")
        try:
            file = h5py.File(path, "r")
        except FileNotFoundError:
            raise InputError(
                "no such file", file=path, cure=f"put it beside {self.path.name}"
            ) from None
        except OSError as error:
            raise InputError(
                f"not a whole HDF5 file ({error})", file=path, cure="fetch it again"
            ) from None
        with file:
            try:
                datasets = own_dataset(file, "features"), own_dataset(file, "bboxes")
                if any(dataset.ndim != 3 for dataset in datasets):
                    raise ValueError("not of three dimensions")
            except ValueError as error:
                raise InputError(
                    f"has no features and bboxes ({error})",
                    file=path,
                    cure="is it one of GQA's object files?",
                ) from None
            yield datasets
