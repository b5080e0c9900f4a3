"""Detectron2 heads that choose regions and describe them: features, classes, attributes."""

from __future__ import annotations

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_HEADS_REGISTRY, StandardROIHeads
from detectron2.modeling.backbone.resnet import BottleneckBlock, ResNet
from detectron2.modeling.roi_heads import FastRCNNOutputLayers, Res5ROIHeads
from detectron2.structures import Boxes, ImageList, Instances
from torch import nn
from torch.nn import functional
from torchvision.ops import batched_nms, nms

Features = dict[str, torch.Tensor]

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Overlaps (IoU) above which the weaker of two boxes goes, from strict to lenient."""
LEAST = 10
"""Regions that an adaptive selection keeps in any case."""
CONFIDENT = 0.2
"""Score from which an adaptive selection keeps a region."""
CLASS_OVERLAP = 0.3
"""Overlap (IoU) above which the weaker of two boxes of one class goes."""


def fixed_number(boxes: torch.Tensor, scores: torch.Tensor, regions: int) -> torch.Tensor:
    """Return the indices of `regions` boxes, best first; fewer only if there are no more boxes.

    `boxes` [N, 4] and `scores` [N]: each proposal's refined box and score of its best class.
    Suppression disregards classes, at the first threshold that leaves enough boxes (the rule of
    the public bottom-up detector, as LXMERT and REX use it).
    """
    for threshold in THRESHOLDS:
        kept: torch.Tensor = nms(boxes, scores, threshold)
        if len(kept) >= regions:
            break
    if len(kept) < regions:
        # too few even at the most lenient threshold: the suppressed ones count as much
        kept = _filled(kept, scores, len(scores))
    return kept[:regions]


def _filled(kept: torch.Tensor, scores: torch.Tensor, number: int) -> torch.Tensor:
    """Return what is kept, filled up to `number` by the best of the suppressed, best first."""
    rest = torch.argsort(scores, descending=True, stable=True)
    rest = rest[~torch.isin(rest, kept)]
    kept = torch.cat([kept, rest])[:number]
    return kept[torch.argsort(scores[kept], descending=True, stable=True)]


def adaptive_number(
    boxes: torch.Tensor, scores: torch.Tensor, classes: torch.Tensor, most: int
) -> torch.Tensor:
    """Return the indices of the confident boxes, best first: 10 to `most` (Anderson et al. 2018).

    Where fewer than 10 are left, the best of the suppressed fill them up.
    `boxes` [N, 4], `scores` [N] and `classes` [N]: each proposal's refined box, and its best class.
    """
    kept: torch.Tensor = batched_nms(boxes.float(), scores, classes, CLASS_OVERLAP)
    confident = int((scores[kept] >= CONFIDENT).sum())
    number = min(max(confident, LEAST), most)
    if len(kept) < number:
        kept = _filled(kept, scores, number)
    return kept[:number]


def add_region_settings(cfg: CfgNode) -> None:
    """Add to Detectron2's configuration what these heads need beside its own settings."""
    cfg.MODEL.ATTRIBUTES = CfgNode({"NUMBER": 0, "EMBEDDING": 256, "HIDDEN": 512, "WEIGHT": 0.5})
    cfg.MODEL.ROI_BOX_HEAD.CANONICAL_BOX_SIZE = 224
    cfg.TEST.REGIONS = 36
    cfg.TEST.SELECTION = "fixed"


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
        return self.attr_score(functional.relu(self.fc_attr(joined)))

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


class RegionHeads:
    """What both kinds of heads share: choosing an image's regions and describing them."""

    box_predictor: RegionOutputLayers

    @configurable  # type: ignore[untyped-decorator]
    def __init__(self, *, regions: int, selection: str, **others: Any) -> None:
        super().__init__(**others)
        self.regions, self.selection = regions, selection

    def choose(self, predictions: Any, proposals: list[Instances]) -> list[Instances]:
        """Return each image's regions with their refined boxes, scores and classes, best first.

        `proposal_ids` [n] says which proposals they were.
        """
        chosen = []
        for boxes, probabilities, proposal in zip(
            self.box_predictor.predict_boxes(predictions, proposals),
            self.box_predictor.predict_probs(predictions, proposals),
            proposals,
            strict=True,
        ):
            scores, classes = probabilities[:, :-1].max(dim=1)
            if boxes.shape[1] > 4:  # class-specific regression
                each = boxes.view(len(boxes), boxes.shape[1] // 4, 4)
                boxes = each[torch.arange(len(boxes), device=boxes.device), classes]
            refined = Boxes(boxes)
            refined.clip(proposal.image_size)
            if self.selection == "adaptive":
                kept = adaptive_number(refined.tensor, scores, classes, self.regions)
            else:
                kept = fixed_number(refined.tensor, scores, self.regions)
            chosen.append(
                Instances(
                    proposal.image_size,
                    pred_boxes=refined[kept],
                    scores=scores[kept],
                    pred_classes=classes[kept],
                    proposal_ids=kept,
                )
            )
        return chosen

    def describe(self, features: torch.Tensor, instances: list[Instances]) -> list[Instances]:
        """Add to each image's regions their `features` [n, D] and `attribute_ids` [n], -1: none."""
        for own, regions in zip(
            torch.split(features, [len(each) for each in instances]), instances, strict=True
        ):
            regions.features = own
            regions.attribute_ids = self.attributes(own, regions.pred_classes)
        return instances

    def attributes(self, features: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Return the most probable attribute [n] of regions, -1: none."""
        scores = self.box_predictor.attribute_scores(features, classes)
        best = scores.argmax(dim=1)
        return torch.where(best == scores.shape[1] - 1, -1, best)

    def forward_with_given_boxes(
        self, features: Features, instances: list[Instances]
    ) -> list[Instances]:
        """Describe the regions `pred_boxes` of `instances`, naming those without a class."""
        pooled = self.pooled(features, [each.pred_boxes for each in instances])
        own = torch.split(pooled, [len(each) for each in instances])
        for rows, regions in zip(own, instances, strict=True):
            if not regions.has("pred_classes"):
                probabilities = functional.softmax(self.box_predictor.cls_score(rows), dim=1)
                regions.scores, regions.pred_classes = probabilities[:, :-1].max(dim=1)
        return self.describe(pooled, instances)

    def pooled(self, features: Features, boxes: list[Boxes]) -> torch.Tensor:
        """Return the features [N, D] of the boxes of all images."""
        raise NotImplementedError

    def losses(
        self, features: torch.Tensor, predictions: Any, proposals: list[Instances]
    ) -> dict[str, torch.Tensor]:
        """Return the losses of classes, boxes and attributes of sampled proposals."""
        losses: dict[str, torch.Tensor] = self.box_predictor.losses(predictions, proposals)
        return losses | {"loss_attribute": self.box_predictor.attribute_loss(features, proposals)}


@ROI_HEADS_REGISTRY.register()
class RegionROIHeads(RegionHeads, StandardROIHeads):  # type: ignore[misc]
    """Heads over a feature pyramid whose detections carry features and attributes.

    A region's feature is the last layer of the box head, pooled at the region's own (refined) box,
    so that a given box yields the same feature whoever proposes it.
    """

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        arguments: dict[str, Any] = super().from_config(cfg, input_shape)
        shape = arguments["box_head"].output_shape
        arguments["box_predictor"] = RegionOutputLayers(cfg, shape)
        # Detectron2 sends boxes of 224 pixels to level 4, whatever the size of the images
        arguments["box_pooler"].canonical_box_size = cfg.MODEL.ROI_BOX_HEAD.CANONICAL_BOX_SIZE
        return arguments | {"regions": cfg.TEST.REGIONS, "selection": cfg.TEST.SELECTION}

    def _forward_box(self, features: Features, proposals: list[Instances]) -> Any:
        pooled = self.pooled(features, [proposal.proposal_boxes for proposal in proposals])
        predictions = self.box_predictor(pooled)
        if self.training:
            return self.losses(pooled, predictions, proposals)
        return self.choose(predictions, proposals)

    def pooled(self, features: Features, boxes: list[Boxes]) -> torch.Tensor:
        """Return the features [N, D] of the boxes of all images."""
        return self.box_head(
            self.box_pooler([features[name] for name in self.box_in_features], boxes)
        )


@ROI_HEADS_REGISTRY.register()
class Res5RegionROIHeads(RegionHeads, Res5ROIHeads):  # type: ignore[misc]
    """Heads of a C4 detector whose detections carry features and attributes.

    A region's feature is the mean of the last residual stage over the proposal that became the
    region (Anderson et al. 2018, section 3.1). `RESNETS.RES5_DILATION` 2 runs that stage at full
    resolution: stride 1, dilation 2.
    """

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        arguments: dict[str, Any] = super().from_config(cfg, input_shape)
        resnet = cfg.MODEL.RESNETS
        width = resnet.RES2_OUT_CHANNELS * 8
        dilation = resnet.RES5_DILATION
        arguments["res5"] = ResNet.make_stage(
            BottleneckBlock,
            3,
            stride_per_block=[1 if dilation == 2 else 2, 1, 1],
            in_channels=width // 2,
            bottleneck_channels=resnet.NUM_GROUPS * resnet.WIDTH_PER_GROUP * 8,
            out_channels=width,
            num_groups=resnet.NUM_GROUPS,
            norm=resnet.NORM,
            stride_in_1x1=resnet.STRIDE_IN_1X1,
            dilation=dilation,
        )
        arguments["box_predictor"] = RegionOutputLayers(cfg, ShapeSpec(channels=width))
        return arguments | {"regions": cfg.TEST.REGIONS, "selection": cfg.TEST.SELECTION}

    def forward(
        self,
        images: ImageList,
        features: Features,
        proposals: list[Instances],
        targets: list[Instances] | None = None,
    ) -> tuple[list[Instances], dict[str, torch.Tensor]]:
        """Return regions (when trained: sampled proposals) and the losses of a training step."""
        if self.training:
            proposals = self.label_and_sample_proposals(proposals, targets)
        pooled = self.pooled(features, [proposal.proposal_boxes for proposal in proposals])
        predictions = self.box_predictor(pooled)
        if self.training:
            return proposals, self.losses(pooled, predictions, proposals)
        chosen = self.choose(predictions, proposals)
        own = torch.split(pooled, [len(proposal) for proposal in proposals])
        kept = [rows[each.proposal_ids] for rows, each in zip(own, chosen, strict=True)]
        return self.describe(torch.cat(kept), chosen), {}

    def pooled(self, features: Features, boxes: list[Boxes]) -> torch.Tensor:
        """Return the features [N, D] of the boxes of all images."""
        maps = self.res5(self.pooler([features[name] for name in self.in_features], boxes))
        return maps.mean(dim=(2, 3))
