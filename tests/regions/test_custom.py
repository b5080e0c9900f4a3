"""Other Detectron2 detectors: trained, extracted with, and refused when they do not fit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from detectron2.modeling import build_model

from rex.cli import main
from rex.config import RegionSettings
from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.architectures import detector_config
from rex.regions.detector import Detector, ExampleMaker
from rex.regions.store import RegionStore
from rex.regions.weights import save_checkpoint

from .conftest import Trained

C4 = """
MODEL:
  META_ARCHITECTURE: GeneralizedRCNN
  BACKBONE: {NAME: build_resnet_backbone, FREEZE_AT: 0}
  RESNETS: {DEPTH: 50, WIDTH_PER_GROUP: 2, STEM_OUT_CHANNELS: 8, RES2_OUT_CHANNELS: 8, NORM: BN}
  RPN: {PRE_NMS_TOPK_TEST: 100, POST_NMS_TOPK_TEST: 30, POST_NMS_TOPK_TRAIN: 30}
  ROI_HEADS: {NAME: Res5ROIHeads, BATCH_SIZE_PER_IMAGE: 8}
"""
FPN = """
MODEL:
  META_ARCHITECTURE: GeneralizedRCNN
  BACKBONE: {NAME: build_resnet_fpn_backbone, FREEZE_AT: 0}
  RESNETS:
    DEPTH: 50
    WIDTH_PER_GROUP: 2
    STEM_OUT_CHANNELS: 8
    RES2_OUT_CHANNELS: 8
    NORM: BN
    OUT_FEATURES: [res2, res3, res4, res5]
  FPN: {IN_FEATURES: [res2, res3, res4, res5], OUT_CHANNELS: 16}
  ANCHOR_GENERATOR: {SIZES: [[8], [16], [32], [64], [128]]}
  RPN:
    IN_FEATURES: [p2, p3, p4, p5, p6]
    PRE_NMS_TOPK_TRAIN: 50
    PRE_NMS_TOPK_TEST: 50
    POST_NMS_TOPK_TRAIN: 30
    POST_NMS_TOPK_TEST: 30
  ROI_HEADS:
    NAME: StandardROIHeads
    IN_FEATURES: [p2, p3, p4, p5]
    BATCH_SIZE_PER_IMAGE: 8
  ROI_BOX_HEAD: {NAME: FastRCNNConvFCHead, NUM_FC: 1, FC_DIM: 64, POOLER_RESOLUTION: 4}
"""


@pytest.mark.parametrize("yaml", [C4, FPN], ids=["C4", "FPN"])
@pytest.mark.parametrize("selection", ["fixed", "adaptive"])
def test_a_detectron2_detector_trains_and_extracts(
    trained: Trained, tmp_path: Path, yaml: str, selection: str
) -> None:
    (tmp_path / "detector.yaml").write_text(yaml)
    config = tmp_path / "config.yaml"
    config.write_text(
        f"regions: {{detector: detectron2, detector_config: {tmp_path / 'detector.yaml'}, "
        f"iterations: 2, batch_size: 2, short_side: 64, feature_size: 64, regions: 12, "
        f"selection: {selection}}}\ncompute: {{device: cpu, detector_threads: 1}}\n"
    )
    weights, report = tmp_path / "detector.pth", tmp_path / "report.json"
    more = ["--config", str(config), "--report", str(report)]
    assert trained.train(weights, *more) == 0
    assert report.exists()
    out = tmp_path / "val.h5"
    assert trained.extract(out, "--config", str(config), "--weights", str(weights)) == 0
    store = RegionStore(out)
    assert store.feature_size == 64
    assert store.signature["detector"] == "detectron2"
    assert store.signature["selection"] == selection
    assert store.num_boxes.min() >= (12 if selection == "fixed" else 10)
    assert store.num_boxes.max() <= 12
    assert main(["regions", "verify", str(out)]) == 0


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        (None, "no such file"),
        ("MODEL: {NOTHING: 1}", "not a configuration of Detectron2"),
        ("INPUT: {FORMAT: L}", "images as 'L' are not offered"),
        ("MODEL: [1", "not a configuration of Detectron2"),
        ("MODEL: {ROI_HEADS: {NAME: CascadeROIHeads}}", "'CascadeROIHeads' do not yield features"),
    ],
)
def test_what_is_no_detector_is_refused(tmp_path: Path, yaml: str | None, said: str) -> None:
    path = tmp_path / "detector.yaml"
    if yaml is not None:
        path.write_text(yaml)
    settings = RegionSettings(detector="detectron2", detector_config=str(path))
    with pytest.raises(InputError, match=said):
        detector_config(settings, ClassLists(("cup",), ("red",)), "cpu")
    with pytest.raises(InputError, match="no configuration of the detector"):
        detector_config(
            RegionSettings(detector="detectron2"), ClassLists(("cup",), ("red",)), "cpu"
        )


@pytest.mark.parametrize("channels", ["BGR", "RGB"])
def test_a_detector_is_given_the_channels_that_it_takes(tmp_path: Path, channels: str) -> None:
    path = tmp_path / "detector.yaml"
    path.write_text(f"{C4}INPUT: {{FORMAT: {channels}}}\n")
    settings = RegionSettings(detector="detectron2", detector_config=str(path))
    maker = ExampleMaker.of(detector_config(settings, ClassLists(("cup",), ("red",)), "cpu"))
    blue = np.array([255, 0, 0], np.uint8) * np.ones((20, 30, 1), np.uint8)  # BGR
    seen = maker.example(blue)["image"].flatten(1).float().mean(dim=1).tolist()
    assert seen == ([255, 0, 0] if channels == "BGR" else [0, 0, 255])


def test_a_signature_depends_on_the_configuration(tmp_path: Path) -> None:
    def signature(yaml: str) -> dict[str, Any]:
        path = tmp_path / "detector.yaml"
        path.write_text(yaml)
        settings = RegionSettings(
            detector="detectron2", detector_config=str(path), feature_size=64, short_side=64
        )
        classes = ClassLists(("cup",), ("red",))
        if not (tmp_path / "w.pth").exists():
            model = build_model(detector_config(settings, classes, "cpu"))
            save_checkpoint(tmp_path / "w.pth", model, asdict(settings), classes)
        return Detector.load(tmp_path / "w.pth", settings, "cpu").signature

    first = signature(C4)
    assert signature(f"{C4}SOLVER: {{GAMMA: 0.5}}\nOUTPUT_DIR: elsewhere\n") == first
    other = signature(f"{C4}  PIXEL_MEAN: [0.0, 0.0, 0.0]\n")
    assert [name for name in first if first[name] != other[name]] == ["configuration"]


def test_a_lazy_config_is_named_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "detector.py"
    path.write_text("raise SystemExit('was run')")
    settings = RegionSettings(detector="detectron2", detector_config=str(path))
    with pytest.raises(InputError, match="a LazyConfig, which is Python code and is not run"):
        detector_config(settings, ClassLists(("cup",), ("red",)), "cpu")


def test_code_in_a_configuration_is_not_run(tmp_path: Path) -> None:
    run, path = tmp_path / "was-run", tmp_path / "detector.yaml"
    path.write_text(f"MODEL: !!python/object/apply:os.mkdir [{str(run)!r}]")
    settings = RegionSettings(detector="detectron2", detector_config=str(path))
    with pytest.raises(InputError, match="not a configuration of Detectron2"):
        detector_config(settings, ClassLists(("cup",), ("red",)), "cpu")
    assert not run.exists()
