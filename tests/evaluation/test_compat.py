from __future__ import annotations

from unittest.mock import Mock

import numpy as np
import pytest

from rex.boxes import box_sets
from rex.errors import InputError
from rex.evaluation.case import Case, Inputs
from rex.evaluation.measures.attributes import expected_words
from rex.evaluation.measures.compat import (
    GROUNDING,
    compat_attributes,
    compat_captions,
    compat_grounding,
)
from rex.evaluation.measures.compat import (
    MEASURES as COMPAT,
)
from rex.evaluation.measures.java import find_java
from rex.evaluation.measures.meteor import MEASURES as METEOR
from rex.evaluation.measures.meteor import meteor_score
from rex.evaluation.measures.published_texts import PublishedTexts, ptb_tokens, published_texts
from rex.evaluation.reading.asked_words import AskedWords
from rex.evaluation.scores import Sample, Score
from tests.evaluation.small_split import SmallSplit, true_answers, true_texts

needs_java = pytest.mark.skipif(find_java() is None, reason="needs Java")


def test_grounding_looks_at_the_last_object_alone_and_does_not_clip() -> None:
    left, right = (0, 0, 10, 10), (20, 0, 30, 10)
    predicted = box_sets([[right], [left], [left], []])
    annotated = box_sets([[left, right], [left, right], [left], [left]])
    sample = compat_grounding(range(4), predicted, annotated, np.array([0.5, 0.5, 0.0, 0.25]))
    # the first is "perfect" and scores 200 %; the second points at the other object;
    # the third has no bound and is dropped; the last names nothing
    assert sample.rows.tolist() == [0, 1, 3]
    assert sample.score().value == pytest.approx(200 / 3)


def test_grounding_counts_whole_pixels() -> None:
    predicted, annotated = box_sets([[(0.9, 0, 10.9, 10)]]), box_sets([[(0, 0, 10, 10)]])
    sample = compat_grounding([0], predicted, annotated, np.array([1.0]))
    assert sample.score().value == pytest.approx(100)


def test_attributes_are_found_inside_words() -> None:
    expected = expected_words([AskedWords(frozenset({"color"}))], ["#0 is tan"])
    for text, rex, vcin in [
        ("the tank is there", 100, 100),  # a blank stands before it
        ("my titan is there", 100, 100),  # or after it
        ("the stand is there", 0, 100),
        ("#0 is tan", 100, 100),
        ("there is no dog", 0, 0),
    ]:
        found = compat_attributes([0], expected, [text])
        assert found["compat/attributes/color"].score().value == pytest.approx(rex)
        assert found["compat/attributes-anywhere/color"].score().value == pytest.approx(vcin)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        # the second and third region of q2 are of the table, its last object; q4 is left out
        ('{"q1": 0.5, "q2": 0.8, "q4": 0}', 100 * (1 / 0.5 + 800 / 850 / 0.8) / 2),
        ("[]", None),
        ('{"q1": "much"}', None),
    ],
)
def test_the_published_bound(split: SmallSplit, content: str, value: float | None) -> None:
    file = split.folder / "grounding_upper_bound.json"
    file.write_text(content)
    inputs = Inputs(
        questions=split.questions,
        explanations=split.explanations,
        regions=split.regions,
        scene_graphs=split.scene_graphs,
        upper_bound=file,
    )
    case = Case.read(split.predict(true_answers(), true_texts()), inputs)
    (measure,) = GROUNDING
    if value is None:
        with pytest.raises(InputError, match="question id to number"):
            measure.compute(case)
        return
    sample = measure.compute(case)["compat/grounding"]
    assert isinstance(sample, Sample)
    assert sample.score().value == pytest.approx(value, rel=1e-6)


def test_meteor_is_started_once(split: SmallSplit, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(ours: list[str], theirs: list[str]) -> np.ndarray:
        """All words are matched, of published texts none."""
        asked.append(len(ours))
        return np.array([[0.0 if text.startswith("published") else 1.0] * 23 for text in ours])

    def published(_: Case) -> PublishedTexts:
        return PublishedTexts([1], ["published text"], ["published reference"], 2)

    for name in ("meteor", "compat"):
        monkeypatch.setattr(f"rex.evaluation.measures.{name}.published_texts", published)
    monkeypatch.setattr("rex.evaluation.measures.meteor.meteor_statistics", counted)
    path = split.predict(true_answers(), true_texts())
    scores: dict[str, Sample | Score | str] = {}
    for compat in (False, True):
        inputs = Inputs(questions=split.questions, explanations=split.explanations, compat=compat)
        case = Case.read(path, inputs)
        scores |= METEOR[0].compute(case)
        if compat:
            scores |= COMPAT[0].compute(case)
    found = {name: s.score().value for name, s in scores.items() if isinstance(s, Sample)}
    assert found["meteor"] == pytest.approx(float(meteor_score(np.ones(23))))
    assert found["compat/meteor"] == 0
    assert asked == [len(case.hypotheses), len(case.hypotheses) + 1]


@needs_java
@pytest.mark.slow
def test_tokens_and_scaling() -> None:
    assert ptb_tokens(["#12 is at @3 .", "", "Red, blue", ""]) == [
        "# 12 is at @ 3", "", "red blue", "",
    ]  # fmt: skip
    hypotheses, references = ["#13 is very red now", ""], ["#12 is very red now", "no dog"]
    published = published_texts(Mock(hypotheses=hypotheses, references=references))
    assert (published.kept, published.count) == ([0], 2)
    found = compat_captions([0, 1], published, None)
    # five of six tokens are right, "#" among them; half of the explanations are there
    assert found["compat/bleu1"].score().value == pytest.approx(100 * 5 / 6 / 2)
    assert found["compat/bleu1"].score().n == 1
    assert "tok:ptb" in found["compat/cider"].score().signature
    assert "compat/meteor" not in found
    with_meteor = compat_captions([0, 1], published, np.ones((1, 23)))["compat/meteor"]
    assert with_meteor.score().value == pytest.approx(float(meteor_score(np.ones(23))) / 2)
