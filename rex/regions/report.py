"""How good the regions are: AP50, and how well they cover and name the annotated objects."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rex.boxes import pairwise_ious
from rex.regions.annotations import AnnotatedImage, ClassLists
from rex.regions.store import ImageRegions

COVERED = 0.5
"""IoU from which a region covers an object."""

Array = npt.NDArray[Any]


def report(
    annotated: Sequence[AnnotatedImage], found: Sequence[ImageRegions], classes: ClassLists
) -> dict[str, Any]:
    """Return the measures of `found`, the regions of the images `annotated`, in percent.

    `coverage`: annotated objects that some region overlaps with IoU of at least 0.5;
    `object_accuracy` and `attribute_accuracy`: of the covered objects, those whose best-overlapping
    region has the object's name, and one of the object's attributes (of the objects that have one);
    `ap50`: average precision at IoU 0.5, mean over the names that occur (COCO's evaluation).
    None where there is nothing to measure.
    """
    objects = covered = named = attributed = with_attributes = 0
    for image, regions in zip(annotated, found, strict=True):
        objects += len(image.boxes)
        if not len(image.boxes) or not len(regions.boxes):
            continue
        overlap = pairwise_ious(image.boxes, regions.boxes)
        best = overlap.argmax(axis=1)
        reached = overlap.max(axis=1) >= COVERED
        covered += int(reached.sum())
        named += int((reached & (regions.object_ids[best] == image.object_ids)).sum())
        attribute_ids = regions.attribute_ids[best]
        has_attribute = reached & image.attributes.any(axis=1)
        # the attribute -1, none, is the last
        right = np.pad(image.attributes, ((0, 0), (0, 1)))[np.arange(len(best)), attribute_ids]
        with_attributes += int(has_attribute.sum())
        attributed += int((has_attribute & right).sum())
    return {
        "images": len(annotated),
        "objects": objects,
        "object_names": len(classes.object_names),
        "attribute_names": len(classes.attribute_names),
        "unit": "percent",
        "ap50": average_precision(annotated, found),
        "coverage": _percent(covered, objects),
        "object_accuracy": _percent(named, covered),
        "attribute_accuracy": _percent(attributed, with_attributes),
    }


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def average_precision(
    annotated: Sequence[AnnotatedImage], found: Sequence[ImageRegions]
) -> float | None:
    """Return AP50 in percent (COCO's evaluation, up to 100 regions an image); None: no objects."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = _rows((image.boxes, np.ones(len(image.boxes)), image.object_ids) for image in annotated)
    detections = _rows((each.boxes, each.scores, each.object_ids) for each in found)
    if not len(truth):
        return None
    if not len(detections):
        return 0.0
    images = COCO()
    images.dataset = {
        "images": [{"id": place} for place in range(1, len(annotated) + 1)],
        "categories": [{"id": int(each)} for each in np.unique(truth[:, -1])],
        "annotations": [],
    }
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints as it goes
        images.createIndex()
        evaluation = COCOeval(images.loadRes(truth), images.loadRes(detections), "bbox")
        evaluation.params.iouThrs = np.array([COVERED])
        evaluation.evaluate()
        evaluation.accumulate()
    # [threshold, recall, category, area, detections an image]: all areas, up to 100 detections
    precision = evaluation.eval["precision"][0, :, :, 0, -1]
    return 100 * float(precision[precision > -1].mean())


def _rows(images: Iterable[tuple[Array, Array, Array]]) -> Array:
    """Return what has a class, of the boxes, scores and classes of images, as COCO reads it.

    That is [n, 7] float64: image (from 1), x, y, width, height, score, class.
    """
    rows = [np.zeros((0, 7))]
    for place, (boxes, scores, ids) in enumerate(images, start=1):
        x1, y1, x2, y2 = boxes.astype(np.float64).T
        each = [np.full(len(ids), place), x1, y1, x2 - x1, y2 - y1, scores, ids]
        rows.append(np.stack(each, axis=1)[ids >= 0])
    return np.concatenate(rows)
