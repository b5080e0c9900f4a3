"""Words, choice of questions, and GQA-OOD."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.gqa.layout import Layout
from rex.gqa.questions import read_questions
from rex.world.annotate import Entity, Facts
from rex.world.balance import QUOTAS, Entry, choose
from rex.world.ood import split_out_of_distribution
from rex.world.questions.candidate import semantic_string
from rex.world.questions.generate import candidates
from rex.world.questions.phrase import Mention, article, say
from rex.world.questions.references import Pointer


def _entity(key: str, name: str, left: int, *relations: tuple[str, str], **words: str) -> Entity:
    return Entity(key, name, words, (left, 100, 50, 60), tuple(relations))


def _facts(*entities: Entity) -> Facts:
    return Facts("1", "park", "outdoors", "sunny", 320, 240, entities)


def test_sentences_carry_the_word_spans_of_gqa() -> None:
    # "Is the black animal sitting under the green chair?", GQA question 171048547
    parts = ("is the", Mention("black animal", "2791102"), "sitting under the")
    text, spans = say((*parts, Mention("green chair", "3620611")), "?")
    assert text == "Is the black animal sitting under the green chair?"
    assert spans == {"2:4": "2791102", "7:9": "3620611"}
    text, spans = say(("how does the", Mention("car", "1"), "look", ",red", "or blue"), "?")
    assert text == "How does the car look, red or blue?"
    assert spans == {"3": "1"}


def test_articles() -> None:
    assert article("apple") == "an apple"
    assert article("car") == "a car"
    assert article("pants") == "pants"


def test_programs_are_written_as_gqa_writes_them() -> None:
    # GQA questions 12404260 and 05782086
    assert (
        semantic_string(
            [
                ("select", "plate (2771788)", ()),
                ("exist", "?", (0,)),
                ("select", "napkin (-) ", ()),
                ("exist", "?", (2,)),
                ("and", "", (1, 3)),
            ]
        )
        == "select: plate (2771788)->exist: ? [0]->select: napkin (-) ->exist: ? [2]->and:  [1, 3]"
    )
    assert semantic_string([("select", "scene", ()), ("query", "weather", (0,))]) == (
        "select: scene->query: weather [0]"
    )


def test_a_name_is_enough_for_the_only_one_of_its_kind() -> None:
    car = _entity("1", "car", 20, color="red")
    pointer = Pointer(_facts(car, _entity("2", "dog", 200)), np.random.default_rng(0))
    reference = pointer.plain(car)
    assert reference is not None
    assert reference.steps == (("select", "car (1)", ()),)
    by_class = pointer.plain(car, classes=True)
    assert by_class is not None
    assert by_class.noun == "vehicle"


def test_two_of_a_kind_are_told_apart_by_what_only_one_has() -> None:
    red = _entity("1", "car", 20, color="red", cleanliness="clean")
    blue = _entity("2", "car", 200, color="blue", cleanliness="clean")
    pointer = Pointer(_facts(red, blue), np.random.default_rng(0))
    assert pointer.plain(red) is None
    steps = {reference.steps[-1] for reference in pointer.filtered(red)}
    assert ("filter color", "red", (0,)) in steps
    assert ("filter color", "not(blue)", (0,)) in steps
    assert ("filter hposition", "left", (0,)) in steps
    assert not any(argument == "clean" for _, argument, _ in steps)


def test_no_reference_through_a_relation_that_another_may_be_granted() -> None:
    tree = _entity("1", "tree", 150)
    near = _entity("2", "dog", 90, ("to the left of", "1"))
    high = _entity("3", "dog", 20)
    pointer = Pointer(_facts(tree, near, high), np.random.default_rng(0))
    assert pointer.related(near) == []
    pointer = Pointer(_facts(tree, near), np.random.default_rng(0))
    assert [r.steps[-1] for r in pointer.related(near)] == [
        ("relate", "dog,to the left of,s (2)", (0,))
    ]


def test_a_question_never_tells_the_attribute_it_asks_for() -> None:
    car = _entity("1", "car", 20, color="red", cleanliness="dirty")
    for seed in range(20):
        for one in candidates(_facts(car, _entity("2", "dog", 200)), np.random.default_rng(seed)):
            if one.structural == "query" and one.steps[-1][1] == "color":
                assert all(operation != "filter color" for operation, _, _ in one.steps)


_entries = st.lists(
    st.builds(
        Entry,
        image=st.integers(0, 5),
        family=st.sampled_from(sorted(QUOTAS)),
        local_group=st.sampled_from(["a", "b"]),
        answer=st.sampled_from(["yes", "no", "red", "blue"]),
        detailed=st.sampled_from(["x", "y"]),
    ),
    max_size=80,
)


@given(entries=_entries, seed=st.integers(0, 99))
def test_the_choice_is_a_set_of_at_most_the_wanted_size(entries: list[Entry], seed: int) -> None:
    chosen = choose(entries, 6, 3, np.random.default_rng(seed))
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= 18
    assert all(0 <= index < len(entries) for index in chosen)
    assert chosen == choose(entries, 6, 3, np.random.default_rng(seed))


def test_rare_answers_are_drawn_closer_to_common_ones() -> None:
    entries = [
        Entry(image, "query/attr", "10q-apple_color", "red" if image % 10 else "green", "directOf")
        for image in range(2000)
    ]
    chosen = choose(entries, 200, 1, np.random.default_rng(0))
    share = Counter(entries[index].answer for index in chosen)["green"] / len(chosen)
    assert 0.14 < share < 0.5


def test_yes_and_no_are_even(world: Layout) -> None:
    answers: Counter[tuple[str, str]] = Counter(
        (question.structural, question.answer)
        for question in read_questions(world.questions("train")).values()
        if question.answer in ("yes", "no")
    )
    yes, no = answers["verify", "yes"], answers["verify", "no"]
    assert abs(yes - no) <= 0.15 * (yes + no)


def _asked(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, Any]]:
    return {
        f"{group}-{answer}-{number}": {"answer": answer, "groups": {"local": group}}
        for group, answers in counts.items()
        for answer, count in answers.items()
        for number in range(count)
    }


def test_gqa_ood_by_hand() -> None:
    # normalised entropies: even 1, single 1 (by definition), skewed 0.54
    questions = _asked(
        {"even": {"red": 5, "blue": 5}, "single": {"cow": 4}, "skewed": {"yes": 7, "no": 1}}
    )
    parts = split_out_of_distribution(questions)
    assert {key.split("-")[0] for key in parts["all"]} == {"skewed"}
    assert {key.split("-")[1] for key in parts["head"]} == {"yes"}
    assert {key.split("-")[1] for key in parts["tail"]} == {"no"}


@pytest.mark.parametrize(("count", "part"), [(12, "head"), (11, "tail")])
def test_an_answer_is_rare_below_the_mean_and_a_fifth(count: int, part: str) -> None:
    # the mean of the group is 10: an answer counted 12 times reaches 1.2 x it, one of 11 does not
    others = {"skew": 30 - 10 - count + 10 - 1, "rare": 1}
    assert count + sum(others.values()) == 30
    questions = _asked(
        {"group": {"asked": count, **others}, "even": {"a": 5, "b": 5}, "flat": {"a": 3, "b": 3}}
    )
    assert any("-asked-" in key for key in split_out_of_distribution(questions)[part])


@given(
    st.dictionaries(
        st.sampled_from("abcde"),
        st.dictionaries(st.sampled_from("xyz"), st.integers(1, 6), min_size=1),
    )
)
def test_head_and_tail_are_all(counts: dict[str, dict[str, int]]) -> None:
    parts = split_out_of_distribution(_asked(counts))
    assert not parts["head"].keys() & parts["tail"].keys()
    assert parts["head"].keys() | parts["tail"].keys() == parts["all"].keys()


def test_even_groups_are_never_out_of_distribution() -> None:
    parts = split_out_of_distribution(_asked({"a": {"red": 1}, "b": {"yes": 2, "no": 2}}))
    assert parts == {"all": {}, "head": {}, "tail": {}}
