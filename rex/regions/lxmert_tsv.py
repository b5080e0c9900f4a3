"""LXMERT's (and the original bottom-up detector's) table of regions: one image a line, base64."""

from __future__ import annotations

import binascii
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.files import whole_file
from rex.logs import Progress
from rex.regions.sources import PieceSource
from rex.regions.store import ImageRegions, RegionStore

COLUMNS = (
    "img_id",
    "img_h",
    "img_w",
    "objects_id",
    "objects_conf",
    "attrs_id",
    "attrs_conf",
    "num_boxes",
    "boxes",
    "features",
)
"""LXMERT's columns."""
SHORT_COLUMNS = ("img_id", "img_w", "img_h", "num_boxes", "boxes", "features")
"""Those of the original detector, without classes."""

_NAME = re.compile(rb"[a-zA-Z][\w ]{0,40}")
"""Of a column; a first line of nothing else names them."""

_BUFFER = 1 << 22

Array = npt.NDArray[Any]


class LxmertTsv(PieceSource[bytes]):
    """Reads a `.tsv`, or the one in a `.zip`, line by line.

    `kind` is the type of the features' numbers, which a table does not tell.
    """

    format = "lxmert-tsv"

    def __init__(self, path: Path, images: Path | None = None, kind: str = "<f4") -> None:
        super().__init__(path, images)
        self.kind: np.dtype[Any] = np.dtype(kind)

    def identify(self, content: bytes) -> str:
        """Return a line's image."""
        image_id = _fields(content)[0]["img_id"]
        if b"\0" in image_id:
            raise ValueError("its image id holds NUL bytes")
        if not image_id:
            raise ValueError("has no image id")
        return image_id.decode()

    def measure(self, content: bytes) -> tuple[int, int]:
        """Return a line's number of boxes and width of features."""
        fields, features = _fields(content)
        count = int(fields["num_boxes"])
        return count, encoded_width(features, count, self.kind)

    def decode(self, content: bytes) -> ImageRegions:
        """Decode a line."""
        return _decode(*_fields(content), self.kind)

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """Yield number and text of every line that is not blank."""
        try:
            for number, line in enumerate(table_lines(self.path), start=1):
                if not (line.isspace() or (number == 1 and self._is_header(line))):
                    yield f"line {number}", line
        except InputError:
            raise
        except Exception as error:  # a damaged archive can raise nearly anything
            raise InputError(
                f"not whole ({error})", file=self.path, cure="fetch it again"
            ) from None

    def _is_header(self, line: bytes) -> bool:
        """Return whether a line names the columns. Raises InputError for those of another order."""
        fields = line.rstrip(b"\r\n").split(b"\t")
        if len(fields) < 2 or not all(map(_NAME.fullmatch, fields)):
            return False
        names = tuple(line.strip().decode().replace("image_", "img_").split("\t"))
        if names not in (COLUMNS, SHORT_COLUMNS):
            raise InputError(
                f"names columns {', '.join(names)}; expected {', '.join(COLUMNS)}",
                file=self.path,
                place="line 1",
                cure="reorder the columns, or remove the line if they are these",
            )
        return True


def table_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a table, or of the one in an archive, without unpacking it."""
    if path.suffix != ".zip":
        # lines of half a megabyte: Python's own buffer would be filled a hundred times for each
        with open(path, "rb", buffering=_BUFFER) as file:
            yield from file
        return
    with zipfile.ZipFile(path) as archive:
        tables = [name for name in archive.namelist() if name.endswith(".tsv")]
        if len(tables) != 1:
            raise InputError(
                f"holds {len(tables)} .tsv files",
                file=path,
                cure="name an archive with one, or the .tsv itself",
            )
        with archive.open(tables[0]) as member:
            yield from member


def _fields(line: bytes) -> tuple[dict[str, bytes], memoryview]:
    """Return the short columns by name, and the features, which are too long to be copied."""
    end = len(line)
    while end and line[end - 1] in b"\r\n":
        end -= 1
    last = line.rfind(b"\t", 0, end)
    head = line[: max(last, 0)].split(b"\t")
    for columns in (COLUMNS, SHORT_COLUMNS):
        if len(head) == len(columns) - 1:
            return dict(zip(columns, head, strict=False)), memoryview(line)[last + 1 : end]
    raise ValueError(
        f"has {len(head) + 1} columns, expected {len(COLUMNS)} or {len(SHORT_COLUMNS)}"
    )


def encoded_width(features: memoryview | bytes, count: int, kind: np.dtype[Any]) -> int:
    """Return the width of features from the length of their base64 text; raises ValueError."""
    if count < 1:
        raise ValueError(f"has {count} boxes")
    size = len(features) // 4 * 3 - bytes(features[-2:]).count(b"=")
    if len(features) % 4 or size % (kind.itemsize * count) or not size:
        raise ValueError(f"features of {len(features)} characters are truncated")
    return size // (kind.itemsize * count)


def _decode(fields: dict[str, bytes], encoded: memoryview, kind: np.dtype[Any]) -> ImageRegions:
    count = int(fields["num_boxes"])
    boxes = decoded("boxes", fields["boxes"], "<f4", count * 4).reshape(count, 4)
    features = decoded("features", encoded, kind).reshape(count, -1)
    width, height = int(fields["img_w"]), int(fields["img_h"])
    if "objects_id" not in fields:
        return ImageRegions.unnamed(features, boxes, width, height)
    return ImageRegions(
        features,
        boxes,
        scores=decoded("objects_conf", fields["objects_conf"], "<f4", count),
        object_ids=decoded("objects_id", fields["objects_id"], "<i8", count),
        attribute_ids=decoded("attrs_id", fields["attrs_id"], "<i8", count),
        width=width,
        height=height,
    )


def decoded(
    name: str,
    encoded: bytes | memoryview | str,
    kind: str | np.dtype[Any],
    length: int | None = None,
) -> Array:
    """Return the numbers of base64 text; raises ValueError that names them."""
    try:
        values = np.frombuffer(binascii.a2b_base64(encoded, strict_mode=True), dtype=kind)
    except ValueError as error:  # binascii's own error is one
        raise ValueError(f"{name} are not base64 of numbers ({error})") from None
    if length is not None and len(values) != length:
        raise ValueError(f"{name} hold {len(values)} numbers, expected {length}")
    return values


def export_tsv(store: RegionStore, out: Path) -> None:
    """Write a store as LXMERT's table, whole.

    The store has no confidence of attributes; that column is 0. Features become float32 again.
    """
    progress = Progress("export", len(store), "images")
    with whole_file(out) as temporary, open(temporary, "wb") as file:
        for row, image_id in enumerate(store.image_ids):
            count = int(store.num_boxes[row])
            width, height = (int(side) for side in store.image_sizes[row])
            columns: tuple[Any, ...] = (
                image_id,
                height,
                width,
                store.object_ids[row, :count].astype("<i8"),
                store.scores[row, :count].astype("<f4"),
                store.attribute_ids[row, :count].astype("<i8"),
                np.zeros(count, "<f4"),
                count,
                store.boxes[row, :count].astype("<f4"),
                store.features([row])[0, :count].astype("<f4"),
            )
            file.write(b"\t".join(_text(value) for value in columns) + b"\n")
            progress.advance()


def _text(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return binascii.b2a_base64(value.tobytes(), newline=False)
    return str(value).encode()
