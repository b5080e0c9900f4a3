"""Any other Detectron2 detector (C4 or feature pyramid), described by its own YAML file."""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

from pathlib import Path

from rex.operators import register_operators

register_operators()

from detectron2.config import CfgNode, get_cfg

from rex.config import RegionSettings
from rex.errors import InputError
from rex.regions.annotations import ClassLists
from rex.regions.heads import add_region_settings, select_regions

_HEADS = {"StandardROIHeads": "RegionROIHeads", "Res5ROIHeads": "Res5RegionROIHeads"}
"""Detectron2's heads, and those that do the same and also describe regions."""


def custom(settings: RegionSettings, classes: ClassLists, device: str) -> CfgNode:
    """Return the configuration of the YAML file `settings.detector_config`, fitted to `classes`.

    Raises InputError when there is none, it is not Detectron2's, or its heads are not known here.
    """
    if settings.detector_config is None:
        raise InputError(
            "no configuration of the detector",
            place="regions.detector_config",
            cure="name a YAML file of Detectron2",
        )
    if not Path(settings.detector_config).is_file():
        raise InputError(
            "no such file", file=settings.detector_config, cure="check regions.detector_config"
        )
    cfg = get_cfg()
    add_region_settings(cfg)
    try:
        cfg.merge_from_file(settings.detector_config)
    except Exception as error:  # yacs raises many kinds for a key or a value it does not know
        raise InputError(
            f"not a configuration of Detectron2 ({error})",
            file=settings.detector_config,
            cure="mend it",
        ) from None
    heads = cfg.MODEL.ROI_HEADS.NAME
    if heads not in _HEADS:
        raise InputError(
            f"heads {heads!r} do not yield features of regions",
            file=settings.detector_config,
            place="MODEL.ROI_HEADS.NAME",
            cure=f"use {' or '.join(_HEADS)}",
        )
    cfg.MODEL.ROI_HEADS.NAME = _HEADS[heads]
    cfg.MODEL.DEVICE = device
    cfg.MODEL.WEIGHTS = ""
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = len(classes.object_names)
    cfg.MODEL.ATTRIBUTES.NUMBER = len(classes.attribute_names)
    cfg.INPUT.MIN_SIZE_TRAIN = (settings.short_side,)
    cfg.INPUT.MIN_SIZE_TEST = settings.short_side
    select_regions(cfg, settings)
    cfg.SOLVER.IMS_PER_BATCH = settings.batch_size
    cfg.SOLVER.MAX_ITER = settings.iterations
    cfg.SOLVER.BASE_LR = settings.learning_rate
    return cfg
