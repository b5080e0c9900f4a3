from __future__ import annotations

from pathlib import Path

import pytest

from rex.evaluation.details import (
    SUMMARIES,
    read_details,
    sums_of_same_images,
    write_details,
)
from rex.evaluation.measures.captions import caption_samples
from rex.evaluation.scores import mean_sample


def test_scores_come_back_from_what_questions_add(tmp_path: Path) -> None:
    ids = ["a", "b", "c", "d"]
    samples = caption_samples(
        [3, 1], ["#0 is very red", "no cat is here"], ["#0 is red", "no cat is here"]
    )
    samples["accuracy"] = mean_sample(range(4), [1, 0, 1, 1])
    samples["grounding"] = mean_sample([], [])
    write_details(tmp_path / "val.parquet", samples, ids, [f"image {name}" for name in ids])
    found = {name: read_details(tmp_path / "val.parquet", name) for name in SUMMARIES}
    assert sorted(name for name, details in found.items() if details is not None) == [
        "accuracy", "bleu4", "cider", "rouge-l",
    ]  # fmt: skip
    for name, details in found.items():
        if details is not None:
            again = SUMMARIES[name](details.statistics.sum(axis=0))
            assert float(again) == pytest.approx(samples[name].score().value)
    accuracy, rouge = found["accuracy"], found["rouge-l"]
    assert accuracy is not None
    assert rouge is not None
    assert accuracy.question_ids == ids
    # the row of each question, not the order of measuring
    assert rouge.question_ids == ["b", "d"]
    assert rouge.statistics[0, 0] == pytest.approx(1)
    assert rouge.statistics[1, 0] < 1


def test_what_a_run_says_nothing_about_counts_nothing_in_its_sums(tmp_path: Path) -> None:
    ids, images = ["a", "b", "c", "d"], ["one", "one", "three", "two"]
    sums = []
    for name, rows, values in (("read", [0, 2, 3], [1, 0, 1]), ("unread", [1], [1])):
        path = tmp_path / f"{name}.parquet"
        write_details(path, {"truth": mean_sample(rows, values)}, ids, images)
        found = read_details(path, "truth")
        assert found is not None
        assert found.asked == ids
        sums.append(found)
    ((read,), (unread,)) = sums_of_same_images([[one] for one in sums])
    # of the images one, three, two: what holds, and of how many
    assert read.tolist() == [[1, 1], [0, 1], [1, 1]]
    assert unread.tolist() == [[1, 1], [0, 0], [0, 0]]
