"""A trained detector: from images to their regions."""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rex.operators import register_operators

register_operators()

from detectron2.config import CfgNode
from detectron2.data import transforms
from detectron2.modeling import build_model
from detectron2.structures import Instances

from rex.config import RegionSettings
from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.small_fpn import small_fpn
from rex.regions.store import ImageRegions
from rex.regions.weights import classes_of, read_checkpoint


def detector_config(settings: RegionSettings, classes: ClassLists, device: str) -> CfgNode:
    """Return Detectron2's configuration of the detector that `settings` names."""
    if settings.detector == "small-fpn":
        return small_fpn(settings, classes, device)
    raise InputError(
        f"detector {settings.detector!r} cannot be built yet", place="regions.detector"
    )


class Detector:
    """A model with its classes, which describes images by their regions."""

    def __init__(
        self, model: torch.nn.Module, cfg: CfgNode, classes: ClassLists, signature: dict[str, Any]
    ) -> None:
        self.model, self.cfg, self.classes, self.signature = model.eval(), cfg, classes, signature
        self._resize = transforms.ResizeShortestEdge(
            [cfg.INPUT.MIN_SIZE_TEST] * 2, cfg.INPUT.MAX_SIZE_TEST
        )

    @classmethod
    def load(cls, weights: Path, settings: RegionSettings, device: str) -> Detector:
        """Load a checkpoint into the detector that `settings` names.

        Raises InputError when it is damaged or belongs to another detector.
        """
        checkpoint = read_checkpoint(weights)
        for name in ("detector", "short_side", "feature_size"):
            trained = checkpoint.settings and checkpoint.settings[name]
            if trained and trained != getattr(settings, name):
                raise InputError(
                    f"trained with {name} {trained}, the configuration says "
                    f"{getattr(settings, name)}",
                    file=weights,
                    cure="use the configuration it was trained with, or train it anew",
                )
        classes = classes_of(checkpoint, settings)
        cfg = detector_config(settings, classes, device)
        model = build_model(cfg)
        checkpoint.load_into(model)
        signature = {
            "detector": settings.detector,
            "weights": checkpoint.sha256,
            "short_side": settings.short_side,
            "long_side": cfg.INPUT.MAX_SIZE_TEST,
            "selection": "fixed",
            "regions": settings.regions,
        }
        return cls(model, cfg, classes, signature)

    @property
    def feature_size(self) -> int:
        """Width D of a region's feature."""
        width: int = self.model.roi_heads.box_predictor.cls_score.in_features  # type: ignore[union-attr,assignment]
        return width

    def example(self, pixels: npt.NDArray[np.uint8]) -> dict[str, Any]:
        """Return what Detectron2's models take: the resized image and its original size."""
        resized = self._resize.get_transform(pixels).apply_image(pixels)
        return {
            "image": torch.as_tensor(resized.transpose(2, 0, 1).copy()),
            "height": pixels.shape[0],
            "width": pixels.shape[1],
        }

    @torch.inference_mode()
    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[ImageRegions]:
        """Return the regions of images [height, width, 3] (BGR), all taken as one batch."""
        batch = [self.example(pixels) for pixels in images]
        outputs = self.model(batch)
        return [
            _image_regions(output["instances"], example)
            for output, example in zip(outputs, batch, strict=True)
        ]


def _image_regions(instances: Instances, example: dict[str, Any]) -> ImageRegions:
    return ImageRegions(
        features=instances.features.float().cpu().numpy(),
        boxes=instances.pred_boxes.tensor.float().cpu().numpy(),
        scores=instances.scores.float().cpu().numpy(),
        object_ids=instances.pred_classes.cpu().numpy(),
        attribute_ids=instances.attribute_ids.cpu().numpy(),
        width=example["width"],
        height=example["height"],
    )
