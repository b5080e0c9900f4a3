"""What a reader of regions that others extracted gives; GQA's objects."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import h5py
import numpy.typing as npt

from rex.errors import InputError
from rex.files import read_json
from rex.images import ImageFolder, image_size
from rex.regions.annotations import ClassLists
from rex.regions.hdf5 import open_hdf5, own_dataset
from rex.regions.store import ImageRegions

INFO_FILE = "gqa_objects_info.json"
"""Names the images of GQA's own object features."""

_UNREADABLE = (LookupError, TypeError, ValueError)
"""What a format's reader raises at a piece that is damaged: a missing key, a text for a number."""

Array = npt.NDArray[Any]
Content = TypeVar("Content")


@dataclass(frozen=True)
class SourceLayout:
    """What must be known before the first image is read: images, most regions, feature width."""

    image_ids: Sequence[str]
    regions: int
    feature_size: int


Images = Iterator[tuple[int, ImageRegions | InputError]]
"""Places in the layout, each with its regions, or why they cannot be read."""


class RegionSource(ABC):
    """A file or folder of regions in some format."""

    format: ClassVar[str]
    """Names the format in the store's signature."""
    classes = ClassLists((), ())
    """What its ids mean, once the layout is known; what was set before it counts."""

    def __init__(self, path: Path, images: Path | None = None) -> None:
        self.path, self._folder = path, None if images is None else ImageFolder(images)
        self.rejected: list[InputError] = []
        """What the layout had to leave out: nobody knows which image it is of, or it is of one
        that is there already."""

    @abstractmethod
    def layout(self) -> SourceLayout:
        """Look through the source without decoding it; raises InputError when it holds nothing."""

    @abstractmethod
    def images(self, rows: Sequence[int]) -> Images:
        """Yield each of `rows` (places in the layout, ascending), or why it cannot be read."""

    def size_of(self, image_id: str, file: Path) -> tuple[int, int]:
        """Return the width and height of an image that `file` does not tell. Raises InputError."""
        if self._folder is None:
            raise InputError(
                "does not contain the size of its image",
                file=file,
                cure="name the folder of the images: --images",
            )
        return image_size(self._folder.path(image_id))

    def kept_others(
        self, problem: object, *, file: Path | None = None, place: str | None = None
    ) -> InputError:
        """Return what to say of one image that cannot be read."""
        cure = "the other images are kept; make or fetch this one again"
        said = f"lacks {problem}" if type(problem) is KeyError else str(problem)
        return InputError(said, file=file or self.path, place=place, cure=cure)


class PieceSource(RegionSource, Generic[Content]):
    """A source with one piece, a line or a file, for each image; damaged ones are left out.

    Damaged are those at which `identify`, `measure` or `decode` raises a LookupError, TypeError or
    ValueError.
    """

    def __init__(self, path: Path, images: Path | None = None) -> None:
        super().__init__(path, images)
        self._rows: dict[str, int] = {}
        self._damaged: dict[str, Exception] = {}

    @abstractmethod
    def pieces(self) -> Iterator[tuple[str, Content]]:
        """Yield every piece, by a name (`line 3`), with its content."""

    @abstractmethod
    def identify(self, content: Content) -> str:
        """Return the id of the image."""

    @abstractmethod
    def measure(self, content: Content) -> tuple[int, int]:
        """Return the number of regions and the width of their features."""

    @abstractmethod
    def decode(self, content: Content) -> ImageRegions:
        """Return the regions; raises InputError where more than its piece is at fault."""

    def problem(self, piece: str, error: Exception) -> InputError:
        """Return an error that names the piece."""
        return self.kept_others(error, place=piece)

    def layout(self) -> SourceLayout:
        """Measure all pieces; those of an image that is not named, or was there, are rejected."""
        owners: dict[str, str] = {}
        most = width = 0
        for piece, content in self.pieces():
            try:
                image_id = self.identify(content)
                if image_id in owners:
                    raise ValueError(f"image {image_id!r} is already in {owners[image_id]}")
            except _UNREADABLE as error:
                self.rejected.append(self.problem(piece, error))
                continue
            self._rows[piece] = len(owners)
            owners[image_id] = piece
            try:
                count, found = self.measure(content)
                if width not in (0, found):
                    raise ValueError(f"features are {found} wide, before they were {width}")
            except _UNREADABLE as error:
                self._damaged[piece] = error
                continue
            most, width = max(most, count), found
        if not width:
            problems = [self.problem(*each) for each in self._damaged.items()] + self.rejected
            nothing = InputError("holds no regions", file=self.path, cure="check the path")
            raise (problems or [nothing])[0]
        return SourceLayout(list(owners), most, width)

    def images(self, rows: Sequence[int]) -> Images:
        """Decode the pieces of `rows`."""
        wanted = set(rows)
        for piece, content in self.pieces():
            row = self._rows.get(piece, -1)
            if row not in wanted:
                continue
            try:
                if piece in self._damaged:
                    raise self._damaged[piece]
                yield row, self.decode(content)
            except _UNREADABLE as error:
                yield row, self.problem(piece, error)
            except InputError as error:
                yield row, error


class _GqaImage(NamedTuple):
    file: int
    place: int
    image_id: str
    width: int
    height: int
    objects: int


class GqaObjects(RegionSource):
    """Reads features [n, 100, 2048] and boxes [n, 100, 4] file by file, in the order of the files.

    `info` maps each image to its `width`, `height`, number of objects, `file` and place `idx`.
    """

    format = "gqa-objects"

    def __init__(self, info: Path) -> None:
        super().__init__(info)
        try:
            self._images = sorted(
                _GqaImage(
                    int(entry["file"]),
                    int(entry["idx"]),
                    image_id,
                    int(entry["width"]),
                    int(entry["height"]),
                    int(entry["objectsNum"]),
                )
                for image_id, entry in read_json(info).items()
            )
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            lacks = f"the entry of an image lacks {error}" if type(error) is KeyError else ""
            raise InputError(
                lacks or "is not GQA's list of images",
                file=info,
                cure="expected width, height, objectsNum, idx and file for each image",
            ) from None

    def layout(self) -> SourceLayout:
        """Return the images in the order of the files."""
        if not self._images:
            raise InputError("names no images", file=self.path, cure="is it the right file?")
        with self._open(self._images[0].file) as (features, _):
            width = features.shape[2]
        most = max(image.objects for image in self._images)
        return SourceLayout([image.image_id for image in self._images], most, width)

    def images(self, rows: Sequence[int]) -> Images:
        """Read the images of `rows`."""
        for number, own in itertools.groupby(rows, lambda row: self._images[row].file):
            with self._open(number) as (features, boxes):
                held, slots, _ = features.shape
                for row in own:
                    _, place, image_id, width, height, count = self._images[row]
                    if place < held and count <= slots:
                        arrays = features[place, :count], boxes[place, :count]
                        yield row, ImageRegions.unnamed(*arrays, width, height)
                        continue
                    there = f"{held} images of {slots} objects, none for this one"
                    problem = f"gqa_objects_{number}.h5 holds {there}"
                    where, cure = f"image {image_id}", "fetch the files again"
                    yield row, InputError(problem, file=self.path, place=where, cure=cure)

    @contextmanager
    def _open(self, number: int) -> Iterator[tuple[h5py.Dataset, h5py.Dataset]]:
        """Open the `number`-th file: features [n, 100, D] and boxes [n, 100, 4]."""
        path = self.path.with_name(f"gqa_objects_{number}.h5")
        with open_hdf5(path, missing=f"put it beside {self.path.name}") as file:
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
