"""VinVL's (Oscar's) features: a table of 2,048 numbers and 6 of the box for each region."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.lxmert_tsv import LxmertTsv, decoded, encoded_width, table_lines
from rex.regions.sources import SourceLayout
from rex.regions.store import ImageRegions

_BOX = 6
"""Numbers at a feature's end: x1, y1, x2, y2, width, height as shares of the image."""
_TOLERANCE = 2e-3


class _Encoded(msgspec.Struct):
    num_boxes: int
    features: str


class _Object(msgspec.Struct):
    named: str = msgspec.field(default="", name="class")
    conf: float = 0.0


class _Prediction(msgspec.Struct):
    image_w: int
    image_h: int
    objects: list[_Object] = []


class VinVl(LxmertTsv):
    """Reads `features.tsv`: image id and `{num_boxes, features}`, or image id, number, features.

    `features.lineidx` says whether it is whole; `predictions.tsv` gives sizes, classes and scores.
    Without it, sizes are read from the folder `images`, and classes are not known. Classes are
    numbered as in `classes`, if it has names, else in alphabetical order.
    """

    format = "vinvl-tsv"

    def layout(self) -> SourceLayout:
        """Measure all lines. Raises InputError where there are fewer than the index has."""
        index = self.path.with_suffix(".lineidx")
        predicted = self.path.with_name("predictions.tsv")
        lines = [sum(1 for _ in table_lines(path)) for path in (self.path, index) if path.exists()]
        if lines[0] != lines[-1]:
            problem = f"has {lines[0]} lines, {index.name} names {lines[-1]}"
            raise InputError(problem, file=self.path, cure="fetch both again")
        numbers: dict[str, int] = {}
        self._said: dict[str, tuple[int, int, npt.NDArray[np.int32], list[float]]] = {}
        for line in table_lines(predicted) if predicted.exists() else ():
            image_id, _, text = line.partition(b"\t")
            try:
                said = msgspec.json.decode(text, type=_Prediction)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                cure = "fetch it again, or leave it out and give --images"
                raise InputError(f"is not of VinVL ({error})", file=predicted, cure=cure) from None
            names = [numbers.setdefault(one.named, len(numbers)) for one in said.objects]
            found = np.array(names, np.int32), [one.conf for one in said.objects]
            self._said[image_id.decode(errors="replace")] = (said.image_w, said.image_h, *found)
        if not self.classes.object_names:  # in an order that does not depend on the images
            self.classes = ClassLists(tuple(sorted(numbers)), ())
        known = {name: number for number, name in enumerate(self.classes.object_names)}
        self._ids = np.array([known.get(name, -1) for name in numbers], np.int32)
        return super().layout()

    def identify(self, content: bytes) -> str:
        """Return a line's image."""
        image_id = content.partition(b"\t")[0].decode()
        if not image_id or "\0" in image_id:
            raise ValueError("has no image id")
        return image_id

    def measure(self, content: bytes) -> tuple[int, int]:
        """Return a line's number of boxes and width of features, without the box."""
        count, features = _read(content)
        width = encoded_width(features, count, self.kind)
        if width <= _BOX:
            raise ValueError(f"features are {width} wide, expected {_BOX} and more")
        return count, width - _BOX

    def decode(self, content: bytes) -> ImageRegions:
        """Decode a line."""
        image_id, (count, encoded) = self.identify(content), _read(content)
        numbers: Any = decoded("features", encoded, self.kind).reshape(count, -1)
        shares = numbers[:, -_BOX:].astype(np.float32)
        wrong = np.abs(shares[:, 2:4] - shares[:, :2] - shares[:, 4:]) > _TOLERANCE
        if wrong.any() or not shares.max() <= 1.01:
            seen = ", ".join(f"{number:.4g}" for number in shares[0])
            raise ValueError(
                f"the last 6 of {numbers.shape[1]} numbers are {seen}: not x1, y1, x2, y2, width, "
                f"height as shares, read as {self.kind.name} (--encoding says what they are)"
            )
        known = self._said.get(image_id)
        width, height = known[:2] if known else self.size_of(image_id, self.path)
        boxes = shares[:, :4] * np.array([width, height] * 2, dtype=np.float32)
        image = ImageRegions.unnamed(numbers[:, :-_BOX], boxes, width, height)
        if known and len(known[2]) == count:
            image.object_ids[:], image.scores[:] = self._ids[known[2]], known[3]
        return image


def _read(line: bytes) -> tuple[int, bytes]:
    """Return a line's number of boxes, and the base64 text of their features."""
    parts = line.rstrip(b"\r\n").split(b"\t")
    try:
        if len(parts) == 2:
            value = msgspec.json.decode(parts[1], type=_Encoded)
            return value.num_boxes, value.features.encode()
        if len(parts) == 3:
            return int(parts[1]), parts[2]
    except msgspec.DecodeError as error:
        raise ValueError(f"is not of VinVL ({error})") from None
    raise ValueError(f"has {len(parts)} columns, expected 2 or 3")
