"""The public detector: its architecture, parameter by parameter, and how its parts behave."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rex.config import RegionSettings
from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.architectures import CaffeStem, detector_config
from rex.regions.detector import Detector

PUBLIC = ClassLists(tuple(map(str, range(1600))), tuple(map(str, range(400))))
SETTINGS = RegionSettings(detector="bottom-up", feature_size=2048, short_side=600)


def build(cfg: Any) -> Any:
    from detectron2.modeling import build_model

    return build_model(cfg)


Shapes = dict[str, tuple[int, ...]]


def frozen_conv(name: str, out: int, into: int, size: int) -> Shapes:
    norm = {f"{name}.norm.{part}": (out,) for part in NORM}
    return {f"{name}.weight": (out, into, size, size), **norm}


NORM = ("weight", "bias", "running_mean", "running_var")


def stage(name: str, blocks: int, into: int, out: int) -> Shapes:
    """Bottleneck blocks: 1 x 1, 3 x 3, 1 x 1, the first with a projection shortcut."""
    shapes: Shapes = {}
    for block in range(blocks):
        place, width = f"{name}.{block}", out // 4
        before = into if block == 0 else out
        shapes |= frozen_conv(f"{place}.conv1", width, before, 1)
        shapes |= frozen_conv(f"{place}.conv2", width, width, 3)
        shapes |= frozen_conv(f"{place}.conv3", out, width, 1)
        if block == 0:
            shapes |= frozen_conv(f"{place}.shortcut", out, before, 1)
    return shapes


def linear(name: str, out: int, into: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def published_shapes() -> Shapes:
    """Every parameter of the published weights, from the description of the architecture."""
    rpn, head = "proposal_generator.rpn_head", "roi_heads.box_predictor"
    return {
        **frozen_conv("backbone.stem.conv1", 64, 3, 7),
        **stage("backbone.res2", 3, 64, 256),
        **stage("backbone.res3", 4, 256, 512),
        **stage("backbone.res4", 23, 512, 1024),
        **stage("roi_heads.res5", 3, 1024, 2048),
        f"{rpn}.conv.weight": (512, 1024, 3, 3),
        f"{rpn}.conv.bias": (512,),
        # 4 sizes x 3 ratios
        f"{rpn}.objectness_logits.weight": (12, 512, 1, 1),
        f"{rpn}.objectness_logits.bias": (12,),
        f"{rpn}.anchor_deltas.weight": (48, 512, 1, 1),
        f"{rpn}.anchor_deltas.bias": (48,),
        **linear(f"{head}.cls_score", 1601, 2048),
        **linear(f"{head}.bbox_pred", 6400, 2048),
        f"{head}.cls_embedding.weight": (1601, 256),
        **linear(f"{head}.fc_attr", 512, 2304),
        **linear(f"{head}.attr_score", 401, 512),
    }


@pytest.fixture(scope="module")
def model() -> Any:
    with torch.device("meta"):  # shapes alone: no time and no memory for 64 million values
        return build(detector_config(SETTINGS, PUBLIC, "meta"))


def test_every_parameter_is_the_published_one(model: Any) -> None:
    built = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    built = {
        name: shape
        for name, shape in built.items()
        if not name.startswith("pixel_") and "cell_anchors" not in name
    }
    assert built == published_shapes()


def test_the_settings_that_no_parameter_shows(model: Any) -> None:
    cfg = detector_config(SETTINGS, PUBLIC, "cpu")
    assert isinstance(model.backbone.stem, CaffeStem)
    blocks = model.roi_heads.res5
    assert blocks[0].conv1.stride == blocks[0].shortcut.stride == (1, 1)
    for block in blocks:
        assert (block.conv2.dilation, block.conv2.padding) == ((2, 2), (2, 2))
        assert block.conv2.stride == (1, 1)
    # Caffe's ResNets halve the resolution in the first 1 x 1 convolution
    assert model.backbone.res3[0].conv1.stride == (2, 2)
    assert model.backbone.res3[0].conv2.stride == (1, 1)
    assert type(model.roi_heads.pooler.level_poolers[0]).__name__ == "RoIPool"
    assert model.roi_heads.pooler.output_size == (14, 14)
    assert model.roi_heads.pooler.level_poolers[0].spatial_scale == 1 / 16
    assert cfg.MODEL.PIXEL_MEAN == [102.9801, 115.9465, 122.7717]
    assert cfg.MODEL.PIXEL_STD == [1.0, 1.0, 1.0]
    assert cfg.INPUT.FORMAT == "BGR"
    assert (cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST) == (600, 1000)
    assert (cfg.MODEL.RPN.PRE_NMS_TOPK_TEST, cfg.MODEL.RPN.POST_NMS_TOPK_TEST) == (6000, 300)
    assert cfg.MODEL.ANCHOR_GENERATOR.SIZES == [[64, 128, 256, 512]]


@pytest.mark.parametrize(("size", "pooled"), [(16, 4), (18, 4), (20, 5), (22, 5)])
def test_caffes_pooling_rounds_up_and_does_not_pad(size: int, pooled: int) -> None:
    # the convolution halves the size; then windows of 3 at stride 2, the last one cut off
    stem = CaffeStem(3, 4, "FrozenBN")
    assert stem(torch.zeros(1, 3, size, size)).shape == (1, 4, pooled, pooled)


def narrow(settings: RegionSettings = SETTINGS, classes: ClassLists | None = None) -> Any:
    """The same architecture with few channels and layers, for tests that compute."""
    classes = classes or ClassLists(("cup", "ape"), ("red", "big", "old"))
    cfg = detector_config(settings, classes, "cpu")
    cfg.MODEL.RESNETS.DEPTH = 50
    cfg.MODEL.RESNETS.WIDTH_PER_GROUP = 2
    cfg.MODEL.RESNETS.STEM_OUT_CHANNELS = cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 8
    cfg.MODEL.RPN.POST_NMS_TOPK_TEST = 20
    cfg.MODEL.RPN.PRE_NMS_TOPK_TEST = 100
    cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST = 96, 160
    cfg.TEST.REGIONS = 5
    return cfg


def test_regions_carry_the_features_of_their_proposals() -> None:
    torch.manual_seed(0)
    cfg = narrow()
    model = build(cfg)
    detector = Detector(model, cfg, ClassLists(("cup", "ape"), ("red", "big", "old")), {})
    seen: list[torch.Tensor] = []
    model.roi_heads.res5.register_forward_hook(lambda *found: seen.append(found[2]))
    pixels = torch.randint(0, 255, (96, 128, 3), generator=torch.Generator().manual_seed(1))
    (regions,) = detector.detect_examples([detector.maker.example(pixels.byte().numpy())])
    assert regions.features.shape == (5, 64)
    assert seen[0].shape[2:] == (14, 14)  # res5 keeps the resolution of the pooled maps
    proposals = seen[0].mean(dim=(2, 3))
    for feature in regions.features:
        assert (proposals - torch.as_tensor(feature)).abs().sum(dim=1).min() < 1e-4
    # the attribute is never "none", and conditioned on the best class, background included
    features = torch.as_tensor(regions.features)
    head = model.roi_heads.box_predictor
    with torch.no_grad():
        classes = head.cls_score(features).argmax(dim=1)
        scores = head.attribute_scores(features, classes)[:, :-1]
    assert regions.attribute_ids.tolist() == scores.argmax(dim=1).tolist()


def test_another_width_of_features_is_refused() -> None:
    with pytest.raises(InputError, match="2048 wide, the configuration says 256"):
        detector_config(RegionSettings(detector="bottom-up"), PUBLIC, "cpu")


def test_an_image_without_a_proposal_has_no_regions() -> None:
    cfg = narrow()
    model = build(cfg)
    with torch.no_grad():  # boxes that are not finite are no proposals
        model.proposal_generator.rpn_head.anchor_deltas.bias.fill_(float("nan"))
    detector = Detector(model, cfg, ClassLists(("cup", "ape"), ("red", "big", "old")), {})
    (regions,) = detector.detect_examples(
        [detector.maker.example(torch.zeros(96, 128, 3).byte().numpy())]
    )
    assert regions.features.shape == (0, 64)
    assert regions.boxes.shape == (0, 4)
    assert len(regions.attribute_ids) == len(regions.object_ids) == len(regions.scores) == 0
