"""From images to a region store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rex.logs import Progress
from rex.regions.detector import Detector
from rex.regions.images import read_image
from rex.regions.store import ImageRegions, RegionStoreWriter, StoreHeader

BATCH_SIZE = 16
"""Images that the detector takes at once."""


def detect_files(detector: Detector, paths: Sequence[Path]) -> Iterator[list[ImageRegions]]:
    """Yield the regions of image files, batch by batch. Raises InputError for a bad image."""
    for start in range(0, len(paths), BATCH_SIZE):
        yield detector.detect([read_image(path) for path in paths[start : start + BATCH_SIZE]])


def extract(
    detector: Detector,
    image_ids: Sequence[str],
    images: Path,
    out: Path,
    made_by: Mapping[str, Any],
) -> None:
    """Write the regions of `images`/<id>.jpg to the store `out`, in the order of `image_ids`.

    A stopped extraction goes on where it was. Raises InputError when an image cannot be read.
    """
    header = StoreHeader(
        image_ids=image_ids,
        regions=detector.cfg.TEST.REGIONS,
        feature_size=detector.feature_size,
        signature=detector.signature,
        object_names=detector.classes.object_names,
        attribute_names=detector.classes.attribute_names,
        made_by=made_by,
    )
    with RegionStoreWriter(out, header) as writer:
        rows = writer.missing()
        progress = Progress("regions", len(image_ids), "images")
        progress.start_at(len(image_ids) - len(rows))
        paths = [images / f"{image_ids[row]}.jpg" for row in rows]
        for found in detect_files(detector, paths):
            writer.write(rows[: len(found)], found)
            rows = rows[len(found) :]
            progress.advance(len(found))
