"""Features of a vision model for the regions of a store: tiny random models, crops and patches."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from rex.regions.inspection import verify
from rex.regions.store import ImageRegions, RegionStore
from rex.regions.store_writer import RegionStoreWriter, StoreHeader

from .running import ROOT

transformers = pytest.importorskip("transformers")
SCRIPT = ROOT / "workflow/scripts/describe_regions.py"
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
SMALL |= {"intermediate_size": 32, "patch_size": 8, "image_size": 32}
BOXES = np.array([[0, 0, 32, 32], [0, 0, 16, 32], [3, 5, 4, 6], [32, 0, 64, 48]], "f4")


def save_model(folder: Path, kind: str, *, safetensors: bool = True) -> Path:
    """Write a random model, and how its images are prepared."""
    torch.manual_seed(0)
    if kind == "clip":
        text = transformers.CLIPTextConfig(
            vocab_size=9, hidden_size=16, num_hidden_layers=1, bos_token_id=1, eos_token_id=2
        )
        vision = transformers.CLIPVisionConfig(**SMALL)
        config = transformers.CLIPConfig(
            text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=8
        )
        model: Any = transformers.CLIPModel(config)
    elif kind == "dino":
        model = transformers.Dinov2Model(transformers.Dinov2Config(**SMALL, mlp_ratio=2))
    else:
        model = transformers.ViTModel(transformers.ViTConfig(**SMALL), add_pooling_layer=False)
    model.save_pretrained(folder)
    if not safetensors:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    name = "CLIPImageProcessor" if kind == "clip" else "ViTImageProcessor"
    settings = {"image_processor_type": name, "do_center_crop": True, "size": {"shortest_edge": 48}}
    settings |= {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_normalize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of three images, one of them black on its left, one missing."""
    path = tmp_path / "r.h5"
    header = StoreHeader(
        image_ids=["a", "b", "c"], regions=4, feature_size=5, signature={"detector": "test"},
        object_names=["cup"], attribute_names=[], made_by={},
    )  # fmt: skip
    one = ImageRegions.unnamed(np.ones((4, 5)), BOXES, 64, 48)
    two = ImageRegions.unnamed(np.ones((2, 5)), BOXES[:2], 64, 48)
    with RegionStoreWriter(path, header) as writer:
        writer.write([0, 1, 2], [one, two, two])
    draw = np.random.default_rng(0).integers(1, 255, (48, 64, 3), np.uint8)
    draw[:, :32] = 0
    for name in ("a", "b"):
        Image.fromarray(draw).save(tmp_path / f"{name}.png")
    return path


def describe(store: Path, model: Path, pool: str) -> RegionStore:
    out = store.with_name(f"{pool}.h5")
    make = runpy.run_path(str(SCRIPT))["describe"]
    make(RegionStore(store), store.parent, model, pool, out, torch.device("cpu"))
    return RegionStore(out)


@pytest.mark.parametrize("kind", ["clip", "dino", "vit"])
def test_regions_get_features_of_a_model(tmp_path: Path, store: Path, kind: str) -> None:
    model = save_model(tmp_path / "model", kind)
    given = RegionStore(store)
    crops, patches = (describe(store, model, pool) for pool in ("crops", "patches"))
    for made in (crops, patches):
        assert made.feature_size == 16
        assert list(made.without_regions) == ["c"]
        assert made.boxes[:2].tolist() == given.boxes[:2].tolist()
        assert made.num_boxes.tolist() == [4, 2, 0]
        assert {str(one).partition(" (")[0] for one in verify(made)} == {"no regions"}
        assert made.features([0])[0].any(axis=1).all()
        # the same image gives the same, whatever other boxes there are
        np.testing.assert_allclose(made.features([0])[0, :2], made.features([1])[0, :2], atol=2e-3)
    # what is black all over looks the same, however large it is
    np.testing.assert_allclose(crops.features([0])[0, 0], crops.features([0])[0, 2], atol=2e-3)
    assert not np.allclose(crops.features([0])[0, 0], crops.features([0])[0, 3], atol=2e-3)
    assert crops.signature["features_of"] == "crops"
    assert crops.signature["features_from"] == patches.signature["features_from"]
    assert crops.signature["detector"] == "test"


def test_shares_of_cells() -> None:
    shares = runpy.run_path(str(SCRIPT))["_shares"]
    spans = np.array([[0, 4], [0.5, 1], [1.5, 2.5], [2, 2], [9, 9]])
    expected: Any = [[0.25] * 4, [1, 0, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(shares(spans, 4), expected)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [str(SCRIPT), str(store), "--images", str(tmp_path), "--model", str(tmp_path)]
    command += ["--device", "cuda", "--out", str(tmp_path / "out.h5")]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert ended.value.code == 2
    assert "compute.device" in capsys.readouterr().err


def test_what_is_not_safetensors_is_refused_in_a_line(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_model(tmp_path / "model", "vit", safetensors=False)
    command = [str(SCRIPT), str(store), "--images", str(tmp_path), "--model", str(model)]
    monkeypatch.setattr(sys, "argv", [*command, "--out", str(tmp_path / "out.h5")])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"{model}: ")
    assert "model.safetensors" in line
    assert not (tmp_path / "out.h5").exists()
