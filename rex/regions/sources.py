"""What a reader of somebody's regions gives, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rex.errors import InputError
from rex.regions.store import ImageRegions


@dataclass(frozen=True)
class SourceLayout:
    """What must be known before the first image is read: images, most regions, feature width."""

    image_ids: Sequence[str]
    regions: int
    feature_size: int


class RegionSource(Protocol):
    """A file or folder of regions in some format."""

    format: str
    """Names the format in the store's signature."""

    def layout(self) -> SourceLayout:
        """Look through the source without decoding it; raises InputError when it holds nothing."""

    def rejected(self) -> list[InputError]:
        """Return what the layout had to leave out: nobody knows which image it is of, or it is of
        one that is there already."""

    def images(self, rows: Sequence[int]) -> Iterator[tuple[int, ImageRegions | InputError]]:
        """Yield each of `rows` (places in the layout, ascending), or why it cannot be read."""
