"""The small detector: a narrow residual network with a feature pyramid, quick to train on a CPU."""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

from rex.operators import register_operators

register_operators()

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, FPN
from detectron2.modeling.backbone.resnet import BasicBlock, BasicStem, ResNet
from detectron2.modeling.proposal_generator import RPN_HEAD_REGISTRY
from detectron2.modeling.proposal_generator.rpn import StandardRPNHead

from rex.config import RegionSettings
from rex.regions.annotations import ClassLists
from rex.regions.heads import add_region_settings, select_regions

WIDTH = 32
"""Channels of the stem and of the first stage; each further stage has twice as many."""
BLOCKS = (2, 2, 2)
"""Residual blocks of each stage."""


class ReducedPrecision(torch.autocast):
    """Convolutions in bfloat16 where the processor computes them in hardware."""

    def __init__(self, device: str) -> None:
        fast = device != "cpu" or torch.cpu._is_avx512_bf16_supported()
        super().__init__(device, torch.bfloat16, enabled=fast)


class SmallFPN(FPN):  # type: ignore[misc]
    """A feature pyramid whose convolutions run in channels-last order and reduced precision.

    On a CPU that is about twice as fast as float32. What it returns is float32, so that boxes and
    pooling stay exact.
    """

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the levels `p2`, `p3`, … [B, C, H / 4, W / 4], … of images [B, 3, H, W]."""
        with ReducedPrecision(images.device.type):
            levels = super().forward(images.contiguous(memory_format=torch.channels_last))
        return {name: level.float() for name, level in levels.items()}


@BACKBONE_REGISTRY.register()  # type: ignore[untyped-decorator]
def build_small_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> SmallFPN:
    """Build the backbone: three residual stages (strides 4, 8, 16) and the pyramid over them."""
    stem = BasicStem(input_shape.channels, WIDTH, norm="BN")
    stages = []
    width = WIDTH
    for place, blocks in enumerate(BLOCKS):
        out = WIDTH * 2**place
        strides = [1 if place == 0 else 2] + [1] * (blocks - 1)
        stages.append(
            ResNet.make_stage(
                BasicBlock,
                blocks,
                stride_per_block=strides,
                in_channels=width,
                out_channels=out,
                norm="BN",
            )
        )
        width = out
    names = [f"res{place + 2}" for place in range(len(BLOCKS))]
    pyramid = SmallFPN(
        ResNet(stem, stages, out_features=names),
        names,
        cfg.MODEL.FPN.OUT_CHANNELS,
        norm=cfg.MODEL.FPN.NORM,
    )
    built: SmallFPN = pyramid.to(memory_format=torch.channels_last)
    return built


@RPN_HEAD_REGISTRY.register()
class SmallRPNHead(StandardRPNHead):  # type: ignore[misc]
    """Detectron2's own proposal head, its convolutions in reduced precision."""

    def forward(self, features: list[torch.Tensor]) -> tuple[list[torch.Tensor], ...]:
        """Return objectness and deltas of every anchor of every level, in float32."""
        with ReducedPrecision(features[0].device.type):
            outputs = super().forward(features)
        return tuple([level.float() for level in levels] for levels in outputs)


def small_fpn(settings: RegionSettings, classes: ClassLists, device: str) -> CfgNode:
    """Return Detectron2's configuration of the small detector.

    Sizes are in pixels of the resized image (short side `settings.short_side`).
    """
    cfg = get_cfg()
    add_region_settings(cfg)
    model = cfg.MODEL
    model.DEVICE = device
    model.WEIGHTS = ""
    model.BACKBONE.NAME = "build_small_fpn_backbone"
    model.FPN.OUT_CHANNELS = 64
    model.FPN.NORM = "BN"
    model.PIXEL_MEAN = [127.5, 127.5, 127.5]
    model.PIXEL_STD = [64.0, 64.0, 64.0]

    side = settings.short_side
    model.ANCHOR_GENERATOR.SIZES = [
        [side / 16, side / 10],
        [side / 6, side / 4],
        [side / 2.5, side / 1.5],
    ]
    model.RPN.IN_FEATURES = ["p2", "p3", "p4"]
    model.RPN.HEAD_NAME = "SmallRPNHead"
    model.RPN.BATCH_SIZE_PER_IMAGE = 64
    model.RPN.PRE_NMS_TOPK_TRAIN = 200
    model.RPN.POST_NMS_TOPK_TRAIN = 100
    model.RPN.PRE_NMS_TOPK_TEST = 200
    model.RPN.POST_NMS_TOPK_TEST = 100

    model.ROI_HEADS.NAME = "RegionROIHeads"
    model.ROI_HEADS.IN_FEATURES = ["p2", "p3", "p4"]
    model.ROI_HEADS.NUM_CLASSES = len(classes.object_names)
    model.ROI_HEADS.BATCH_SIZE_PER_IMAGE = 32
    model.ROI_HEADS.POSITIVE_FRACTION = 0.5
    model.ROI_BOX_HEAD.NAME = "FastRCNNConvFCHead"
    model.ROI_BOX_HEAD.NUM_FC = 2
    model.ROI_BOX_HEAD.FC_DIM = settings.feature_size
    model.ROI_BOX_HEAD.POOLER_RESOLUTION = 7
    model.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO = 2
    model.ROI_BOX_HEAD.CLS_AGNOSTIC_BBOX_REG = True
    model.ROI_BOX_HEAD.CANONICAL_BOX_SIZE = 112
    model.ATTRIBUTES.NUMBER = len(classes.attribute_names)

    cfg.INPUT.MIN_SIZE_TRAIN = (side,)
    cfg.INPUT.MIN_SIZE_TEST = side
    cfg.INPUT.MAX_SIZE_TRAIN = cfg.INPUT.MAX_SIZE_TEST = 3 * side
    select_regions(cfg, settings)

    solver = cfg.SOLVER
    solver.IMS_PER_BATCH = settings.batch_size
    solver.MAX_ITER = settings.iterations
    solver.BASE_LR = settings.learning_rate
    solver.LR_SCHEDULER_NAME = "WarmupCosineLR"
    solver.WARMUP_ITERS = max(1, settings.iterations // 10)
    solver.WARMUP_FACTOR = 0.01
    solver.WEIGHT_DECAY = 0.01
    return cfg
