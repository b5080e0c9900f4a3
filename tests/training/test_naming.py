from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.errors import InputError
from rex.files import read_parquet
from rex.models.vocabulary import Vocabulary
from rex.regions.store import RegionStore
from rex.training.naming import add_names, find_regions, name_regions, region_names
from rex.training.run import RunFiles, RunName, predict_run, train_run

from .toy import CONFIG, THINGS


def test_regions_are_called_what_the_detector_took_them_for(toy: RunFiles) -> None:
    store = RegionStore(toy.regions)
    names = region_names(store)
    assert list(names) == store.image_ids
    assert [len(called) for called in names.values()] == store.num_boxes.tolist()
    assert names["train0"][0] == THINGS[store.object_ids[0, 0]]


def test_classes_without_names_are_an_error(toy: RunFiles) -> None:
    store = RegionStore(toy.regions)
    store.object_names = store.object_names[:1]
    with pytest.raises(InputError, match="--vocabulary"):
        region_names(store)


def test_names_stand_for_region_tokens() -> None:
    named = name_regions({"q1": "#1 is left of #0", "q2": "no #0"}, {"q1": ["potted plant", "cat"]})
    assert named == {"q1": "cat is left of potted plant"}


def test_the_vocabulary_gets_the_words_of_all_names(toy: RunFiles) -> None:
    vocabulary = add_names(
        Vocabulary(("yes",), ("is", "cat"), ("[PAD]",), 5), RegionStore(toy.regions)
    )
    assert vocabulary.words == ("is", "cat", "car", "cup", "hat", "object")


def test_the_longest_name_and_the_best_region_count() -> None:
    names = ["table", "coffee table", "cat", "table"]
    tokens = ["the", "coffee", "table", "and", "the", "table", "by", "the", "dog"]
    assert find_regions(tokens, names) == [-1, 1, 1, -1, -1, 0, -1, -1, -1]


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from(["a", "b c", "c"])))
def test_a_found_region_bears_the_word(tokens: list[str], names: list[str]) -> None:
    regions = find_regions(tokens, names)
    assert len(regions) == len(tokens)
    for token, region in zip(tokens, regions, strict=True):
        assert region == -1 or token in names[region].split()


def test_a_textual_method_writes_names(toy: RunFiles, tmp_path: Path) -> None:
    config = dataclasses.replace(
        CONFIG, training=dataclasses.replace(CONFIG.training, epochs=15, decay_epoch=15)
    )
    files = dataclasses.replace(toy, out=tmp_path)
    train_run(config, files, RunName(setting="explanation-only", method="vqae", seed=0))
    out = tmp_path / "p.parquet"
    predict_run(config, tmp_path, questions=toy.questions, regions=toy.regions, out=out)
    rows = read_parquet(out).to_pylist()
    assert not any("#" in row["explanation"] for row in rows)
    assert any(region >= 0 for row in rows for region in row["regions"])
    for row in rows:
        tokens = row["explanation"].split()
        assert len(tokens) == len(row["regions"])
        assert all(
            token in THINGS for token, r in zip(tokens, row["regions"], strict=True) if r >= 0
        )
