from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.small_split import SmallSplit, make_split, true_answers, true_texts


@pytest.fixture
def split(tmp_path: Path) -> SmallSplit:
    """The hand-made split, with the predictions of two methods."""
    split = make_split(tmp_path)
    split.predict(
        true_answers() | {"q1": "red"},
        true_texts() | {"q1": "#1 is red on @2", "q6": "<i>x</i> #0"},
        gates=True,
    )
    split.predict(true_answers(), {}, setting="answer-only", method="backbone")
    return split


@pytest.fixture
def predictions(split: SmallSplit) -> list[Path]:
    runs = (("multi-task", "rex"), ("answer-only", "backbone"))
    return [split.run(*run) / "predictions/val.parquet" for run in runs]
