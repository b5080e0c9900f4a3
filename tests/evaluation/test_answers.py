from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rex.errors import InputError
from rex.evaluation.measures.answers import accuracy_samples, ood_samples, read_ood
from rex.evaluation.measures.gqa_scores import (
    choice_samples,
    consistency_sample,
    derive_choices,
    distribution_score,
)
from rex.evaluation.reading.ground_truth import Questions
from rex.gqa.questions import Types
from tests.evaluation.small_split import SmallSplit
from tests.evaluation.test_gqa_scores import color, questions, verify


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


def test_what_nobody_knows_is_not_counted() -> None:
    unknown, untyped = color("c3", ""), color("c4", "blue", types=Types(None, None, None))
    asked = questions(color("c1", entailed=("c3", "y1")), verify("y1"), unknown, untyped)
    given = ["red", "no", "", "blue"]
    samples: dict[str, Any] = accuracy_samples(given, asked)
    samples |= choice_samples(given, asked, derive_choices(asked))
    samples |= ood_samples(given, asked, {"all": ["c1", "c3"]})
    samples["consistency"] = consistency_sample(given, asked)
    found = {name: sample.score() for name, sample in samples.items()}
    assert {name: score.n for name, score in found.items() if "/structural" not in name} == {
        "accuracy": 3, "accuracy/binary": 1, "accuracy/open": 1, "accuracy/ood-all": 1,
        "accuracy/semantic/obj": 0, "accuracy/semantic/attr": 0, "accuracy/semantic/cat": 0,
        "accuracy/semantic/rel": 0, "accuracy/semantic/global": 0, "consistency": 1,
        "validity": 3, "plausibility": 3,
    }  # fmt: skip
    assert found["accuracy"].value == pytest.approx(200 / 3)
    assert found["accuracy/open"].value == pytest.approx(100)
    assert found["consistency"].value == 0
    assert distribution_score(given, asked).n == 2
    assert derive_choices(asked).valid[0] == {"red", "blue"}


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
