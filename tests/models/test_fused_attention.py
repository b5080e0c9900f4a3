"""The fused kernels give what transformers' attention gives; they run on a CPU, too."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from rex.models import fused_attention
from rex.models.backbones import Backbone, Sizes, build_backbone

from .test_backbones import LXMERT, SETTINGS, B, D, R, make_batch

BATCHES = {
    "padded": make_batch(),
    "an image without regions": dataclasses.replace(make_batch(), num_boxes=torch.tensor([0, R])),
}


@pytest.fixture(params=[SETTINGS, LXMERT], ids=["visualbert", "lxmert"])
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return build_backbone(request.param, Sizes(20, D, 10))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have the fused way taken on the CPU; the number of layers that took it."""
    counted, attend = [0], fused_attention.attend

    def noted(layer: object, hidden: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
        counted[0] += 1
        return attend(layer, hidden, context, mask)

    monkeypatch.setattr(fused_attention, "attend", noted)
    return counted


@pytest.mark.parametrize("name", BATCHES)
def test_outputs_and_gradients_are_those_of_transformers(
    name: str, backbone: Backbone, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for fused in (False, True):
        monkeypatch.setattr(fused_attention, "pays", lambda _, fused=fused: fused)
        backbone.zero_grad()
        encoding = backbone(BATCHES[name])
        torch.autograd.backward(encoding.cls.sum() + encoding.regions[1].pow(2).sum())
        gradients = [p.grad.flatten() for p in backbone.parameters() if p.grad is not None]
        found.append((encoding.cls, encoding.regions, torch.cat(gradients)))
        assert bool(calls[0]) == fused
    for eager, fused_value in zip(*found, strict=True):
        torch.testing.assert_close(fused_value, eager, atol=1e-5, rtol=1e-5)
    layers = [type(layer).__name__ for layer in backbone.modules()]
    assert calls[0] >= sum(name.startswith("Fused") for name in layers) > 0


def test_half_precision_is_finite_without_regions(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused_attention, "pays", lambda _: True)
    for precision in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", precision), torch.no_grad():
            encoding = backbone(BATCHES["an image without regions"])
        assert bool(torch.isfinite(encoding.cls).all())


def test_a_kernel_may_scale_the_mask(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a GPU reckon in powers of two: they multiply it by log₂ e, in float32."""
    masks, attend = [], functional.scaled_dot_product_attention

    def noted(*arguments: Any, **options: Any) -> Tensor:
        masks.append(options["attn_mask"])
        return attend(*arguments, **options)

    monkeypatch.setattr(fused_attention, "pays", lambda _: True)
    monkeypatch.setattr(functional, "scaled_dot_product_attention", noted)
    with torch.no_grad():
        backbone(BATCHES["an image without regions"])
    assert all(bool(torch.isfinite(mask * math.log2(math.e)).all()) for mask in masks)


def test_dropout_drops_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_attention, "pays", lambda _: True)
    torch.manual_seed(0)
    settings = dataclasses.replace(SETTINGS, attention_dropout=0.5)
    backbone = build_backbone(settings, Sizes(20, D, 10))
    one, other = (backbone(BATCHES["padded"]).cls for _ in range(2))
    assert not torch.equal(one, other)
    backbone.eval()
    one, other = (backbone(BATCHES["padded"]).cls for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (B, SETTINGS.hidden_size)


def test_the_cpu_keeps_its_way_and_the_weights_their_names(
    backbone: Backbone, calls: list[int]
) -> None:
    backbone(BATCHES["padded"])
    assert calls[0] == 0
    assert any(name.endswith(".query.weight") for name in backbone.state_dict())
