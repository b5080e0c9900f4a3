"""What a model reads: a batch of questions about images."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

IGNORED = -100
"""Stands in answers and explanations where nothing is to be learnt (PyTorch's convention)."""


@dataclass(frozen=True)
class Batch:
    """B questions of at most Q word pieces, R regions of D features, explanations of T tokens."""

    pieces: Tensor
    """[B, Q] int64: [CLS], the question's word pieces, [SEP], padding (0)."""
    features: Tensor
    """[B, R, D] float16 or float32: the detector's features; rows past `num_boxes` are zero."""
    boxes: Tensor
    """[B, R, 6] float32: x1, y1, x2, y2, width, height as shares of the image's size."""
    num_boxes: Tensor
    """[B] int64: regions that exist."""
    objects: Tensor
    """[B, R] int64: the detector's class of each region; -1: none."""
    attributes: Tensor
    """[B, R] int64: its attribute of each region; -1: none."""
    answers: Tensor
    """[B] int64: the answer's class, or IGNORED."""
    explanations: Tensor
    """[B, T] int64: token ids with END where there is room, then IGNORED."""
    programs: Tensor | None = None
    """[B, P] int64: the same of the questions' programs; None: they are not learnt."""

    def __len__(self) -> int:
        return self.pieces.shape[0]

    @property
    def region_mask(self) -> Tensor:
        """Which regions exist, [B, R] bool."""
        regions = torch.arange(self.features.shape[1], device=self.num_boxes.device)
        return regions < self.num_boxes[:, None]

    def to(self, device: torch.device) -> Batch:
        """Return the batch on `device`."""
        # back from a GPU, a copy that is not waited for could be read before it is there
        unwaited = device.type == "cuda"
        return self._with(lambda tensor: tensor.to(device, non_blocking=unwaited))

    def pinned(self) -> Batch:
        """Return the batch in memory that a GPU copies from without being waited for."""
        return self._with(Tensor.pin_memory)

    def _with(self, change: Callable[[Tensor], Tensor]) -> Batch:
        changed: dict[str, Any] = {
            name: change(part) for name, part in vars(self).items() if isinstance(part, Tensor)
        }
        return dataclasses.replace(self, **changed)
