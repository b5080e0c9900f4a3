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
from detectron2.modeling import build_model
from detectron2.structures import Instances

from rex.config import RegionSettings
from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.bottom_up import bottom_up
from rex.regions.custom import custom
from rex.regions.examples import Example, ExampleMaker
from rex.regions.small_fpn import small_fpn
from rex.regions.store import ImageRegions
from rex.regions.weights import classes_of, read_checkpoint


def detector_config(settings: RegionSettings, classes: ClassLists, device: str) -> CfgNode:
    """Return Detectron2's configuration of the detector that `settings` names."""
    if settings.detector == "small-fpn":
        return small_fpn(settings, classes, device)
    if settings.detector == "bottom-up":
        return bottom_up(settings, classes, device)
    return custom(settings, classes, device)


class Detector:
    """A model with its classes, which describes images by their regions."""

    def __init__(
        self, model: torch.nn.Module, cfg: CfgNode, classes: ClassLists, signature: dict[str, Any]
    ) -> None:
        self.model, self.cfg, self.classes, self.signature = model.eval(), cfg, classes, signature
        self.maker = ExampleMaker.of(cfg)

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
            # on its own it selects; given annotated boxes, `rex regions extract` says so
            "selection": cfg.TEST.SELECTION,
            "regions": settings.regions,
        }
        return cls(model, cfg, classes, signature)

    @property
    def device(self) -> str:
        """Where the model computes: `cpu` or `cuda`."""
        return torch.device(self.cfg.MODEL.DEVICE).type

    @property
    def feature_size(self) -> int:
        """Width D of a region's feature."""
        width: int = self.model.roi_heads.box_predictor.cls_score.in_features  # type: ignore[union-attr,assignment]
        return width

    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[ImageRegions]:
        """Return the regions of images [height, width, 3] (BGR), all taken as one batch."""
        return self.detect_examples([self.maker.example(pixels) for pixels in images])

    @torch.inference_mode()
    def detect_examples(self, examples: Sequence[Example]) -> list[ImageRegions]:
        """Return the regions of prepared images; of those with given boxes, these boxes."""
        given = [example["instances"] for example in examples if "instances" in example]
        model: Any = self.model
        outputs = model.inference(examples, given or None, do_postprocess=False)
        return [
            _image_regions(output, example)
            for output, example in zip(outputs, examples, strict=True)
        ]


def _image_regions(instances: Instances, example: Example) -> ImageRegions:
    """Bring boxes back to the pixels of the original image."""
    height, width = instances.image_size
    boxes = instances.pred_boxes.clone()
    boxes.scale(example["width"] / width, example["height"] / height)
    boxes.clip((example["height"], example["width"]))
    return ImageRegions(
        features=instances.features.float().cpu().numpy(),
        boxes=boxes.tensor.float().cpu().numpy(),
        scores=instances.scores.float().cpu().numpy(),
        object_ids=instances.pred_classes.cpu().numpy(),
        attribute_ids=instances.attribute_ids.cpu().numpy(),
        width=example["width"],
        height=example["height"],
    )
