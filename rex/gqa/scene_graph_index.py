"""Scene graphs by image, decoded when asked for: a file of any size in little memory."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from os import PathLike

import msgspec

from rex.errors import InputError
from rex.gqa.json_entries import iter_pieces
from rex.gqa.scene_graphs import SceneGraph

_KEY = re.compile(rb'\s*,?\s*"(?:[^"\\]|\\.)*"\s*:\s*', re.DOTALL)


class SceneGraphIndex:
    """Where each image's scene graph lies in a GQA file; the latest used are kept decoded.

    Raises InputError when the file is missing, truncated or not JSON, and, at the first use of a
    scene graph that is not in GQA's format, one that names the image and the field.
    """

    def __init__(self, path: str | PathLike[str], *, keep: int = 512) -> None:
        self.path = path
        self._places: dict[str, tuple[int, int]] = {}
        for start, piece, entries in iter_pieces(path, entry="image", cure=_CURE):
            position = 0
            for image_id, value in entries.items():
                key = _KEY.match(piece, position)
                assert key is not None
                length = len(memoryview(value))
                self._places[image_id] = (start + key.end(), length)
                position = key.end() + length
        self._kept: OrderedDict[str, SceneGraph] = OrderedDict()
        self._keep = keep
        self._decoder = msgspec.json.Decoder(SceneGraph)
        self._file = os.open(path, os.O_RDONLY)

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def get(self, image_id: str) -> SceneGraph | None:
        """Return an image's scene graph, None if the file has none."""
        graph = self._kept.get(image_id)
        if graph is not None:
            return graph
        place = self._places.get(image_id)
        if place is None:
            return None
        offset, length = place
        try:
            graph = self._decoder.decode(os.pread(self._file, length, offset))
        except msgspec.ValidationError as error:
            problem, _, field = str(error).partition(" - at `$")
            raise InputError(
                problem[:1].lower() + problem[1:],
                file=self.path,
                place=f"image {image_id}: field {field.rstrip('`').lstrip('.') or 'value'}",
                cure=_CURE,
            ) from None
        if graph.width <= 0 or graph.height <= 0:
            raise InputError(
                f"image size {graph.width:g}x{graph.height:g}",
                file=self.path,
                place=f"image {image_id}",
                cure="width and height are pixels, above 0",
            )
        self._kept[image_id] = graph
        if len(self._kept) > self._keep:
            self._kept.popitem(last=False)
        return graph


_CURE = "expected GQA's scene-graph format (docs/data.md)"
