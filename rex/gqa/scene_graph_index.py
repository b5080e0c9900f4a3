"""Scene graphs by image, decoded when asked for: a file of any size in little memory."""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from os import PathLike

import msgspec

from rex.errors import InputError
from rex.gqa.json_entries import iter_pieces
from rex.gqa.scene_graphs import SceneGraph, SceneObject

_KEY = re.compile(rb'\s*,?\s*"(?:[^"\\]|\\.)*"\s*:\s*', re.DOTALL)


class SceneGraphIndex:
    """Where each image's scene graph lies in a GQA file; a few of those used last are kept.

    GQA mixes the questions of all images, so that even hundreds would seldom be asked for again,
    and decoding into memory that was just in use is faster. Objects are decoded one by one when
    they are asked for: a question needs few of an image's.
    Raises InputError when the file is missing, truncated or not JSON, and, where a part that is
    used is not in GQA's format, one that names the image and the field.
    """

    def __init__(self, path: str | PathLike[str], *, keep: int = 16) -> None:
        self.path = path
        self._places: dict[str, tuple[int, int]] = {}
        for start, piece, entries in iter_pieces(path, msgspec.Raw, entry="image", cure=_CURE):
            position = 0
            for image_id, value in entries.items():
                key = _KEY.match(piece, position)
                text = bytes(value)
                length = len(text)
                if key is None or not piece.startswith(text, key.end()):
                    raise InputError(
                        "an image stands twice in a row of entries",
                        file=path,
                        place=f"near image {image_id}",
                        cure="keep one scene graph of each image",
                    )
                self._places[image_id] = (start + key.end(), length)
                position = key.end() + length
        file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, file)
        # no method of its own: it would refer back to itself, and keep the file open
        self._decoded = lru_cache(maxsize=keep)(partial(_decode, path, file))

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def get(self, image_id: str) -> SceneGraph | None:
        """Return an image's scene graph, None if the file has none."""
        place = self._places.get(image_id)
        return None if place is None else self._decoded(image_id, *place)


class _Record(msgspec.Struct, frozen=True, gc=False):
    """A scene graph whose objects are still text."""

    width: float
    height: float
    objects: dict[str, msgspec.Raw]
    location: str | None = None
    weather: str | None = None


class _Objects(Mapping[str, SceneObject]):
    """An image's objects, each decoded at its first use."""

    __slots__ = ("_decoded", "_image_id", "_path", "_texts")

    def __init__(
        self, texts: dict[str, msgspec.Raw], path: str | PathLike[str], image_id: str
    ) -> None:
        self._texts = texts
        self._decoded: dict[str, SceneObject] = {}
        self._path = path
        self._image_id = image_id

    def __getitem__(self, object_id: str) -> SceneObject:
        thing = self._decoded.get(object_id)
        if thing is None:
            text = self._texts[object_id]
            try:
                thing = self._decoded[object_id] = _decode_object(text)
            except msgspec.ValidationError as error:
                field = f"objects[{object_id}]"
                raise _wrong(error, self._path, f"image {self._image_id}", field) from None
        return thing

    def __contains__(self, object_id: object) -> bool:
        return object_id in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


_decode_record = msgspec.json.Decoder(_Record).decode
_decode_object = msgspec.json.Decoder(SceneObject).decode
_CURE = "expected GQA's scene-graph format (docs/data.md)"


def _decode(
    path: str | PathLike[str], file: int, image_id: str, offset: int, length: int
) -> SceneGraph:
    try:
        record = _decode_record(os.pread(file, length, offset))
    except msgspec.ValidationError as error:
        raise _wrong(error, path, f"image {image_id}", "") from None
    if record.width <= 0 or record.height <= 0:
        raise InputError(
            f"image size {record.width:g}x{record.height:g}",
            file=path,
            place=f"image {image_id}",
            cure="width and height are pixels, above 0",
        )
    objects = _Objects(record.objects, path, image_id)
    return SceneGraph(record.width, record.height, objects, record.location, record.weather)


def _wrong(
    error: msgspec.ValidationError, path: str | PathLike[str], image: str, field: str
) -> InputError:
    problem, _, inner = str(error).partition(" - at `$")
    place = f"{image}: field {(field + inner.rstrip('`')).lstrip('.') or 'value'}"
    return InputError(problem[:1].lower() + problem[1:], file=path, place=place, cure=_CURE)
