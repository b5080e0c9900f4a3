"""The public bottom-up detector: a Faster R-CNN of Visual Genome, layer by layer as published.

Anderson et al. 2018 trained it in Caffe; the authors of LXMERT converted the weights. Their files
load only into exactly this architecture, and features agree with published ones only with exactly
these settings.
"""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

from rex.operators import register_operators

register_operators()

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, ROI_HEADS_REGISTRY
from detectron2.modeling.backbone.resnet import BasicStem, ResNet, build_resnet_backbone
from torch.nn import functional

from rex.config import RegionSettings
from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.heads import Res5RegionROIHeads, add_region_settings, select_regions

FEATURE_SIZE = 2048
"""Width of the last residual stage."""


class CaffeStem(BasicStem):  # type: ignore[misc]
    """The first layers of a ResNet, with Caffe's max pooling: no padding, sizes rounded up."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return [B, 64, ~H / 4, ~W / 4] of images [B, 3, H, W]."""
        return functional.max_pool2d(
            functional.relu_(self.conv1(images)), kernel_size=3, stride=2, padding=0, ceil_mode=True
        )


@BACKBONE_REGISTRY.register()  # type: ignore[untyped-decorator]
def build_caffe_resnet_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> ResNet:
    """Build Detectron2's ResNet with Caffe's stem."""
    backbone = build_resnet_backbone(cfg, input_shape)
    stem = CaffeStem(
        input_shape.channels, cfg.MODEL.RESNETS.STEM_OUT_CHANNELS, cfg.MODEL.RESNETS.NORM
    )
    backbone.stem = stem.freeze() if cfg.MODEL.BACKBONE.FREEZE_AT >= 1 else stem
    return backbone


@ROI_HEADS_REGISTRY.register()
class BottomUpROIHeads(Res5RegionROIHeads):
    """The published heads: their attribute is the best one, never "none".

    The class that the attribute is conditioned on is the highest-scoring one, background included,
    as in the published code.
    """

    def attributes(self, features: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Return the most probable attribute [n] of regions."""
        classes = self.box_predictor.cls_score(features).argmax(dim=1)
        return self.box_predictor.attribute_scores(features, classes)[:, :-1].argmax(dim=1)


def bottom_up(settings: RegionSettings, classes: ClassLists, device: str) -> CfgNode:
    """Return Detectron2's configuration of the public detector (R101-C4, 300 proposals).

    `classes` are its 1,600 object and 400 attribute names. Sizes are in pixels of the resized
    image (short side `settings.short_side`: 600 originally; long side at most 5/3 of it).
    Raises InputError when the settings ask for another width of features.
    """
    if settings.feature_size != FEATURE_SIZE:
        raise InputError(
            f"its features are {FEATURE_SIZE} wide, the configuration says {settings.feature_size}",
            place="regions.feature_size",
            cure=f"set it to {FEATURE_SIZE}",
        )
    cfg = get_cfg()
    add_region_settings(cfg)
    model = cfg.MODEL
    model.DEVICE = device
    model.WEIGHTS = ""
    model.BACKBONE.NAME = "build_caffe_resnet_backbone"
    model.RESNETS.DEPTH = 101
    model.RESNETS.NORM = "FrozenBN"
    model.RESNETS.STRIDE_IN_1X1 = True
    model.RESNETS.OUT_FEATURES = ["res4"]
    model.RESNETS.RES5_DILATION = 2
    # BGR, as Caffe had it, and not scaled
    model.PIXEL_MEAN = [102.9801, 115.9465, 122.7717]
    model.PIXEL_STD = [1.0, 1.0, 1.0]

    model.ANCHOR_GENERATOR.SIZES = [[64, 128, 256, 512]]
    model.ANCHOR_GENERATOR.ASPECT_RATIOS = [[0.5, 1.0, 2.0]]
    model.RPN.IN_FEATURES = ["res4"]
    model.RPN.CONV_DIMS = [512]
    model.RPN.PRE_NMS_TOPK_TEST = 6000
    model.RPN.POST_NMS_TOPK_TEST = 300

    model.ROI_HEADS.NAME = "BottomUpROIHeads"
    model.ROI_HEADS.IN_FEATURES = ["res4"]
    model.ROI_HEADS.NUM_CLASSES = len(classes.object_names)
    model.ROI_BOX_HEAD.POOLER_TYPE = "ROIPool"
    model.ROI_BOX_HEAD.POOLER_RESOLUTION = 14
    model.ATTRIBUTES.NUMBER = len(classes.attribute_names)

    cfg.INPUT.MIN_SIZE_TRAIN = (settings.short_side,)
    cfg.INPUT.MIN_SIZE_TEST = settings.short_side
    cfg.INPUT.MAX_SIZE_TRAIN = cfg.INPUT.MAX_SIZE_TEST = settings.short_side * 5 // 3
    select_regions(cfg, settings)
    return cfg
