"""Word pieces of questions, regions by name, and explanations of other regions."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from pathlib import Path
from typing import Any

import h5py
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.errors import InputError
from rex.experiment import RunName
from rex.files import read_parquet, write_parquet
from rex.models.vocabulary import Vocabulary
from rex.regions.store import RegionStore
from rex.training.dataset import read_asked
from rex.training.run import RunFiles, predict_run, train_run
from rex.training.texts import (
    add_names,
    encode_questions,
    find_regions,
    name_regions,
    read_explanations,
    region_names,
    unread,
)

from .toy import CONFIG, THINGS

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "is", "the", "cow", "a", "sky", "##lark"]
PIECES += ["?", *"owxyz", *(f"##{letter}" for letter in "cowxyz")]


@pytest.mark.parametrize(
    ("question", "new"),
    [
        ("Is the cow a skylark?", []),
        ("Is a xyz a cow, a xyz?", ["xyz", ","]),  # spelt in letters; unknown
        ("Is the Qä or 🦄 a cow?", ["Qä", "or", "🦄"]),
    ],
)
def test_new_words(question: str, new: list[str]) -> None:
    assert unread(question, PIECES, 30) == (new, None)


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("is the cow a cow", None),
        ("is the cow a cow?", "is the cow a cow"),
        ("is  the cow a skylark", "is  the cow a"),  # half a word is none
        ("xyzxyzxyz", ""),
    ],
)
def test_what_is_read_of_a_long_question(question: str, read: str | None) -> None:
    length = 7  # five pieces, [CLS] and [SEP]
    assert unread(question, PIECES, length)[1] == read
    pieces = int(encode_questions([question], PIECES, 100).lengths[0])
    assert (read is None) == (pieces <= length)


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


@pytest.mark.parametrize(("method", "refused"), [("vqae", True), ("reader", True), ("rex", False)])
def test_regions_without_classes_are_refused_where_they_are_named(
    toy: RunFiles, tmp_path: Path, method: str, refused: bool
) -> None:
    files = dataclasses.replace(toy, regions=tmp_path / "r.h5", out=tmp_path / "run")
    shutil.copy(toy.regions, files.regions)
    with h5py.File(files.regions, "r+") as store:
        store["object_ids"][:] = -1
    name = RunName(setting="explanation-only", method=method, seed=0)
    said = pytest.raises(InputError, match=r"r\.h5: its regions have no classes")
    with said if refused else contextlib.nullcontext():
        train_run(CONFIG, files, name)


def test_names_stand_for_region_tokens() -> None:
    named = name_regions({"q1": "#1 is left of #0", "q2": "no #0"}, {"q1": ["potted plant", "cat"]})
    assert named == {"q1": "cat is left of potted plant"}


@pytest.mark.parametrize("token", ["#", "#x", "#-1", "##0", "#²", "#٣"])
def test_what_only_looks_like_a_region_is_a_word(toy: RunFiles, tmp_path: Path, token: str) -> None:
    texts = {"train3-1": f"{token} is red"}
    assert name_regions(texts, {"train3-1": ["cat"]}) == texts
    assert rewritten(toy, tmp_path / "e.parquet", texts)["train3-1"] == texts["train3-1"]


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


def rewritten(toy: RunFiles, path: Path, texts: dict[str, str], **settings: Any) -> dict[str, str]:
    """Read the toy explanations, some of them replaced, from a file made with `settings`."""
    table = read_parquet(toy.explanations)
    question_ids = table["question_id"].to_pylist()
    old = table["text"].to_pylist()
    new = [texts.get(key, text) for key, text in zip(question_ids, old, strict=True)]
    table = pa.table({"question_id": question_ids, "text": pa.array(new, pa.string())})
    write_parquet(path, table, provenance={"settings": settings})
    return read_explanations(path, read_asked(toy.questions), RegionStore(toy.regions))


def test_those_of_questions_that_are_asked_are_read(toy: RunFiles, tmp_path: Path) -> None:
    table = read_parquet(toy.explanations).to_pylist()
    expected = {row["question_id"]: row["text"] for row in table if row["text"] is not None}
    assert rewritten(toy, tmp_path / "e.parquet", {}) == expected
    asked = dict(list(read_asked(toy.questions).items())[:1])
    store = RegionStore(toy.regions)
    assert read_explanations(toy.explanations, asked, store).keys() == asked.keys()


def test_a_region_that_an_image_lacks_is_refused(toy: RunFiles, tmp_path: Path) -> None:
    store = RegionStore(toy.regions)
    count = store.num_boxes[store.index["train3"]]
    last = f"#{count - 1} is red"
    assert rewritten(toy, tmp_path / "e.parquet", {"train3-1": last})["train3-1"] == last
    with pytest.raises(
        InputError, match=rf"question train3-1: names region #{count}, image train3 has {count};"
    ):
        rewritten(toy, tmp_path / "e.parquet", {"train3-1": f"red is #{count}"})
    with pytest.raises(InputError, match=r"question train3-1: names region #999"):
        rewritten(toy, tmp_path / "e.parquet", {"train3-1": "#" + "9" * 5000})


@pytest.mark.parametrize("method", ["rex", "vqae"])
def test_training_refuses_it(toy: RunFiles, tmp_path: Path, method: str) -> None:
    with pytest.raises(InputError):
        rewritten(toy, tmp_path / "e.parquet", {"train0-0": "#36"})
    files = dataclasses.replace(toy, explanations=tmp_path / "e.parquet", out=tmp_path / "run")
    with pytest.raises(InputError, match=r"e\.parquet: question train0-0: names region #36"):
        train_run(CONFIG, files, RunName(setting="multi-task", method=method, seed=0))


def test_a_file_made_with_other_regions_is_refused(toy: RunFiles, tmp_path: Path) -> None:
    path, own = tmp_path / "e.parquet", RegionStore(toy.regions).signature
    assert rewritten(toy, path, {}, regions_signature=own)
    assert rewritten(toy, path, {}, regions_signature=None)
    with pytest.raises(InputError, match=r"e\.parquet: was made with other regions than .*h5;"):
        rewritten(toy, path, {}, regions_signature={**own, "weights": "def"})
