"""What Detectron2's models take: resized images, with their boxes."""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rex.operators import register_operators

register_operators()

from detectron2.config import CfgNode
from detectron2.data import transforms
from detectron2.structures import Boxes, Instances

from rex.regions.annotations import AnnotatedImage

Example = dict[str, Any]
"""`image` [3, H, W] uint8 BGR, resized; `height`, `width` of the original; perhaps `instances`."""


@dataclass(frozen=True)
class ExampleMaker:
    """Resizes images to a short side, their long side limited, both in pixels."""

    short_side: int
    long_side: int

    @classmethod
    def of(cls, cfg: CfgNode) -> ExampleMaker:
        """Return the maker with the sizes of a configuration."""
        return cls(cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST)

    def example(
        self, pixels: npt.NDArray[np.uint8], boxes: npt.NDArray[np.float32] | None = None
    ) -> Example:
        """Return the example of an image [height, width, 3] BGR, and of its boxes, if given.

        `boxes` [n, 4] in pixels of the image become `instances.pred_boxes`, to be described.
        """
        transform = self._transform(pixels)
        example = _example(pixels, transform)
        if boxes is not None:
            instances = Instances(example["image"].shape[1:])
            instances.pred_boxes = _boxes(transform, boxes)
            example["instances"] = instances
        return example

    def training_example(self, pixels: npt.NDArray[np.uint8], annotated: AnnotatedImage) -> Example:
        """Return the example of an image with its objects as `instances`, to learn from."""
        transform = self._transform(pixels)
        example = _example(pixels, transform)
        known = annotated.object_ids >= 0
        instances = Instances(example["image"].shape[1:])
        instances.gt_boxes = _boxes(transform, annotated.boxes[known])
        instances.gt_classes = torch.as_tensor(annotated.object_ids[known])
        attributes = torch.as_tensor(annotated.attributes[known]).float()
        none = (attributes.sum(dim=1, keepdim=True) == 0).float()
        instances.gt_attributes = torch.cat([attributes, none], dim=1)
        return example | {"instances": instances}

    def _transform(self, pixels: npt.NDArray[np.uint8]) -> transforms.Transform:
        resize = transforms.ResizeShortestEdge([self.short_side] * 2, self.long_side)
        return resize.get_transform(pixels)


def _example(pixels: npt.NDArray[np.uint8], transform: transforms.Transform) -> Example:
    resized = transform.apply_image(pixels)
    return {
        "image": torch.as_tensor(resized.transpose(2, 0, 1).copy()),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
    }


def _boxes(transform: transforms.Transform, boxes: npt.NDArray[np.float32]) -> Boxes:
    return Boxes(torch.as_tensor(transform.apply_box(boxes)).float())
