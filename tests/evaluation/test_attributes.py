from __future__ import annotations

import pytest

from rex.evaluation.measures.attributes import (
    MATCHES,
    PAPER_CATEGORIES,
    attribute_samples,
    expected_words,
)
from rex.evaluation.reading.asked_words import AskedWords


def recalls(
    asked: list[AskedWords], hypotheses: list[str], references: list[str]
) -> dict[str, float | None]:
    expected = expected_words(asked, references)
    samples = attribute_samples(range(len(asked)), expected, hypotheses)
    assert list(samples) == [f"attributes/{name}" for name in PAPER_CATEGORIES]
    return {name.partition("/")[2]: sample.score().value for name, sample in samples.items()}


def asks(*categories: str, relations: tuple[str, ...] = ()) -> AskedWords:
    return AskedWords(frozenset(categories), frozenset(relations))


def test_the_eight_categories_of_the_paper() -> None:
    assert set(PAPER_CATEGORIES) == {
        "color", "material", "sport activity", "shape", "pose", "size", "activity", "relation",
    }  # fmt: skip


def test_recall_by_hand() -> None:
    found = recalls(
        [asks("color"), asks("color", "size"), asks("material", relations=("to the left of",))],
        ["#1 is red", "small #1 and blue #2", "#1 made of steel to the right of #2"],
        ["#0 is red", "large #0 and blue #3", "#0 made of stainless steel to the left of #1"],
    )
    assert found["color"] == pytest.approx(100)
    assert found["size"] == 0
    # "stainless steel" was expected, as one; "steel" alone is not it
    assert found["material"] == 0
    assert found["relation"] == 0
    assert found["pose"] is None


def test_only_what_the_program_asks_for_counts() -> None:
    found = recalls([asks("size")], ["#1 is white"], ["small white #1"])
    assert found["color"] is None
    assert found["size"] == 0


def test_whole_words() -> None:
    # "tan" is a color, but not in "tank"
    found = recalls([asks("color")], ["the tank is there"], ["#0 is tan"])
    assert found["color"] == 0
    assert recalls([asks("color")], ["#0 is tan"], ["the tank is there"])["color"] is None


def test_a_word_counts_once_a_question() -> None:
    expected = expected_words([asks("color")], ["red #0 and red #1 not blue"])
    samples = attribute_samples([0], expected, ["red"])
    score = samples["attributes/color"].score()
    assert score.value == pytest.approx(50)
    assert score.n == 1
    assert "words:2" in score.signature


def test_phrases_stand_in_a_row() -> None:
    says = MATCHES["words"]
    assert says("to the left of", "the left")
    assert not says("the far left", "the left")
    assert not says("", "a")
