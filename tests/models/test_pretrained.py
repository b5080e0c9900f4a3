"""Backbones that others have trained: where training starts, and what may be wrong with them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from rex.config import ModelSettings
from rex.errors import InputError
from rex.models.backbones import Backbone, Sizes, build_backbone
from rex.models.pretrained import read_word_pieces

D = 7
SETTINGS = ModelSettings(hidden_size=8, layers=2, heads=2, intermediate_size=12)
LXMERT = dataclasses.replace(SETTINGS, backbone="lxmert")
BOTH = pytest.mark.parametrize("settings", [SETTINGS, LXMERT], ids=["visualbert", "lxmert"])


def build(
    settings: ModelSettings, *, pieces: int = 20, feature_size: int = D, question_length: int = 10
) -> Backbone:
    return build_backbone(settings, Sizes(pieces, feature_size, question_length))


def save(settings: ModelSettings, folder: Path) -> ModelSettings:
    """Save a backbone larger than its use needs; return settings that start from it."""
    torch.manual_seed(1)
    build(settings, pieces=30, question_length=16).transformer.save_pretrained(folder)
    return dataclasses.replace(settings, pretrained=str(folder))


@BOTH
def test_it_is_where_training_starts_whatever_the_settings_sizes(
    settings: ModelSettings, tmp_path: Path
) -> None:
    pretrained = save(settings, tmp_path)
    loaded = build(dataclasses.replace(pretrained, hidden_size=16, layers=1, dropout=0.3))
    assert loaded.hidden_size == 8
    # how much is dropped is a matter of training
    assert loaded.transformer.config.hidden_dropout_prob == 0.3
    for key, value in load_file(tmp_path / "model.safetensors").items():
        found = loaded.transformer.state_dict()[key]
        assert found.dtype == torch.float32
        assert torch.equal(found, value)


def test_half_precision_weights_are_trained_in_full(tmp_path: Path) -> None:
    settings = save(SETTINGS, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    save_file(
        {key: value.half() for key, value in weights.items()},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"dtype": "float16"}))
    assert {value.dtype for value in build(settings).transformer.parameters()} == {torch.float32}


@BOTH
def test_what_does_not_fit_is_one_line(settings: ModelSettings, tmp_path: Path) -> None:
    pretrained = save(settings, tmp_path)
    build(pretrained)
    with pytest.raises(InputError, match=r"7 wide, the regions' are 9"):
        build(pretrained, feature_size=9)
    with pytest.raises(InputError, match=r"word_pieces: asks for 31, .* knows 30"):
        build(pretrained, pieces=31)
    with pytest.raises(InputError, match=r"question_length: asks for 17, .* knows 16"):
        build(pretrained, question_length=17)
    other = LXMERT if settings.backbone == "visualbert" else SETTINGS
    with pytest.raises(InputError, match=rf"model\.backbone asks for {other.backbone[:6]}"):
        build(dataclasses.replace(other, pretrained=pretrained.pretrained))
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop(next(key for key in weights if "attention" in key))
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="lacks 1 weight"):
        build(pretrained)


@pytest.mark.parametrize("damage", ["absent", "empty", "truncated", "no configuration"])
def test_a_damaged_one_is_one_line(tmp_path: Path, damage: str) -> None:
    settings = save(SETTINGS, tmp_path / "model")
    if damage == "absent":
        settings = dataclasses.replace(settings, pretrained=str(tmp_path / "nowhere"))
    elif damage == "empty":
        (tmp_path / "model" / "model.safetensors").write_bytes(b"")
    elif damage == "truncated":
        whole = (tmp_path / "model" / "model.safetensors").read_bytes()
        (tmp_path / "model" / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    else:
        (tmp_path / "model" / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"model\.pretrained: can't be loaded") as caught:
        build(settings)
    assert "\n" not in str(caught.value)


def test_word_pieces_are_numbered_by_their_lines(tmp_path: Path) -> None:
    pieces = ("[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "what", "##s", "\u2028")
    file = tmp_path / "vocab.txt"
    file.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    assert read_word_pieces(str(file)) == read_word_pieces(str(tmp_path)) == pieces


def test_word_pieces_that_are_none_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.word_pieces: no word pieces"):
        read_word_pieces(str(tmp_path))
    (tmp_path / "vocab.txt").write_text("what\nis\n")
    with pytest.raises(InputError, match="not a BERT vocabulary"):
        read_word_pieces(str(tmp_path))
    (tmp_path / "vocab.txt").write_text("")
    with pytest.raises(InputError, match="not a BERT vocabulary"):
        read_word_pieces(str(tmp_path))
