"""torchvision's compiled operators, for installations that lack them.

torchvision's package on the registry is built for CUDA; beside a CPU build of torch its compiled
library cannot be loaded, and then neither torchvision, Detectron2 nor parts of transformers can be
imported. `register_operators` supplies what they need in plain torch, with exact gradients, and
does nothing where the compiled operators work.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor",
    "roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width) -> (Tensor, Tensor)",
)


@functools.cache
def register_operators() -> bool:
    """Make torchvision usable; call before importing torchvision, transformers or detectron2.

    Returns whether the operators of this module are in use (False: the compiled ones are, or there
    is no torchvision).
    """
    installed = importlib.util.find_spec("torchvision")
    if installed is None or installed.origin is None or _load_compiled(Path(installed.origin)):
        return False
    _define()
    # torchvision checks for its compiled library by functions that each module imported by name
    import torchvision.ops  # noqa: F401

    for name in ("boxes", "roi_align", "roi_pool"):
        module: Any = sys.modules[f"torchvision.ops.{name}"]
        module._assert_has_ops = lambda: None
        if hasattr(module, "_has_ops"):
            module._has_ops = lambda: True
    return True


def _load_compiled(package: Path) -> bool:
    for library in sorted(package.parent.glob("_C*.so")):
        try:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
        except OSError:
            continue
        return True
    return False


@functools.cache
def _define() -> Any:
    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)
    library.impl("nms", nms, "CompositeExplicitAutograd")
    library.impl("qnms", nms, "CompositeExplicitAutograd")
    # composed of differentiable operators, so that autograd derives exact gradients
    library.impl("roi_align", roi_align, "CompositeImplicitAutograd")
    library.impl("roi_pool", roi_pool, "CompositeImplicitAutograd")
    return library


_NMS_BLOCK = 256
"""Boxes of which non-maximum suppression compares all pairs at once."""


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Return the boxes that no better box overlaps by more than `iou_threshold`, best first.

    `boxes` [N, 4] x1, y1, x2, y2; `scores` [N]; returns int64 indices [K]. Of equal scores the
    first comes first.
    """
    order = torch.argsort(scores, descending=True, stable=True).cpu().numpy()
    sorted_boxes = boxes.detach().float().cpu().numpy()[order]
    kept: list[npt.NDArray[np.int64]] = []
    while len(order):
        block = sorted_boxes[:_NMS_BLOCK]
        overlapping = _iou(block, block) > iou_threshold
        suppressed = np.zeros(len(block), dtype=bool)
        for place in range(len(block)):
            if not suppressed[place]:
                # earlier boxes are settled, and a box does not suppress itself
                suppressed[place + 1 :] |= overlapping[place, place + 1 :]
        kept.append(order[: len(block)][~suppressed])
        order, sorted_boxes = order[len(block) :], sorted_boxes[len(block) :]
        if len(order):
            alive = ~(_iou(block[~suppressed], sorted_boxes) > iou_threshold).any(axis=0)
            order, sorted_boxes = order[alive], sorted_boxes[alive]
    indices = np.concatenate(kept) if kept else np.zeros(0, dtype=np.int64)
    return torch.from_numpy(indices).to(boxes.device)


def _iou(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return [A, B] intersection over union; nan, above no threshold, where both are empty."""
    # one axis at a time: contiguous rows are several times faster than a trailing axis of 2
    across = np.minimum(a[:, None, 2], b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    down = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    intersection = across.clip(0) * down.clip(0)
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: npt.NDArray[np.float32] = intersection / (
            area_a[:, None] + area_b[None] - intersection
        )
    return ratio


def roi_align(
    features: torch.Tensor,
    rois: torch.Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> torch.Tensor:
    """Average bilinear samples of each cell of each box (Mask R-CNN, section 3; RoIAlign).

    `features` [B, C, H, W]; `rois` [K, 5]: image, x1, y1, x2, y2; returns [K, C, height, width].
    Bilinear sampling is separable, so a box is two small matrix products: weights along y, then x.
    """
    _, channels, height, width = features.shape
    rois = rois.detach()
    shift = 0.5 if aligned else 0.0
    corners = rois[:, 1:] * spatial_scale - shift
    sides = corners[:, 2:] - corners[:, :2]
    if not aligned:
        sides = sides.clamp(min=1.0)
    along_x = _sampling_weights(corners[:, 0], sides[:, 0], pooled_width, width, sampling_ratio)
    along_y = _sampling_weights(corners[:, 1], sides[:, 1], pooled_height, height, sampling_ratio)
    pooled = features.new_empty((0, channels, pooled_height, pooled_width))
    parts, places = [pooled], [rois.new_empty(0, dtype=torch.long)]
    for image in range(features.shape[0]):
        place = torch.nonzero(rois[:, 0] == image).squeeze(1)
        if len(place):
            rows = torch.einsum("kph,chw->kpcw", along_y[place].to(features), features[image])
            parts.append(torch.einsum("kpcw,kqw->kcpq", rows, along_x[place].to(features)))
            places.append(place)
    # boxes of one image need not stand together
    return torch.cat(parts)[torch.argsort(torch.cat(places))]


def _sampling_weights(
    start: torch.Tensor, side: torch.Tensor, cells: int, length: int, sampling_ratio: int
) -> torch.Tensor:
    """Return [K, cells, length]: the share of each of `length` pixels in each cell of each box."""
    cell = side / cells
    if sampling_ratio > 0:
        samples = torch.full_like(cell, sampling_ratio)
    else:
        samples = torch.ceil(cell).clamp(min=1.0)
    most = int(samples.max()) if len(samples) else 1
    step = torch.arange(most, device=start.device, dtype=start.dtype)
    within = (step + 0.5)[None] / samples[:, None]  # [K, samples]
    cell_index = torch.arange(cells, device=start.device, dtype=start.dtype)
    position = (
        start[:, None, None] + (cell_index[None, :, None] + within[:, None]) * (cell[:, None, None])
    )
    # a sample up to one pixel outside takes the border's value, one further out counts as 0
    counts = (step[None] < samples[:, None])[:, None] & (position >= -1) & (position <= length)
    position = position.clamp(0, length - 1)
    pixel = torch.arange(length, device=start.device, dtype=start.dtype)
    hat = (1 - (position[..., None] - pixel).abs()).clamp(min=0)  # [K, cells, samples, length]
    return (hat * counts[..., None]).sum(2) / samples[:, None, None]


def roi_pool(
    features: torch.Tensor,
    rois: torch.Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Take the greatest value of each cell of each box (Fast R-CNN, section 2.1; RoIPool).

    `features` [B, C, H, W]; `rois` [K, 5]: image, x1, y1, x2, y2, rounded to whole pixels; returns
    [K, C, height, width] and the flat place (int32) of each greatest value, -1 for an empty cell.
    """
    _, channels, height, width = features.shape
    # C's round: halves away from zero
    corners = torch.floor(rois[:, 1:].detach().double() * spatial_scale + 0.5).long()
    sides = (corners[:, 2:] - corners[:, :2] + 1).clamp(min=1)
    pooled, places = [], []
    for roi in range(len(rois)):
        image = features[int(rois[roi, 0])]
        columns = _cell_bounds(int(corners[roi, 0]), int(sides[roi, 0]), pooled_width, width)
        rows = _cell_bounds(int(corners[roi, 1]), int(sides[roi, 1]), pooled_height, height)
        # the greatest of a rectangle: first along each of its rows, then among those
        in_rows, at_column = _greatest(image, columns)  # [C, H, width]
        greatest, at_row = _greatest(in_rows.transpose(1, 2), rows)  # [C, width, height]
        column = at_column.transpose(1, 2).gather(2, at_row.clamp(min=0))
        place = torch.where((at_row < 0) | (column < 0), -1, at_row * width + column)
        pooled.append(greatest.transpose(1, 2))
        places.append(place.transpose(1, 2).to(torch.int32))
    if not pooled:
        empty = features.new_empty((0, channels, pooled_height, pooled_width))
        return empty, empty.to(torch.int32)
    argmax = torch.stack(places)
    # a cell without a pixel counts as 0
    return torch.where(argmax < 0, 0.0, torch.stack(pooled)), argmax


def _greatest(
    values: torch.Tensor, ranges: list[tuple[int, int]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the greatest value in each range of the last axis, and its first place; -1: none."""
    found, places = [], []
    for start, stop in ranges:
        if start < stop:
            value, place = values[..., start:stop].max(-1)
            found.append(value)
            places.append(place + start)
        else:
            found.append(values.new_zeros(values.shape[:-1]))
            places.append(torch.full(values.shape[:-1], -1, device=values.device))
    return torch.stack(found, -1), torch.stack(places, -1)


def _cell_bounds(start: int, side: int, cells: int, length: int) -> list[tuple[int, int]]:
    """Return first and one past the last pixel of each cell, inside 0 to `length`."""

    def inside(value: int) -> int:
        return min(max(value + start, 0), length)

    # the compiled operator works in float32: side / cells is rounded before it is multiplied
    size = np.float32(side) / np.float32(cells)
    return [
        (inside(math.floor(np.float32(k) * size)), inside(math.ceil(np.float32(k + 1) * size)))
        for k in range(cells)
    ]
