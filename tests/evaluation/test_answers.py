from __future__ import annotations

from pathlib import Path

import pytest

from rex.errors import InputError
from rex.evaluation.measures.answers import accuracy_samples, ood_samples, read_ood
from rex.evaluation.reading.ground_truth import Questions
from tests.evaluation.small_split import SmallSplit


def test_accuracy_by_hand() -> None:
    questions = Questions(
        answers=["yes", "yes", "no", "red"],
        structural=["verify", "verify", "verify", "query"],
        semantic=["obj", "rel", "rel", "attr"],
    )
    samples = accuracy_samples(["yes", "no", None, "red"], questions)
    values = {name: sample.score().value for name, sample in samples.items()}
    assert values["accuracy"] == pytest.approx(50)
    assert values["accuracy/structural/verify"] == pytest.approx(100 / 3)
    assert values["accuracy/structural/query"] == pytest.approx(100)
    assert values["accuracy/semantic/rel"] == pytest.approx(0)
    assert values["accuracy/structural/logical"] is None  # none was asked
    assert samples["accuracy"].score().n == 4


def test_ood_counts_only_what_was_asked() -> None:
    parts = {"all": ["a", "b", "c"], "head": ["a", "b"], "tail": ["c"]}
    samples = ood_samples(["1", "2"], Questions(ids=["a", "b"], answers=["1", "1"]), parts)
    assert samples["accuracy/ood-head"].score().value == pytest.approx(50)
    assert "asked:2/3" in samples["accuracy/ood-all"].score().signature
    assert samples["accuracy/ood-tail"].score().value is None


def test_ood_files(split: SmallSplit) -> None:
    assert read_ood(split.ood, "val") == {"all": ["q1", "q4"], "head": ["q1"], "tail": ["q4"]}


def test_missing_ood_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ood_val_all\.json"):
        read_ood(tmp_path, "val")
