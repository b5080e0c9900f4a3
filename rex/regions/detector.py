"""A trained detector: from images, resized as Detectron2 takes them, to their regions."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from detectron2.config import CfgNode
from detectron2.data import transforms
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances

from rex.config import Config, RegionSettings
from rex.devices import find_device
from rex.errors import InputError
from rex.regions.annotations import AnnotatedImage, ClassLists
from rex.regions.architectures import configuration_digest, detector_config
from rex.regions.store import ImageRegions
from rex.regions.store_writer import StoreHeader
from rex.regions.weights import classes_of, read_checkpoint

Example = dict[str, Any]
"""`image` [3, H, W] uint8, resized, in the model's order of channels; `height`, `width` of the
original; perhaps `instances`."""


@dataclass(frozen=True)
class ExampleMaker:
    """Resizes images to a short side, their long side limited, both in pixels."""

    short_side: int
    long_side: int
    channels: str = "BGR"
    """In the order that the model takes: `BGR` or `RGB`."""

    @classmethod
    def of(cls, cfg: CfgNode) -> ExampleMaker:
        """Return the maker with the sizes and the order of channels of a configuration."""
        return cls(cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST, cfg.INPUT.FORMAT)

    def example(
        self, pixels: npt.NDArray[np.uint8], boxes: npt.NDArray[np.float32] | None = None
    ) -> Example:
        """Return the example of an image [height, width, 3] BGR, and of its boxes, if given.

        `boxes` [n, 4] in pixels of the image become `instances.pred_boxes`, to be described.
        """
        example, transform = self._resized(pixels)
        if boxes is not None:
            instances = Instances(example["image"].shape[1:])
            instances.pred_boxes = _boxes(transform, boxes)
            example["instances"] = instances
        return example

    def training_example(self, pixels: npt.NDArray[np.uint8], annotated: AnnotatedImage) -> Example:
        """Return the example of an image with its objects as `instances`, to learn from."""
        example, transform = self._resized(pixels)
        annotated = annotated.within(example["width"], example["height"])
        known = annotated.object_ids >= 0
        instances = Instances(example["image"].shape[1:])
        instances.gt_boxes = _boxes(transform, annotated.boxes[known])
        instances.gt_classes = torch.as_tensor(annotated.object_ids[known])
        attributes = torch.as_tensor(annotated.attributes[known]).float()
        none = (attributes.sum(dim=1, keepdim=True) == 0).float()
        instances.gt_attributes = torch.cat([attributes, none], dim=1)
        return example | {"instances": instances}

    def _resized(self, pixels: npt.NDArray[np.uint8]) -> tuple[Example, transforms.Transform]:
        """Return an image as the model takes it, and what brings boxes along."""
        resize = transforms.ResizeShortestEdge([self.short_side] * 2, self.long_side)
        transform = resize.get_transform(pixels)
        resized = transform.apply_image(pixels)
        if self.channels == "RGB":
            resized = resized[:, :, ::-1]
        image = torch.as_tensor(resized.transpose(2, 0, 1).copy())
        return {"image": image, "height": pixels.shape[0], "width": pixels.shape[1]}, transform


def _boxes(transform: transforms.Transform, boxes: npt.NDArray[np.float32]) -> Boxes:
    return Boxes(torch.as_tensor(transform.apply_box(boxes)).float())


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
                    cure="use the configuration it was trained with, or train it again",
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
        if settings.detector == "detectron2":  # the others' is known
            signature["configuration"] = configuration_digest(cfg)
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

    def header(self, image_ids: Sequence[str], made_by: Mapping[str, Any]) -> StoreHeader:
        """Return what a store says of the regions of these images."""
        return StoreHeader(
            image_ids=image_ids,
            regions=self.cfg.TEST.REGIONS,
            feature_size=self.feature_size,
            signature=self.signature,
            object_names=self.classes.object_names,
            attribute_names=self.classes.attribute_names,
            made_by=made_by,
        )

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


def prepare_device(config: Config) -> str:
    """Make torch quick and the libraries quiet, and return the device: `cpu` or `cuda`.

    Raises InputError when it is to be a GPU, and there is none.
    """
    device = find_device(config.compute)
    keep_quiet()
    torch.set_num_threads(1)  # a small network is split over processes, not over threads
    # numbers too small for normal form slow a CPU down many times, and change nothing
    torch.set_flush_denormal(True)
    return device.type


def keep_quiet() -> None:
    """Keep back what libraries say about themselves while they detect regions."""
    # Detectron2 would print the traceback of an error that we report in one line
    logging.getLogger("detectron2").addHandler(logging.NullHandler())
    logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="torch.meshgrid", category=UserWarning)
