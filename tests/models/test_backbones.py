from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_type_hints

import pytest
import torch

from rex.config import ModelSettings
from rex.models import backbones
from rex.models.backbones import BACKBONES, Backbone, Sizes, VisualBert, build_backbone
from rex.models.batch import IGNORED, Batch

B, Q, R, D = 2, 6, 5, 7
SETTINGS = ModelSettings(
    hidden_size=8, layers=2, heads=2, intermediate_size=12, dropout=0.0, attention_dropout=0.0
)


def make_batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    pieces = torch.randint(4, 20, (B, Q), generator=generator)
    pieces[1, 4:] = 0
    features = torch.randn(B, R, D, generator=generator)
    features[0, 3:] = 0
    return Batch(
        pieces=pieces,
        features=features,
        boxes=torch.rand(B, R, 6, generator=generator),
        num_boxes=torch.tensor([3, R]),
        objects=torch.full((B, R), -1),
        attributes=torch.full((B, R), -1),
        answers=torch.zeros(B, dtype=torch.int64),
        explanations=torch.full((B, 1), IGNORED),
    )


LXMERT = dataclasses.replace(SETTINGS, backbone="lxmert")
EXAMPLE = "the example of the page"


def add_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the backbone of docs/new-data.md, written there as for the file of the others."""
    page = Path(__file__).parents[2] / "docs" / "new-data.md"
    (program,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    made = dict(vars(backbones))
    exec("from __future__ import annotations\n" + program, made)
    monkeypatch.setitem(BACKBONES, EXAMPLE, made["Uniter"])


@pytest.fixture(params=[*BACKBONES, EXAMPLE])
def backbone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Backbone:
    torch.manual_seed(0)
    add_example(monkeypatch)
    settings = dataclasses.replace(SETTINGS, backbone=request.param)
    return build_backbone(settings, Sizes(20, D, 10)).eval()


def test_the_configuration_knows_them_all() -> None:
    assert set(BACKBONES) == set(get_args(get_type_hints(ModelSettings)["backbone"]))


def test_the_example_starts_from_a_model_of_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import BertConfig, BertModel

    shape = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 12}
    bert = BertModel(BertConfig(vocab_size=30, num_hidden_layers=1, **shape))
    bert.save_pretrained(tmp_path)
    add_example(monkeypatch)
    settings = dataclasses.replace(SETTINGS, backbone=cast(Any, EXAMPLE), pretrained=str(tmp_path))
    loaded = build_backbone(settings, Sizes(20, D, 10)).transformer
    table = "embeddings.word_embeddings.weight"
    assert torch.equal(loaded.state_dict()[table], bert.state_dict()[table])
    # as a checkpoint rebuilds it
    build_backbone(
        dataclasses.replace(settings, pretrained=None),
        Sizes(20, D, 10),
        loaded.config.to_dict(),
    )


def test_shapes(backbone: Backbone) -> None:
    encoding = backbone(make_batch())
    assert encoding.cls.shape == (B, 8)
    assert encoding.regions.shape == (B, R, 8)
    assert encoding.visual.shape == (B, R, D)
    assert encoding.words.shape == (B, Q, 8)
    assert encoding.region_mask.sum(dim=1).tolist() == [3, R]


def test_padding_and_missing_regions_change_nothing(backbone: Backbone) -> None:
    batch = make_batch()
    changed = dataclasses.replace(
        batch,
        pieces=torch.cat([batch.pieces, torch.zeros(B, 3, dtype=torch.int64)], dim=1),
        features=torch.where(batch.region_mask[..., None], batch.features, 9.0),
    )
    one, other = backbone(batch), backbone(changed)
    assert torch.allclose(one.cls, other.cls, atol=1e-5)
    mask = one.region_mask
    assert torch.allclose(one.regions[mask], other.regions[mask], atol=1e-5)


def test_words_regions_and_boxes_all_count(backbone: Backbone) -> None:
    if isinstance(backbone, VisualBert):
        assert backbone.box_embedding is not None
        torch.nn.init.normal_(backbone.box_embedding.output.weight)
    batch = make_batch()
    pieces, features, boxes = batch.pieces.clone(), batch.features.clone(), batch.boxes.clone()
    pieces[:, 2] = 5
    features[:, 1] += 1
    boxes[:, 1] += 0.5
    base = backbone(batch).cls
    for changed in (
        dataclasses.replace(batch, pieces=pieces),
        dataclasses.replace(batch, features=features),
        dataclasses.replace(batch, boxes=boxes),
    ):
        assert not torch.allclose(base, backbone(changed).cls, atol=1e-4)


@pytest.mark.parametrize(
    ("mode", "boxes", "seen"),
    [("fixed", True, True), ("fixed", False, False), ("compat", True, False)],
)
def test_the_published_model_sees_no_boxes(
    mode: Literal["fixed", "compat"], boxes: bool, seen: bool
) -> None:
    settings = dataclasses.replace(SETTINGS, mode=mode, boxes=boxes)
    backbone = build_backbone(settings, Sizes(20, D, 10)).eval()
    assert isinstance(backbone, VisualBert)
    assert (backbone.box_embedding is not None) == seen
    if backbone.box_embedding is not None:
        torch.nn.init.normal_(backbone.box_embedding.output.weight)
    batch = make_batch()
    moved = dataclasses.replace(batch, boxes=batch.boxes + 0.5)
    assert torch.equal(backbone(batch).cls, backbone(moved).cls) != seen


def test_tags_are_the_means_of_the_question_s_own_words(backbone: Backbone) -> None:
    backbone.read_tags((((4,), (5, 6)), ((7,),)))
    table = backbone.transformer.embeddings.word_embeddings.weight
    assert backbone.tags is not None
    none = torch.full((B, R), -1)
    batch = dataclasses.replace(make_batch(), objects=none.clone(), attributes=none.clone())
    nothing = backbone.features(batch)
    batch.objects[0, 0], batch.objects[0, 1], batch.attributes[0, 1] = 0, 1, 0
    read = backbone.features(batch)
    assert torch.equal(read[1], nothing[1])
    output, norm = backbone.tags.output, torch.nn.functional.layer_norm

    def embedded(thing: torch.Tensor, attribute: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, output(torch.cat([norm(thing, (8,)), norm(attribute, (8,))])))

    no = torch.zeros(8)
    for region, tags in (
        (0, embedded(table[4], no)),
        (1, embedded((table[5] + table[6]) / 2, table[7])),
        (2, embedded(no, no)),
    ):
        assert torch.allclose(read[0, region], batch.features[0, region] + tags, atol=1e-5)
