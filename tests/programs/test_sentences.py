"""Kinds of sentences that were false, or not English, on real programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.gqa.parsing import parse_program
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject
from rex.programs.errors import Reason, Skip
from rex.programs.executor import execute
from rex.programs.phrases import Joint
from rex.programs.rendering import render_sentence
from rex.programs.values import Selection
from rex.programs.wording import word_statement
from tests.programs.generated import decoded, random_graph, random_program, with_plain_names
from tests.programs.scene import raw, run, sentence


def thing(
    name: str, left: float, attributes: str = "", relations: Sequence[tuple[str, str]] = ()
) -> SceneObject:
    """Return an object 10 pixels wide; attributes are parted by commas."""
    words = tuple(word for word in attributes.split(",") if word)
    return SceneObject(name, left, 40, 10, 20, words, tuple(Relation(*one) for one in relations))


ROOM = SceneGraph(
    100,
    100,
    {
        "1": thing("mug", 0, "red,small"),
        "2": thing("mug", 40, "blue,large", [("to the right of", "1")]),
        "3": thing("mug", 70, "red"),
        "4": thing("man", 5, "tall,old", [("wearing", "5"), ("holding", "1")]),
        "5": thing("shirt", 5, "white"),
        "6": thing("man", 60, "short", [("wearing", "7")]),
        "7": thing("shirt", 60, "black"),
        "8": thing("woman", 80, "young,asian"),
        "9": thing("table", 20, "wooden"),
        "10": thing("people", 50, "sitting"),
        "11": thing("dog", 0, "brown"),
        "12": thing("cat", 30, "white"),
        "13": thing("dog", 90, "black"),
        "14": thing("suv", 60, "silver,metal"),
        "15": thing("wii controller", 30, "white"),
        "16": thing("furniture", 0, "brown,wood"),
        "17": thing("furniture", 80, "black,metal"),
        "18": thing("cup", 10, "green"),
        "19": thing("cup", 20, "white"),
        "20": thing("cup", 30, "black"),
        "21": thing("laptop", 30, "apple"),
        "22": thing("old man", 50, "old,tall"),
    },
)


def said(text: str, answer: str | None = None) -> str:
    """Return the sentence of a program on the room, which entails the answer if one is given."""
    if answer is not None:
        assert run(text, answer, ROOM).entailed_answer == answer
    return sentence(text, answer, ROOM)


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        (
            "select: mug (1,2,3)->same: color [0]",
            "no",
            "No, one mug is blue and the others are red.",
        ),
        (
            "select: mug (1)->select: mug (2)->same color: [0,1]",
            "no",
            "No, one mug is red and the other is blue.",
        ),
        (
            "select: cup (18,19,20)->same: color [0]",
            "no",
            "No, one cup is green, another is white and the last is black.",
        ),
        (
            "select: person (4,6,8)->same: gender [0]",
            "no",
            "No, two of the people are male and the other is female.",
        ),
        (
            "select: animal (11,12,13)->same: type [0]",
            "no",
            "No, two of the animals are dogs and the other is a cat.",
        ),
        (
            "select: animal (11,12,13)->same: color [0]",
            "no",
            "No, the dog is brown, the cat is white and the other dog is black.",
        ),
        (
            "select: furniture (16,17)->same: color [0]",
            "no",
            "No, one piece of furniture is brown and the other is black.",
        ),
        (
            "select: man (4)->select: man (6)->choose taller: [0,1]",
            "man",
            "One man is taller than the other.",
        ),
        (
            "select: man (4)->filter age: old [0]->select: man (6)->choose taller: [1,2]",
            "man",
            "The old man is taller than the other man.",
        ),
        (
            "select: mug (2)->verify rel: mug,to the left of,s (1) [0]",
            "yes",
            "Yes, the mug is to the left of the other mug.",
        ),
        (
            "select: mug (2)->choose rel: mug,to the left of|to the right of,s (1) [0]",
            "left",
            "The mug is to the left of the other mug.",
        ),
        (
            "select: mug (1)->relate: mug,to the left of,s (2,3) [0]->exist: ? [1]",
            "no",
            "No, the mugs are to the right of the other mug.",
        ),
        (
            "select: mug (1)->select: mug (3)->common: [0,1]",
            "color",
            "The mugs are both red.",
        ),
        (
            "select: mug (1)->relate: man,holding,s (4) [0]"
            "->relate: mug,to the right of,s (2) [1]->verify color: blue [2]",
            "yes",
            "Yes, the mug to the right of the man holding the other mug is blue.",
        ),
        (
            "select: mug (3)->relate: mug,to the left of,s (2) [0]"
            "->relate: mug,to the left of,s (1) [1]->query: color [2]",
            "red",
            "The mug to the left of the other mug to the left of the third mug is red.",
        ),
        (
            "select: mug (1)->exist: ? [0]->select: mug (2)->exist: ? [2]->and: [1,3]",
            "yes",
            "Yes, there is a mug and another mug.",
        ),
        (
            "select: mug (1)->verify color: red [0]->select: mug (2)->verify color: red [2]"
            "->and: [1,3]",
            "no",
            "No, the mug is red but the other mug is not red.",
        ),
        (
            "select: man (4)->verify age: old [0]->verify rel: shirt,wearing,o (5) [0]->and: [1,2]",
            "yes",
            "Yes, the man is old and he is wearing the shirt.",
        ),
    ],
)
def test_several_things_of_one_name(text: str, answer: str, expected: str) -> None:
    assert said(text, answer) == expected


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("select: mug (1,2,3)->query: color [0]", "red", "Two of the mugs are red."),
        ("select: mug (1,2,3)->query: color [0]", "blue", "One of the mugs is blue."),
        ("select: mug (1,3)->query: color [0]", "red", "The mugs are red."),
        (
            "select: furniture (16,17)->query: material [0]",
            "wood",
            "One piece of the furniture is made of wood.",
        ),
        ("select: animal (11,12,13)->query: name [0]", "cat", "One of the animals is a cat."),
        ("select: animal (11,13)->query: name [0]", "dog", "The animals are dogs."),
        (
            "select: man (4,6)->query: hposition [0]",
            "left",
            "One of the men is on the left of the image.",
        ),
        (
            "select: man (4,6)->query: hposition [0]",
            "right",
            "One of the men is on the right of the image.",
        ),
        ("select: mug (1,2)->query: hposition [0]", "left", "The mugs are on the left."),
        (
            "select: man (4,6)->verify hposition: left [0]",
            "no",
            "No, one of the men is on the right of the image.",
        ),
        (
            "select: man (4,6)->verify height: tall [0]",
            "no",
            "No, one of the men is not tall but short.",
        ),
        ("select: mug (1,2,3)->verify color: not(red) [0]", "no", "No, two of the mugs are red."),
        (
            "select: mug (1,2,3)->verify color: green [0]",
            "no",
            "No, one mug is blue and the others are red.",
        ),
        (
            "select: mug (1,2,3)->filter color: green [0]->exist: ? [1]",
            "no",
            "No, one mug is blue and the others are red.",
        ),
        (
            "select: mug (1,3)->filter color: green [0]->exist: ? [1]",
            "no",
            "No, the mugs are not green but red.",
        ),
        (
            "select: mug (1,3)->filter color: not(red) [0]->exist: ? [1]",
            "no",
            "No, the mugs are red.",
        ),
        (
            "select: cup (18,19,20)->verify color: black [0]",
            "no",
            "No, one of the cups is green and another is white.",
        ),
        ("select: mug (1,2)->choose color: red|green [0]", "red", "One of the mugs is red."),
        (
            "select: man (4,6)->verify rel: shirt,wearing,o (5) [0]",
            "yes",
            "Yes, one of the men is wearing the shirt.",
        ),
        (
            "select: mug (1,2,3)->relate: man,holding,s (4) [0]->exist: ? [1]",
            "yes",
            "Yes, there is a man holding one of the mugs.",
        ),
        (
            "select: man (4,6)->relate: shirt,wearing,o (5) [0]->query: color [1]",
            "white",
            "The shirt that one of the men is wearing is white.",
        ),
        (
            "select: man (4,6)->select: shirt (5)->choose taller: [0,1]",
            "man",
            "One of the men is taller than the shirt.",
        ),
    ],
)
def test_what_is_true_of_some(text: str, answer: str, expected: str) -> None:
    assert said(text, answer) == expected


def test_only_what_it_is_true_of_is_mentioned() -> None:
    assert (
        raw("select: mug (1,2,3)->query: color [0]", "red", ROOM) == "(obj:1) and (obj:3) are red"
    )
    text = "select: mug (1,2,3)->same: color [0]"
    assert raw(text, "no", ROOM) == "(obj:2) is blue and (obj:1) and (obj:3) are red"


@pytest.mark.parametrize(
    "text",
    [
        "select: he (4)->choose rel: man,in front of|behind,s (4) [0]",
        "select: she (8)->verify rel: person,to the right of,o (8) [0]",
        "select: man (4)->relate: man,near,s (4) [0]->query: color [1]",
        "select: man (4)->select: man (4)->choose taller: [0,1]",
        "select: mug (1)->select: mug (1)->common: [0,1]",
        "select: mug (1)->select: mug (1)->same color: [0,1]",
    ],
)
def test_an_object_is_not_related_to_itself(text: str) -> None:
    with pytest.raises(Skip) as caught:
        run(text, None, ROOM)
    assert caught.value.reason is Reason.RELATED_TO_ITSELF
    assert str(caught.value) == "related to itself"


def test_among_others_an_object_itself_is_passed_over() -> None:
    assert said("select: mug (2)->verify rel: mug,to the left of,s (1,2) [0]", "yes") == (
        "Yes, the mug is to the left of the other mug."
    )
    assert said("select: table (9)->relate: table,near,s [0]->exist: ? [1]", "no") == (
        "No, there is no table near the table."
    )


@pytest.mark.parametrize(
    ("text", "expected", "left_out"),
    [
        (
            "select: mug (1)->filter hposition: right [0]->query: color [1]",
            "The mug is red.",
            ("right",),
        ),
        (
            "select: mug (1)->filter hposition: right [0]->query: hposition [1]",
            "The mug is on the left of the image.",
            ("right",),
        ),
        (
            "select: mug (3)->filter hposition: not(right) [0]->filter size: small [1]"
            "->query: color [2]",
            "The small mug is red.",
            ("not(right)",),
        ),
        (
            "select: dog (13)->relate: man,to the right of,s (4) [0]->query: height [1]",
            "The man is tall.",
            ("to the right of",),
        ),
        (
            "select: mug (1)->relate: mug,to the left of,s (2) [0]->query: color [1]",
            "The mug is blue.",
            ("to the left of",),
        ),
        (
            "select: mug (1)->relate: mug,to the right of,s (2) [0]->query: color [1]",
            "The mug to the right of the other mug is blue.",
            (),
        ),
        (
            "select: man (4)->relate: dog,behind,s (13) [0]->query: color [1]",
            "The dog behind the man is black.",
            (),
        ),
    ],
)
def test_what_the_boxes_contradict_is_left_out(
    text: str, expected: str, left_out: tuple[str, ...]
) -> None:
    assert said(text) == expected
    assert run(text, None, ROOM).left_out == left_out


def test_what_is_asked_is_never_left_out() -> None:
    execution = run("select: mug (1)->filter hposition: right [0]->exist: ? [1]", None, ROOM)
    assert (execution.entailed_answer, execution.left_out) == ("no", ())


def test_above_and_below_are_contradicted_by_boxes_that_lie_apart() -> None:
    boxes = {
        "1": SceneObject("sign", 0, 80, 10, 10, ("red",)),
        "2": SceneObject("door", 0, 0, 10, 50),
        "3": SceneObject("wall", 0, 40, 10, 50),
    }
    scene = SceneGraph(100, 100, boxes)
    for other, expected in (
        ("door (2)", "The sign is red."),
        ("wall (3)", "The sign above the wall is red."),
    ):
        text = f"select: {other}->relate: sign,above,s (1) [0]->query: color [1]"
        assert sentence(text, None, scene) == expected


LONG = (
    "select: mug (1)->filter color: red [0]->exist: ? [1]"
    "->select: mug (2)->filter color: green [3]->exist: ? [4]"
    "->select: man (4)->exist: ? [6]->and: [2,5,7]"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LONG, "No, there is a red mug and a man but the other mug is not green."),
        (
            "select: woman (8)->verify age: not(young) [0]->select: boy (-)"
            "->filter age: not(young) [2]->exist: ? [3]->or: [1,4]",
            "No, the woman is young and there is no boy that is not young.",
        ),
        (
            "select: bus (-)->exist: ? [0]->select: car (-)->exist: ? [2]->or: [1,3]"
            "->select: mug (1)->filter color: not(red) [5]->exist: ? [6]->or: [4,7]",
            "No, there is neither a bus nor a car and the mug is red.",
        ),
        (
            "select: mug (1)->verify color: not(red) [0]->verify size: small [0]->and: [1,2]",
            "No, the mug is small but red.",
        ),
        (
            "select: mug (1)->verify color: not(red) [0]->verify size: large [0]->or: [1,2]",
            "No, the mug is red and not large.",
        ),
        (
            "select: mug (1)->verify color: green [0]->select: cat (12)->verify color: green [2]"
            "->or: [1,3]",
            "No, the mug is not green but red and the cat is not green but white.",
        ),
        (
            "select: scene->verify place: beach [0]->select: mug (1)->exist: ? [2]->and: [1,3]",
            "No, there is a mug but the scene is not a beach.",
        ),
    ],
)
def test_but_stands_between_what_speaks_for_different_answers(text: str, expected: str) -> None:
    scene = SceneGraph(ROOM.width, ROOM.height, ROOM.objects, location="street")
    assert sentence(text, "no", scene) == expected


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        (
            "select: person (10)->filter pose: sitting [0]->query: name [1]",
            "people",
            "People are sitting.",
        ),
        ("select: man (4)->query: name [0]", "man", "There is a man."),
        (
            "select: man (4)->filter hposition: left [0]->query: name [1]",
            "man",
            "A man is on the left.",
        ),
        (
            "select: shirt (5)->relate: man,wearing,s (4) [0]->query: name [1]",
            "man",
            "A man is wearing the shirt.",
        ),
        (
            "select: man (4)->relate: shirt,wearing,o (5) [0]->query: name [1]",
            "shirt",
            "It is a shirt that the man is wearing.",
        ),
        (
            "select: man (4)->filter age: old [0]->filter height: tall [1]->query: name [2]",
            "man",
            "An old man is tall.",
        ),
        (
            "select: furniture (16,17)->filter material: not(wood) [0]->query: name [1]",
            "furniture",
            "Some furniture is not made of wood.",
        ),
        (
            "select: person (4)->filter hposition: left [0]->query: name [1]",
            "man",
            "The person on the left is a man.",
        ),
        ("select: mug (1)->filter color: red [0]->query: color [1]", "red", "The mug is red."),
        (
            "select: mug (1)->filter hposition: left [0]->query: hposition [1]",
            "left",
            "The mug is on the left of the image.",
        ),
        (
            "select: person (8)->filter gender: female [0]->query: name [1]",
            "woman",
            "The person is a woman.",
        ),
    ],
)
def test_nothing_is_said_to_be_what_it_is_called(text: str, answer: str, expected: str) -> None:
    assert said(text, answer) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select: man (4)->verify rel: tie,wearing,o (-) [0]", "No, the man is not wearing a tie."),
        (
            "select: man (4)->verify rel: apron,wearing,o (-) [0]",
            "No, the man is not wearing an apron.",
        ),
        (
            "select: man (4)->verify rel: glasses,wearing,o (-) [0]",
            "No, the man is not wearing any glasses.",
        ),
        (
            "select: man (4)->verify rel: wii controller,playing with,o (-) [0]",
            "No, the man is not playing with a Wii controller.",
        ),
        ("select: woman (8)->filter gender: female [0]->query: age [1]", "The woman is young."),
        ("select: woman (8)->filter gender: not(male) [0]->query: age [1]", "The woman is young."),
        ("select: woman (-)->filter gender: female [0]->exist: ? [1]", "No, there is no woman."),
        (
            "select: furniture (16,17)->filter material: not(wood) [0]->query: color [1]",
            "The furniture that is not made of wood is black.",
        ),
        (
            "select: furniture (16,17)->filter material: wood [0]->query: color [1]",
            "The wooden furniture is brown.",
        ),
        (
            "select: suv (14)->verify material: plastic [0]",
            "No, the SUV is made of metal, not plastic.",
        ),
        (
            "select: table (9)->verify material: metal [0]",
            "No, the table is made of wood, not metal.",
        ),
        ("select: table (9)->query: material [0]", "The table is made of wood."),
        ("select: suv (14)->exist: ? [0]", "Yes, there is an SUV."),
        ("select: controller (15)->query: name [0]", "The controller is a Wii controller."),
        ("select: woman (8)->query: race [0]", "The woman is Asian."),
        ("select: furniture (16)->verify: wood [0]", "Yes, the furniture is made of wood."),
        ("select: laptop (21)->query: company [0]", "The laptop is made by Apple."),
        ("select: man (22)->filter age: old [0]->query: height [1]", "The old man is tall."),
        (
            "select: mug (2)->filter hposition: middle [0]->query: hposition [1]",
            "The mug is on the left of the image.",
        ),
        (
            "select: man (6)->filter pose: taking pictures [0]->query: height [1]",
            "The man taking pictures is short.",
        ),
    ],
)
def test_plain_english(text: str, expected: str) -> None:
    assert said(text) == expected


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.integers(0, 2**63))
def test_no_two_clauses_of_a_sentence_have_the_same_subject(seed: int) -> None:
    random = Random(seed)
    steps, graph = with_plain_names(random_program(random), random_graph(random))
    try:
        execution = execute(parse_program([SemanticStep(*one) for one in steps]), decoded(graph))
    except Skip:
        return
    if isinstance(execution.statement, Joint):
        selections = [set(one.objects) for one in execution.values if isinstance(one, Selection)]
        if any(one & other and one != other for one in selections for other in selections):
            return  # "the mugs" and some of them
    text = render_sentence(word_statement(execution.statement)).lower()[:-1]
    assert not re.search(r"\b(an?|the|any|no) (an?|the|any|no)\b| ,|  ", text), text
    # relative clauses have subjects of their own
    subjects: list[str] = []
    compound = ""
    for piece in re.split(r"\b(?:and|but)\b|,", text):
        plain = re.sub(r"\bthat .*? (?:is|are) ", "", piece).strip()
        subject = re.split(r" ?\b(?:is|are)\b", plain)[0]
        if plain.startswith("there") or not re.search(r"\b(is|are)\b", plain):
            compound = f"{compound}{plain} and "
            continue
        subjects.append(f"{compound}{subject}")
        compound = ""
    named = [one for one in subjects if one not in ("it", "he", "she", "they")]
    assert len(set(named)) == len(named), text


CLOTHES = SceneGraph(
    100,
    100,
    {
        "1": thing("shirt", 0, "red"),
        "2": thing("shorts", 20, "white,red"),
        "3": thing("hat", 40, "blue", [("same color", "4")]),
        "4": thing("shoe", 60, "black"),
    },
)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (
            "select: shirt (1)->relate: clothing,same color,s (2) [0]->query: name [1]",
            "The clothing that is the same color as the shirt is shorts.",
        ),
        (
            "select: shirt (1)->relate: shorts,same color,s (2) [0]->exist: ? [1]",
            "Yes, there are shorts that are the same color as the shirt.",
        ),
        (
            "select: shorts (2)->relate: hat,same color,s (3) [0]->exist: ? [1]",
            "No, the hat is not the same color as the shorts.",
        ),
        (
            "select: hat (3)->verify rel: shorts,same color,s (2) [0]",
            "No, the shorts are not the same color as the hat.",
        ),
        (
            "select: shorts (2)->relate: shirt,same color,o (1) [0]->query: color [1]",
            "The shirt that the shorts are the same color as is red.",
        ),
        (
            "select: shorts (2)->relate: shirt,same color,s (1) [0]->query: name [1]",
            "A shirt is the same color as the shorts.",
        ),
        # what the scene graph states is so; what it rules out is left out
        (
            "select: shoe (4)->verify rel: hat,same color,s (3) [0]",
            "Yes, the hat is the same color as the shoe.",
        ),
        (
            "select: shirt (1)->relate: hat,same color,s (3) [0]->query: color [1]",
            "The hat is blue.",
        ),
    ],
)
def test_what_shares_a_value_is_the_same_as_the_other(program: str, expected: str) -> None:
    assert sentence(program, None, CLOTHES) == expected


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        (
            "mug (1,2)->verify color: green [0]->verify color: blue [0]->or: [1, 2]",
            "No, one mug is red and the other is blue.",
        ),
        (
            "mug (1,2)->verify color: green [0]->verify size: large [0]->and: [1, 2]",
            "No, one mug is red and the other is blue and one of the mugs is not large but small.",
        ),
    ],
)
def test_what_a_contrast_says_is_not_said_again(checks: str, expected: str) -> None:
    assert sentence(f"select: {checks}", None, ROOM) == expected


def test_a_relative_clause_agrees_with_the_things_that_one_is_of() -> None:
    program = "select: mug (1,3)->filter color: not(black) [0]->query: hposition [1]"
    expected = "One of the mugs that are not black is on the left of the image."
    assert sentence(program, "left", ROOM) == expected
    assert raw(program, "left", ROOM) == "(obj:1) that is not black is located at (0.05,0.50)"


OUTDOORS = SceneGraph(
    100,
    100,
    {
        "1": thing("sky", 0, "dark"),
        "2": thing("ground", 20),
        "3": thing("chicken", 40),
        "4": thing("fish", 60),
    },
)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("nature environment (2)->query: name [0]", "The nature environment is the ground."),
        ("sky (1)->exist: ? [0]", "Yes, there is the sky."),
        ("sky (1)->filter tone: dark [0]->exist: ? [1]", "Yes, there is a dark sky."),
    ],
)
def test_what_there_is_one_of_takes_the(program: str, expected: str) -> None:
    assert sentence(f"select: {program}", None, OUTDOORS) == expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("bird (3)->query: name [0]", "The bird is a chicken."),
        ("animal (4)->query: name [0]", "The animal is a fish."),
        ("animal (4)->verify name: chicken [0]", "No, the animal is not a chicken."),
        ("meat (3)->query: name [0]", "The meat is chicken."),
        ("food (4)->query: name [0]", "The food is fish."),
        (
            "food (3,4)->same type: [0]",
            "No, one of the pieces of food is chicken and the other is fish.",
        ),
    ],
)
def test_an_animal_is_counted_unless_it_is_food(program: str, expected: str) -> None:
    assert sentence(f"select: {program}", None, OUTDOORS) == expected
