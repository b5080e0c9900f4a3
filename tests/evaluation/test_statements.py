"""Hand-worked readings of explanations."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rex.evaluation.reading.cursor import UnreadableError
from rex.evaluation.reading.facts import IT, Fact, Ref
from rex.evaluation.reading.lexicon import build_lexicon
from rex.evaluation.reading.statements import read_statement
from rex.gqa.parsing import parse_program
from rex.gqa.questions import SemanticStep
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.rendering import mentioned, render_tokens
from rex.programs.wording import word_statement
from tests.programs.generated import (
    PLAIN_NAMES,
    decoded,
    random_graph,
    random_program,
    with_plain_names,
)
from tests.programs.naive import KINDS

LEXICON = build_lexicon()


def read(text: str) -> list[Fact]:
    return list(read_statement(text, LEXICON))


def region(number: int) -> tuple[Ref, ...]:
    return (Ref(number),)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("#3 is red", "red", True),
        ("#3 is not red", "red", False),
        ("#3 is made of stainless steel", "stainless steel", True),
        ("#3 is on the left", "left", True),
        ("#3 is cabinet", "cabinet", True),
        ("#3 are horses", "horses", True),
        ("#3 is glimmering", "glimmering", True),
        ("#3 is black and white", "black and white", True),
        ("#3 is not black and white", "black and white", False),
    ],
)
def test_one_predicate(text: str, value: str, holds: bool) -> None:
    assert read(text) == [Fact("is", region(3), value, holds=holds)]


def test_a_phrase_with_an_and_describes_and_is_shared() -> None:
    assert read("black and white #3 that is not old holding #4 is black and white but tall") == [
        Fact("is", region(3), "black and white", main=False),
        Fact("is", region(3), "old", holds=False, main=False),
        Fact("related", region(3), "holding", region(4), main=False),
        Fact("is", region(3), "black and white"),
        Fact("is", region(3), "tall"),
    ]
    assert read("#3 that is not short sleeved is red")[0].value == "short sleeved"
    assert read("#3 and #4 are both black and white") == [
        Fact("shared", (Ref(3), Ref(4)), "black and white")
    ]


def test_several_predicates() -> None:
    assert [(f.value, f.holds) for f in read("#3 is not red but blue")] == [
        ("red", False), ("blue", True),
    ]  # fmt: skip
    assert [(f.value, f.holds) for f in read("#3 is black and made of metal")] == [
        ("black", True), ("metal", True),
    ]  # fmt: skip
    assert [(f.value, f.holds) for f in read("#3 is small but neither red nor clean")] == [
        ("small", True), ("red", False), ("clean", False),
    ]  # fmt: skip


def test_what_describes_is_not_what_is_said() -> None:
    assert read("small white #3 is cat") == [
        Fact("is", region(3), "small", main=False),
        Fact("is", region(3), "white", main=False),
        Fact("is", region(3), "cat"),
    ]
    assert read("#3 that is not gray is cat")[0] == Fact(
        "is", region(3), "gray", holds=False, main=False
    )
    assert read("#3 on the right is dotted")[0] == Fact("is", region(3), "right", main=False)


def test_relations() -> None:
    assert read("#3 is not to the left of white #4") == [
        Fact("is", region(4), "white", main=False),
        Fact("related", region(3), "to the left of", region(4), holds=False),
    ]
    assert read("#3 holding #4 is boy")[0] == Fact(
        "related", region(3), "holding", region(4), main=False
    )
    # "that X is wearing": X is the one who wears
    assert read("#3 that #4 is wearing is red")[0] == Fact(
        "related", region(4), "wearing", region(3), main=False
    )
    assert read("#3 that #4 is wearing on the left is red")[:2] == [
        Fact("related", region(4), "wearing", region(3), main=False),
        Fact("is", region(3), "left", main=False),
    ]
    nested = read("#3 that #4 holding #5 is near is red")
    assert nested[0] == Fact("related", region(4), "holding", region(5), main=False)
    assert nested[1] == Fact("related", region(4), "near", region(3), main=False)


def test_things_that_are_only_named() -> None:
    assert read("#3 is on table") == [Fact("related", region(3), "on", (Ref(None, "table"),))]
    assert read("#3 is not wearing any hat") == [
        Fact("related", region(3), "wearing", (Ref(None, "hat"),), holds=False)
    ]
    (fact,) = read("there is no red car to the left of #3")
    assert fact.holds is False
    (car,) = fact.refs
    assert car.noun == "car"
    # what describes it says which one is meant
    assert car.conditions == (
        Fact("is", (IT,), "red", main=False),
        Fact("related", (IT,), "to the left of", region(3), main=False),
    )


def test_existence() -> None:
    assert [(f.refs, f.holds) for f in read("there is #3 but no dog")] == [
        (region(3), True), ((Ref(None, "dog"),), False),
    ]  # fmt: skip
    assert [f.holds for f in read("there is neither cat nor fence")] == [False, False]
    assert [f.refs for f in read("there are #1 and #2")] == [region(1), region(2)]


def test_shared_compared_placed_and_the_scene() -> None:
    assert read("#1 and #2 are both red") == [Fact("shared", (Ref(1), Ref(2)), "red")]
    assert read("#1 and #2 are all made of wood") == [Fact("shared", (Ref(1), Ref(2)), "wood")]
    assert read("#1 is older than #2") == [Fact("compared", region(1), "older", region(2))]
    assert read("#1 is located at @7") == [Fact("at", region(1), "7")]
    assert read("the scene is bedroom") == [Fact("scene", value="bedroom")]
    assert [(f.value, f.holds) for f in read("the weather is not sunny but cloudy")] == [
        ("sunny", False), ("cloudy", True),
    ]  # fmt: skip


def test_two_clauses() -> None:
    assert read("#1 is red and #2 is white") == [
        Fact("is", region(1), "red"),
        Fact("is", region(2), "white"),
    ]


def test_several_things_where_one_may_stand() -> None:
    both = (Ref(1), Ref(2))
    assert read("#0 is near #1 and #2") == [Fact("related", region(0), "near", both)]
    assert read("#0 is older than #1 and #2") == [Fact("compared", region(0), "older", both)]
    assert read("#0 that #1 and #2 are behind is red")[0] == Fact(
        "related", both, "behind", region(0), main=False
    )
    assert read("#0 near #1 and #2 is red") == [
        Fact("related", region(0), "near", both, main=False),
        Fact("is", region(0), "red"),
    ]
    # before "are" there are several subjects
    assert read("#0 near #1 and #2 are both red")[1] == Fact("shared", (Ref(0), Ref(2)), "red")
    (fact,) = read("there is no bus behind #1 and #2")
    assert fact.refs[0].conditions == (Fact("related", (IT,), "behind", both, main=False),)
    assert read("#0 is not wearing any hat and shirt")[0].other == (
        Ref(None, "hat"), Ref(None, "shirt"),
    )  # fmt: skip


def test_what_is_said_of_a_list() -> None:
    both = (Ref(0), Ref(1))
    exist = [Fact("exists", (ref,)) for ref in both]
    white, left = (
        Fact("is", both, "white", main=False),
        Fact("related", both, "to the left of", region(2), main=False),
    )
    assert read("there are white #0 and #1 to the left of #2") == [white, left, *exist]
    assert read("there are #0 and #1 to the left of #2 and #3 is red")[:3] == [left, *exist]
    # "there are white pants and a ball" has the same words as "there are white pants"
    assert read("there are white #0 and #1") == [
        Fact("is", region(0), "white", main=False), *exist,
    ]  # fmt: skip
    assert [one.refs for one in read("there are #0 and #1 and #2 near #3 are white")] == [
        region(0), region(2), (Ref(1), Ref(2)),
    ]  # fmt: skip


def test_where_the_next_clause_begins() -> None:
    red = Fact("is", region(3), "red")
    near = Fact("related", region(0), "near", (Ref(1), Ref(2)))
    assert read("#0 is near #1 and #2 and #3 is red") == [near, red]
    assert read("#0 is not white but black and small and there is no dog") == [
        Fact("is", region(0), "white", holds=False),
        Fact("is", region(0), "black"),
        Fact("is", region(0), "small"),
        Fact("exists", (Ref(None, "dog"),), holds=False),
    ]
    assert read("there is #1 but #3 is red") == [Fact("exists", region(1)), red]
    assert read("#0 is near #1 and #2 and #3 are both red")[1].refs == (Ref(2), Ref(3))
    # after "nor" comes the last of the things that there are not
    assert read("there is neither boat to the left of #0 and #1 nor cat and #0 and #2 are small")[
        -2:
    ] == [Fact("exists", (Ref(None, "cat"),), holds=False), Fact("is", (Ref(0), Ref(2)), "small")]
    assert read("#0 is small and #1 near #2 and #4 is white")[-2:] == [
        Fact("related", region(1), "near", (Ref(2), Ref(4)), main=False),
        Fact("is", region(1), "white"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "red", "#1", "#1 is", "is red", "#1 red red", "#1 is red red and", "#x is red",
     "there is", "#1 is located at left", "#1 is located at @17", "#² is red",
     "#1 that " * 99, "#1 and are red", "#1 is and red",
     f"#1 is located at @{'1' * 5000}", f"#{'1' * 5000} is red", "#1\\tthat\\t" * 2000,
     "#1 is at than #2", "#1 is than #2", "#1 is cat older than #2"],
)  # fmt: skip
def test_what_is_not_of_the_grammar(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(text)


VOCABULARY = (
    "#1 #2 @3 is are not but and nor neither both that than there no red white cat table on left "
    "the scene located at made of wood older any # @ xyz"
)
WORDS = st.sampled_from(VOCABULARY.split())


@given(st.lists(WORDS, max_size=14).map(" ".join))
@settings(max_examples=400, deadline=None)
def test_any_tokens_are_read_or_refused(text: str) -> None:
    try:
        facts = read(text)
    except UnreadableError:
        return
    assert facts
    assert all(fact.kind and (fact.refs or fact.kind == "scene") for fact in facts)


def regions_of(refs: Iterable[Ref]) -> set[int]:
    found: set[int] = set()
    for ref in refs:
        found |= set() if ref.region is None else {ref.region}
        for fact in ref.conditions:
            found |= regions_of((*fact.refs, *fact.other))
    return found


@given(st.integers(0, 2**63))
@settings(max_examples=1500, deadline=None)
@example(19_957_335_705)  # "neither … nor" before several subjects
def test_whatever_explanations_are_worded_like_can_be_read(seed: int) -> None:
    random = Random(seed)
    steps, graph = with_plain_names(random_program(random), random_graph(random))
    # GQA filters by attributes and places, not by names: "the cup cup"
    names = (*KINDS, *PLAIN_NAMES.values(), "animal")
    assume(
        not any(
            one.startswith("filter") and name in word for one, word, _ in steps for name in names
        )
    )
    program = parse_program([SemanticStep(*step) for step in steps])
    try:
        execution = execute(program, decoded(graph))
    except Skip:
        return
    leaves = word_statement(execution.statement)
    regions = {key: place for place, key in enumerate(dict.fromkeys(mentioned(leaves)))}
    facts = read(render_tokens(leaves, regions, {}))
    assert regions_of(ref for fact in facts for ref in (*fact.refs, *fact.other)) == set(
        regions.values()
    )


def test_shared_values_are_relations() -> None:
    assert read("#0 that is the same color as #1 is not the same material as any white shirt") == [
        Fact("related", region(0), "same color", region(1), main=False),
        Fact(
            "related",
            region(0),
            "same material",
            (Ref(None, "shirt", (Fact("is", (IT,), "white", main=False),)),),
            holds=False,
        ),
    ]
