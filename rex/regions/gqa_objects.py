"""GQA's own object features: `gqa_objects_{0..15}.h5` with `gqa_objects_info.json`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rex.errors import InputError
from rex.files import read_json
from rex.regions.sources import SourceLayout
from rex.regions.store import ImageRegions

INFO_FILE = "gqa_objects_info.json"

_READ_AT_ONCE = 64


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
        with self._open(self._images[0][0]) as file:
            width = file["features"].shape[2]
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
            with self._open(number) as file:
                for start in range(0, len(wanted), _READ_AT_ONCE):
                    yield from self._block(file, wanted[start : start + _READ_AT_ONCE])

    def _block(
        self, file: h5py.File, rows: list[int]
    ) -> Iterator[tuple[int, ImageRegions | InputError]]:
        places = [self._images[row][1] for row in rows]
        held, slots, _ = file["features"].shape
        usable = [place for place in places if place < held]
        features = dict(zip(usable, file["features"][usable] if usable else [], strict=True))
        boxes = dict(zip(usable, file["bboxes"][usable] if usable else [], strict=True))
        for row, place in zip(rows, places, strict=True):
            width, height, count = self._sizes[row]
            if place >= held or count > slots:
                yield row, self._out_of_range(row, file, held, slots)
                continue
            nothing = np.full(count, -1, dtype=np.int32)
            yield (
                row,
                ImageRegions(
                    features=features[place][:count],
                    boxes=boxes[place][:count],
                    scores=np.zeros(count, dtype=np.float32),
                    object_ids=nothing,
                    attribute_ids=nothing,
                    width=width,
                    height=height,
                ),
            )

    def _out_of_range(self, row: int, file: h5py.File, held: int, slots: int) -> InputError:
        return InputError(
            f"{file.filename} holds {held} images of {slots} objects, none for this one",
            file=self.path,
            place=f"image {self._images[row][2]}",
            cure="fetch the files again",
        )

    def _open(self, number: int) -> Any:
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
        if not {"features", "bboxes"} <= set(file):
            file.close()
            raise InputError(
                "has no features and bboxes", file=path, cure="is it one of GQA's object files?"
            )
        return file
