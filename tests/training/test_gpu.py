"""Training and prediction on a GPU; skipped where there is none."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from rex.config import ComputeSettings, ModelSettings
from rex.experiment import RunName
from rex.files import read_parquet
from rex.models.backbones import Sizes, build_backbone
from rex.training.run import RunFiles, predict_run, train_run
from tests.models.test_backbones import LXMERT, SETTINGS, D, R, make_batch

from .toy import CONFIG

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("settings", [SETTINGS, LXMERT], ids=["visualbert", "lxmert"])
def test_an_image_without_regions_is_encoded(
    settings: ModelSettings, precision: torch.dtype
) -> None:
    torch.manual_seed(0)
    backbone = build_backbone(settings, Sizes(20, D, 10)).cuda()
    batch = dataclasses.replace(make_batch(), num_boxes=torch.tensor([0, R]))
    with torch.autocast("cuda", precision, enabled=precision != torch.float32):
        encoding = backbone(batch.to(torch.device("cuda")))
    torch.autograd.backward(encoding.cls.sum() + encoding.regions.sum())
    assert bool(torch.isfinite(encoding.cls).all())
    for weight in backbone.parameters():
        assert weight.grad is None or bool(torch.isfinite(weight.grad).all())


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("backbone", ["visualbert", "lxmert"])
def test_a_gpu_learns_and_predicts_what_a_cpu_predicts(
    toy: RunFiles, tmp_path: Path, precision: Any, backbone: Any
) -> None:
    config = dataclasses.replace(
        CONFIG,
        model=dataclasses.replace(CONFIG.model, backbone=backbone),
        training=dataclasses.replace(CONFIG.training, epochs=8, precision=precision),
        compute=ComputeSettings(device="cuda"),
    )
    run = tmp_path / "run"
    name = RunName(setting="multi-task", method="rex", seed=0)
    history = train_run(config, dataclasses.replace(toy, out=run), name)
    losses = [record["train/loss"] for record in history]
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < losses[0]
    answers = []
    for device in ("cuda", "cpu"):
        out = tmp_path / f"{device}.parquet"
        there = dataclasses.replace(config, compute=ComputeSettings(device=device))
        predict_run(there, run, questions=toy.questions, regions=toy.regions, out=out)
        answers.append(read_parquet(out)["answer"].to_pylist())
    alike = sum(one == other for one, other in zip(*answers, strict=True))
    assert alike >= 0.9 * len(answers[0])
