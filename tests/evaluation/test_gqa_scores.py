from __future__ import annotations

import json
from pathlib import Path

import pytest

from rex.errors import InputError
from rex.evaluation.measures.answers import accuracy_samples
from rex.evaluation.measures.gqa_scores import (
    FILE,
    Choices,
    choice_samples,
    consistency_sample,
    derive_choices,
    distribution_score,
    read_choices,
)
from rex.evaluation.reading.ground_truth import Questions
from rex.gqa.questions import Groups, Question, SemanticStep, Types

QUERY = Types("query", None, "direct")
CAR_COLOR = Groups("color", "10q-car_color")


def questions(*given: tuple[str, Question]) -> Questions:
    found = Questions()
    for question_id, question in given:
        found.add(question_id, question)
    return found


def color(
    question_id: str = "c1",
    answer: str = "red",
    *,
    types: Types = QUERY,
    groups: Groups = CAR_COLOR,
    entailed: tuple[str, ...] = (),
    semantic: tuple[SemanticStep, ...] = (),
) -> tuple[str, Question]:
    return question_id, Question(
        image_id="1",
        question="What color is the car?",
        answer=answer,
        types=types,
        groups=groups,
        entailed=entailed,
        semantic=semantic,
    )


def verify(question_id: str = "y1") -> tuple[str, Question]:
    types, groups = Types("verify", None, "direct"), Groups(None, "06-car_red")
    return color(question_id, "yes", types=types, groups=groups)


COLOR, YES = color(), verify()


def test_binary_and_open() -> None:
    samples = accuracy_samples(["red", "no"], questions(COLOR, YES))
    assert samples["accuracy/open"].score().value == 100
    assert samples["accuracy/binary"].score().value == 0


def test_consistency_by_hand() -> None:
    asked = questions(
        color(entailed=("y1", "y2", "c1", "unasked")),
        YES,
        verify("y2"),
        color("c2", entailed=("y1",)),
        color("c3", entailed=("unasked",)),
    )
    # c1 is right: of y1 and y2 one is right (itself and the unasked one do not count);
    # c2 is wrong and does not count; c3 entails nothing that was asked
    sample = consistency_sample(["red", "yes", "no", "blue", "red"], asked)
    assert sample.rows.tolist() == [0]
    assert sample.score().value == pytest.approx(50)


def test_derived_choices() -> None:
    offer = (SemanticStep("choose color", "green|blue", ()),)
    asked = questions(
        COLOR,
        color("c2", "white", groups=Groups("color", "10q-snow_color")),
        YES,
        color("o", "blue", types=Types("choose", None, "direct"), semantic=offer),
        color("t", "left", groups=Groups()),
    )
    choices = derive_choices(asked)
    assert choices.valid[0] == {"red", "white", "blue"}
    assert choices.plausible[0] == {"red", "blue"}  # of cars
    assert choices.plausible[1] == {"white"}
    assert choices.valid[2] == choices.plausible[2] | {"no"} == {"yes", "no"}
    assert choices.valid[3] == choices.plausible[3] == {"green", "blue"}
    assert "left" in choices.valid[4]
    # what is right is always valid and plausible
    for answer, valid, plausible in zip(
        asked.answers, choices.valid, choices.plausible, strict=True
    ):
        assert answer in valid
        assert answer in plausible


def test_validity_and_plausibility() -> None:
    asked = questions(COLOR, color("c2"), YES)
    samples = choice_samples(["red", "dog", None], asked, derive_choices(asked))
    assert samples["validity"].score().value == pytest.approx(100 / 3)
    assert samples["plausibility"].score().value == pytest.approx(100 / 3)
    assert samples["validity"].score().signature.startswith("choices:derived")


def test_what_things_may_have_in_common_is_fixed_by_gqas_script() -> None:
    common = color(
        "c1",
        "pose",
        types=Types("query", None, "twoCommon"),
        groups=Groups("common", "10q-car_color"),
    )
    nothing = [frozenset[str]()]
    by_file = Choices(nothing, nothing, FILE)
    asked = questions(common)
    assert choice_samples(["shape"], asked, by_file)["validity"].score().value == 100
    assert choice_samples(["pose"], asked, by_file)["validity"].score().value == 0
    derived = derive_choices(asked)
    assert choice_samples(["pose"], asked, derived)["validity"].score().value == 100


def test_choices_file(tmp_path: Path) -> None:
    path = tmp_path / "choices.json"
    path.write_text(json.dumps({"c1": {"valid": ["red", "blue"], "plausible": ["red"]}}))
    choices = read_choices(path, questions(COLOR))
    assert choices.valid[0] == {"red", "blue"}
    assert choices.plausible[0] == {"red"}
    with pytest.raises(InputError, match="no choices for question y1"):
        read_choices(path, questions(COLOR, YES))


def test_distribution_by_hand() -> None:
    colors = [color(str(i), a) for i, a in enumerate("rrb")]
    kinds = [color("k", "dog", groups=Groups("animal", "10q-car_color"))]
    asked = questions(*colors, *kinds, YES)
    # colors: (3 - 2)² / 2 + (0 - 1)² / 1 = 1.5, weight 3; animals: 0, weight 1
    score = distribution_score(["r", "r", "r", "dog", "no"], asked)
    assert score.value == pytest.approx((1.5 * 3 + 0) / 4 / 100)
    assert score.n == 4
    assert distribution_score(asked.answers, asked).value == 0
    assert distribution_score(["no"], questions(YES)).value is None


def test_distribution_is_the_same_with_every_python() -> None:
    """Tenths that are added one after another, as Python 3.11 does, make other than 0.6."""
    asked = questions(
        *(
            color(f"{answer}{number}", answer)
            for answer, count in (("a", 10), ("b", 5), ("c", 30))
            for number in range(count)
        )
    )
    guesses = ["a"] * 9 + ["b"] * 6 + ["c"] * 27 + ["d"] * 3
    assert distribution_score(guesses, asked).value == 45 * 0.6 / 45 / 100
