"""A trained detector: from images to their regions."""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

import hashlib
import io
import json
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
from rex.files import whole_file
from rex.regions.annotations import ClassLists
from rex.regions.small_fpn import small_fpn
from rex.regions.store import ImageRegions


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
        """Load what `save_detector` wrote. Raises InputError when the file does not fit."""
        try:
            content = weights.read_bytes()
            saved = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
            classes = ClassLists(tuple(saved["object_names"]), tuple(saved["attribute_names"]))
            trained = json.loads(saved["settings"])
        except FileNotFoundError:
            raise InputError(
                "no such file", file=weights, cure="make it with rex regions train"
            ) from None
        except Exception as error:  # torch raises many kinds for a file that is not a checkpoint
            raise InputError(
                f"not a detector's checkpoint ({type(error).__name__})",
                file=weights,
                cure="make it with rex regions train",
            ) from None
        for name in ("detector", "short_side", "feature_size"):
            if trained[name] != getattr(settings, name):
                raise InputError(
                    f"trained with {name} {trained[name]}, the configuration says "
                    f"{getattr(settings, name)}",
                    file=weights,
                    cure="use the configuration it was trained with, or train it anew",
                )
        cfg = detector_config(settings, classes, device)
        model = build_model(cfg)
        model.load_state_dict(saved["model"])
        signature = {
            "detector": settings.detector,
            "weights": hashlib.sha256(content).hexdigest(),
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


def save_detector(
    path: Path, model: torch.nn.Module, settings: RegionSettings, classes: ClassLists
) -> None:
    """Write a trained detector, whole; the same detector gives the same bytes."""
    import dataclasses

    content = io.BytesIO()  # torch would write the (temporary) name of a file into it
    torch.save(
        {
            "model": {name: value.cpu() for name, value in model.state_dict().items()},
            "settings": json.dumps(dataclasses.asdict(settings), sort_keys=True),
            "object_names": list(classes.object_names),
            "attribute_names": list(classes.attribute_names),
        },
        content,
    )
    with whole_file(path) as temporary:
        temporary.write_bytes(content.getvalue())
