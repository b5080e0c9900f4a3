"""Detectron2 heads that describe regions: features, object classes, attributes."""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from rex.operators import register_operators

register_operators()

from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_HEADS_REGISTRY, StandardROIHeads
from detectron2.modeling.roi_heads import FastRCNNOutputLayers
from detectron2.structures import Boxes, Instances

from rex.regions.selection import fixed_number

Features = dict[str, torch.Tensor]


def add_region_settings(cfg: CfgNode) -> None:
    """Add to Detectron2's configuration what these heads need beside its own settings."""
    cfg.MODEL.ATTRIBUTES = CfgNode({"NUMBER": 0, "EMBEDDING": 256, "HIDDEN": 512, "WEIGHT": 0.5})
    cfg.MODEL.ROI_BOX_HEAD.CANONICAL_BOX_SIZE = 224
    cfg.TEST.REGIONS = 36


class RegionOutputLayers(FastRCNNOutputLayers):  # type: ignore[misc]
    """Class scores and box deltas, and attribute scores given the class.

    The attribute head is that of the bottom-up detector (Anderson et al. 2018, section 3.1): an
    embedding of the class beside the region's feature, one hidden layer, one score an attribute;
    the last column says "no attribute".
    """

    @configurable  # type: ignore[untyped-decorator]
    def __init__(
        self,
        input_shape: ShapeSpec,
        *,
        attributes: int,
        embedding_size: int,
        hidden_size: int,
        attribute_weight: float,
        **others: Any,
    ) -> None:
        super().__init__(input_shape, **others)
        self.attribute_weight = attribute_weight
        width = input_shape.channels * (input_shape.width or 1) * (input_shape.height or 1)
        self.cls_embedding = nn.Embedding(self.num_classes + 1, embedding_size)
        self.fc_attr = nn.Linear(width + embedding_size, hidden_size)
        self.attr_score = nn.Linear(hidden_size, attributes + 1)
        nn.init.normal_(self.cls_embedding.weight, std=0.01)
        for layer in (self.fc_attr, self.attr_score):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        arguments: dict[str, Any] = super().from_config(cfg, input_shape)
        return arguments | {
            "attributes": cfg.MODEL.ATTRIBUTES.NUMBER,
            "embedding_size": cfg.MODEL.ATTRIBUTES.EMBEDDING,
            "hidden_size": cfg.MODEL.ATTRIBUTES.HIDDEN,
            "attribute_weight": cfg.MODEL.ATTRIBUTES.WEIGHT,
        }

    def attribute_scores(self, features: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Return scores [N, A + 1] (before softmax) for features [N, D] and classes [N]."""
        joined = torch.cat([features, self.cls_embedding(classes)], dim=1)
        scores: torch.Tensor = self.attr_score(functional.relu(self.fc_attr(joined)))
        return scores

    def attribute_loss(self, features: torch.Tensor, proposals: list[Instances]) -> torch.Tensor:
        """Return the cross-entropy of the attributes of the objects that proposals [N] match.

        An object with several attributes asks for each of them with the same probability.
        """
        classes = torch.cat([proposal.gt_classes for proposal in proposals])
        matched = (classes >= 0) & (classes < self.num_classes)
        if not matched.any():
            return features.sum() * 0.0
        width = self.attr_score.out_features
        targets = torch.cat(
            [
                proposal.gt_attributes
                if proposal.has("gt_attributes")  # an image without objects has none
                else features.new_zeros((len(proposal), width))
                for proposal in proposals
            ]
        )[matched]
        targets = targets / targets.sum(dim=1, keepdim=True)
        scores = self.attribute_scores(features[matched], classes[matched])
        return self.attribute_weight * functional.cross_entropy(scores, targets)


@ROI_HEADS_REGISTRY.register()
class RegionROIHeads(StandardROIHeads):  # type: ignore[misc]
    """Heads over a feature pyramid whose detections carry features and attributes.

    A region's feature is the last layer of the box head, pooled at the region's own (refined) box,
    so that a given box yields the same feature whoever proposes it.
    """

    @classmethod
    def _init_box_head(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        parts: dict[str, Any] = super()._init_box_head(cfg, input_shape)
        parts["box_predictor"] = RegionOutputLayers(cfg, parts["box_head"].output_shape)
        # Detectron2 sends boxes of 224 pixels to level 4; these images are smaller by half or more
        pooler = parts["box_pooler"]
        pooler.canonical_box_size = cfg.MODEL.ROI_BOX_HEAD.CANONICAL_BOX_SIZE
        return parts

    @configurable  # type: ignore[untyped-decorator]
    def __init__(self, *, regions: int, **others: Any) -> None:
        super().__init__(**others)
        self.regions = regions

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().from_config(cfg, input_shape), "regions": cfg.TEST.REGIONS}

    def _forward_box(self, features: Features, proposals: list[Instances]) -> Any:
        boxes = [proposal.proposal_boxes for proposal in proposals]
        described = self._region_features(features, boxes)
        predictions = self.box_predictor(described)
        if self.training:
            losses = self.box_predictor.losses(predictions, proposals)
            losses["loss_attribute"] = self.box_predictor.attribute_loss(described, proposals)
            return losses
        return select_regions(self.box_predictor, predictions, proposals, self.regions)

    def forward_with_given_boxes(
        self, features: Features, instances: list[Instances]
    ) -> list[Instances]:
        """Describe the regions `pred_boxes` of `instances`: adds features and attributes."""
        described = self._region_features(features, [each.pred_boxes for each in instances])
        return add_descriptions(self.box_predictor, described, instances)

    def _region_features(self, features: Features, boxes: list[Boxes]) -> torch.Tensor:
        """Return [N, D] features of the boxes of all images."""
        pooled = self.box_pooler([features[name] for name in self.box_in_features], boxes)
        described: torch.Tensor = self.box_head(pooled)
        return described


def select_regions(
    predictor: FastRCNNOutputLayers, predictions: Any, proposals: list[Instances], regions: int
) -> list[Instances]:
    """Return the `regions` best of each image's proposals, with their refined boxes and classes."""
    selected = []
    for boxes, probabilities, proposal in zip(
        predictor.predict_boxes(predictions, proposals),
        predictor.predict_probs(predictions, proposals),
        proposals,
        strict=True,
    ):
        scores, classes = probabilities[:, :-1].max(dim=1)
        if boxes.shape[1] > 4:  # class-specific regression
            boxes = boxes.view(len(boxes), -1, 4)[torch.arange(len(boxes)), classes]
        refined = Boxes(boxes)
        refined.clip(proposal.image_size)
        kept = fixed_number(refined.tensor, scores, regions)
        selected.append(
            Instances(
                proposal.image_size,
                pred_boxes=refined[kept],
                scores=scores[kept],
                pred_classes=classes[kept],
            )
        )
    return selected


def add_descriptions(
    predictor: RegionOutputLayers, described: torch.Tensor, instances: list[Instances]
) -> list[Instances]:
    """Add to each image's regions their `features` [n, D] and `attribute_ids` [n] (-1: none)."""
    for features, regions in zip(
        torch.split(described, [len(each) for each in instances]), instances, strict=True
    ):
        scores = predictor.attribute_scores(features, regions.pred_classes)
        best = scores.argmax(dim=1)
        best[best == scores.shape[1] - 1] = -1
        regions.features = features
        regions.attribute_ids = best
    return instances
