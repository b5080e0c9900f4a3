from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rex.evaluation.captions import caption_samples
from rex.evaluation.details import SUMMARIES, read_details, write_details
from rex.evaluation.scores import mean_sample


def test_scores_come_back_from_what_questions_add(tmp_path: Path) -> None:
    ids = ["a", "b", "c", "d"]
    samples = caption_samples(
        [3, 1], ["#0 is very red", "no cat is here"], ["#0 is red", "no cat is here"], tokens="x"
    )
    samples["accuracy"] = mean_sample(range(4), [1, 0, 1, 1])
    samples["grounding"] = mean_sample([], [])
    write_details(tmp_path / "val.parquet", samples, ids)
    found = read_details(tmp_path / "val.parquet")
    assert sorted(found) == ["accuracy", "bleu4", "cider", "rouge-l"]
    assert list(found["accuracy"]) == ids
    assert list(found["bleu4"]) == ["b", "d"]
    for name, values in found.items():
        again = SUMMARIES[name](np.sum(list(values.values()), axis=0))
        assert float(again) == pytest.approx(samples[name].score().value)
    # the row of each question, not the order of measuring
    assert found["rouge-l"]["b"][0] == pytest.approx(1)
    assert found["rouge-l"]["d"][0] < 1
