"""A reader of pieces leaves out what it cannot read, and says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rex.errors import InputError
from rex.regions.sources import PieceSource
from rex.regions.store import ImageRegions


class JsonLines(PieceSource[Any]):
    """Reads lines without a check of their keys and types."""

    format = "json-lines"

    def pieces(self) -> Iterator[tuple[str, Any]]:
        for number, line in enumerate(self.path.read_text().splitlines(), start=1):
            yield f"line {number}", json.loads(line)

    def identify(self, content: Any) -> str:
        return str(content["image"])

    def measure(self, content: Any) -> tuple[int, int]:
        return len(content["features"]), len(content["features"][0])

    def decode(self, content: Any) -> ImageRegions:
        features, boxes = (np.asarray(content[name], "<f4") for name in ("features", "boxes"))
        return ImageRegions.unnamed(features, boxes, content["width"], 10)


WHOLE = {"image": "a", "features": [[1.0, 2.0]], "boxes": [[0, 0, 5, 5]], "width": 20}


def _source(folder: Path, *lines: Any) -> JsonLines:
    path = folder / "regions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return JsonLines(path)


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in WHOLE.items() if name != key} | (
        {} if key == "image" else {"image": "b"}
    )


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (_without("image"), "lacks 'image'"),
        (_without("features"), "lacks 'features'"),
        (_without("boxes"), "lacks 'boxes'"),
        (WHOLE | {"image": "b", "features": []}, "list index out of range"),
        (WHOLE | {"image": "b", "features": 3}, "object of type 'int' has no len()"),
        (WHOLE | {"image": "b", "features": [["x", "y"]]}, "could not convert string"),
        (["b"], "list indices must be integers"),
    ],
)
def test_a_damaged_piece_is_named_and_the_rest_kept(
    tmp_path: Path, damaged: Any, said: str
) -> None:
    source = _source(tmp_path, WHOLE, damaged)
    ids = source.layout().image_ids
    read = [found for _, found in source.images(range(len(ids)))]
    (problem,) = [*source.rejected, *(one for one in read if isinstance(one, InputError))]
    assert str(problem).startswith(f"{source.path}: line 2: {said}")
    assert len([one for one in read if isinstance(one, ImageRegions)]) == 1


def test_a_source_without_a_piece_that_can_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 1: lacks 'features'"):
        _source(tmp_path, _without("features")).layout()
