"""The detectors' architectures, as Detectron2's configurations.

- `small-fpn`: a narrow residual network with a feature pyramid, quick to train on a CPU.
- `bottom-up`: the public Faster R-CNN of Visual Genome, layer by layer as published. Anderson et
  al. 2018 trained it in Caffe; the authors of LXMERT converted the weights. Their files load only
  into exactly this architecture, and features agree with published ones only with exactly these
  settings.
- `detectron2`: any other detector of Detectron2 (C4 or feature pyramid), described by its own YAML
  file.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, FPN, ROI_HEADS_REGISTRY
from detectron2.modeling.backbone.resnet import (
    BasicBlock,
    BasicStem,
    ResNet,
    build_resnet_backbone,
)
from detectron2.modeling.proposal_generator import RPN_HEAD_REGISTRY
from detectron2.modeling.proposal_generator.rpn import StandardRPNHead
from torch.nn import functional

from rex.config import RegionSettings
from rex.devices import product_format
from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.heads import Res5RegionROIHeads, add_region_settings

WIDTH = 32
"""Channels of the stem and of the first stage; each further stage has twice as many."""
BLOCKS = (2, 2, 2)
"""Residual blocks of each stage."""
FEATURE_SIZE = 2048
"""Width of the last residual stage."""
_FOLDER = Path(__file__).parent
_HEADS = {"StandardROIHeads": "RegionROIHeads", "Res5ROIHeads": "Res5RegionROIHeads"}
"""Detectron2's heads, and those that do the same and also describe regions."""


def detector_config(settings: RegionSettings, classes: ClassLists, device: str) -> CfgNode:
    """Return Detectron2's configuration of the detector that `settings` names.

    Raises InputError when the settings do not fit it.
    """
    kinds = {"small-fpn": _small_fpn, "bottom-up": _bottom_up, "detectron2": _custom}
    cfg = kinds[settings.detector](settings)
    cfg.MODEL.DEVICE = device
    cfg.MODEL.WEIGHTS = ""
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = len(classes.object_names)
    cfg.MODEL.ATTRIBUTES.NUMBER = len(classes.attribute_names)
    cfg.INPUT.MIN_SIZE_TRAIN = (settings.short_side,)
    cfg.INPUT.MIN_SIZE_TEST = settings.short_side
    cfg.SOLVER.IMS_PER_BATCH = settings.batch_size
    cfg.SOLVER.MAX_ITER = settings.iterations
    cfg.SOLVER.BASE_LR = settings.learning_rate
    cfg.TEST.REGIONS = settings.regions
    # how regions are chosen where no boxes are given
    cfg.TEST.SELECTION = "adaptive" if settings.selection == "adaptive" else "fixed"
    return cfg


def configuration_digest(cfg: CfgNode) -> str:
    """Return the SHA-256 of what features depend on in a configuration, beside the weights."""
    kept = cfg.clone()
    for name in ("SOLVER", "DATASETS", "DATALOADER", "OUTPUT_DIR"):
        del kept[name]
    for name in ("DEVICE", "WEIGHTS"):
        del kept.MODEL[name]
    return hashlib.sha256(kept.dump().encode()).hexdigest()


def _configuration(path: Path) -> CfgNode:
    """Return Detectron2's defaults and what a YAML file sets; nothing in the file is run."""
    cfg = get_cfg()
    add_region_settings(cfg)
    cfg.merge_from_file(str(path), allow_unsafe=False)
    return cfg


def _reduced_precision(device: torch.device) -> torch.autocast:
    """Return the context of convolutions in bfloat16, where the device has instructions for it."""
    fast = product_format(device) == torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


class SmallFPN(FPN):  # type: ignore[misc]
    """A feature pyramid whose convolutions run in channels-last order and reduced precision.

    On a CPU that is about twice as fast as float32. What it returns is float32, so that boxes and
    pooling stay exact.
    """

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the levels `p2`, `p3`, … [B, C, H / 4, W / 4], … of images [B, 3, H, W]."""
        with _reduced_precision(images.device):
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
    return SmallFPN(
        ResNet(stem, stages, out_features=names),
        names,
        cfg.MODEL.FPN.OUT_CHANNELS,
        norm=cfg.MODEL.FPN.NORM,
    ).to(memory_format=torch.channels_last)


@RPN_HEAD_REGISTRY.register()
class SmallRPNHead(StandardRPNHead):  # type: ignore[misc]
    """Detectron2's own proposal head, its convolutions in reduced precision."""

    def forward(self, features: list[torch.Tensor]) -> tuple[list[torch.Tensor], ...]:
        """Return objectness and deltas of every anchor of every level, in float32."""
        with _reduced_precision(features[0].device):
            outputs = super().forward(features)
        return tuple([level.float() for level in levels] for levels in outputs)


def _small_fpn(settings: RegionSettings) -> CfgNode:
    """Return Detectron2's configuration of the small detector.

    Sizes are in pixels of the resized image (short side `settings.short_side`).
    """
    cfg = _configuration(_FOLDER / "small-fpn.yaml")
    side = settings.short_side
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = [
        [side / 16, side / 10],
        [side / 6, side / 4],
        [side / 2.5, side / 1.5],
    ]
    cfg.MODEL.ROI_BOX_HEAD.FC_DIM = settings.feature_size
    cfg.INPUT.MAX_SIZE_TRAIN = cfg.INPUT.MAX_SIZE_TEST = 3 * side
    cfg.SOLVER.WARMUP_ITERS = max(1, settings.iterations // 10)
    return cfg


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


def _bottom_up(settings: RegionSettings) -> CfgNode:
    """Return Detectron2's configuration of the public detector (R101-C4, 300 proposals).

    It has 1,600 object and 400 attribute names. Sizes are in pixels of the resized image (short
    side `settings.short_side`: 600 originally; long side at most 5/3 of it). Raises InputError when
    the settings ask for another width of features.
    """
    if settings.feature_size != FEATURE_SIZE:
        raise InputError(
            f"its features are {FEATURE_SIZE} wide, the configuration says {settings.feature_size}",
            place="regions.feature_size",
            cure=f"set it to {FEATURE_SIZE}",
        )
    cfg = _configuration(_FOLDER / "bottom-up.yaml")
    cfg.INPUT.MAX_SIZE_TRAIN = cfg.INPUT.MAX_SIZE_TEST = settings.short_side * 5 // 3
    return cfg


def _custom(settings: RegionSettings) -> CfgNode:
    """Return the configuration of the YAML file `settings.detector_config`.

    Raises InputError when there is none, it is not Detectron2's, or its heads are not known here.
    """
    if settings.detector_config is None:
        raise InputError(
            "no configuration of the detector",
            place="regions.detector_config",
            cure="name a YAML file of Detectron2",
        )
    path = Path(settings.detector_config)
    wrong = partial(InputError, file=settings.detector_config)
    if not path.is_file():
        raise wrong("no such file", cure="check regions.detector_config")
    if path.suffix == ".py":
        problem = "a LazyConfig, which is Python code and is not run"
        raise wrong(problem, cure="name a detector's YAML file")
    try:
        cfg = _configuration(path)
    except Exception as error:  # yacs raises many kinds for a key or a value it does not know
        raise wrong(f"not a configuration of Detectron2 ({error})", cure="correct it") from None
    heads, images = cfg.MODEL.ROI_HEADS.NAME, cfg.INPUT.FORMAT
    if heads not in _HEADS:
        problem, cure = f"heads {heads!r} do not yield features of regions", " or ".join(_HEADS)
        raise wrong(problem, place="MODEL.ROI_HEADS.NAME", cure=f"use {cure}")
    if images not in ("BGR", "RGB"):
        problem = f"images as {images!r} are not offered"
        raise wrong(problem, place="INPUT.FORMAT", cure="use BGR or RGB")
    cfg.MODEL.ROI_HEADS.NAME = _HEADS[heads]
    return cfg
