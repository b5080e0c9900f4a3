"""Explanations that are not about the regions of a run are refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rex.errors import InputError
from rex.files import read_parquet, write_parquet
from rex.regions.store import RegionStore
from rex.training.dataset import read_asked
from rex.training.explanations import read_explanations
from rex.training.run import RunFiles, RunName, train_run

from .toy import CONFIG


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
