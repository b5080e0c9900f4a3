"""Kinds of sentences that were false, or not English: each kind tried on more than its case."""

from __future__ import annotations

import pytest

from rex.gqa.parsing import parse_program_text
from rex.gqa.questions import ProgramError
from rex.gqa.scene_graphs import SceneGraph, SceneObject
from rex.programs.english import article, is_mass, is_plural, many
from rex.programs.errors import Reason, Skip
from rex.programs.rendering import render_raw, render_sentence
from rex.programs.wording import word_statement
from tests.programs.scene import raw, run
from tests.programs.test_sentences import thing

SCENE = SceneGraph(
    100,
    100,
    {
        "1": thing("mug", 0, "red,small"),
        "2": thing("mug", 40, "blue,large"),
        "3": thing("mug", 70, "red"),
        "4": thing("man", 5, "tall,old,standing", [("in front of", "6"), ("holding", "1")]),
        "6": thing("man", 60, "short,young,sitting", [("behind", "4")]),
        "8": thing("woman", 80, "young"),
        "9": thing("table", 20, "wooden,brown"),
        "12": thing("cat", 30, "white"),
        "20": thing("pants", 80, "blue"),
        "21": thing("pants", 20, "black"),
        "30": thing("bat", 33, "wood"),
        "32": thing("furniture", 5, "brown"),
        "33": thing("bread", 7, "toasted,fresh"),
        "42": thing("fruit", 22, "ripe,orange"),
        "43": thing("apple", 23, "green"),
        "44": thing("banana", 24, "yellow"),
        "47": thing("hair", 80, "long,brown"),
        "48": thing("hair", 5, "short,black"),
        "49": thing("clouds", 5, "white"),
        "50": thing("clouds", 70, "gray"),
        "54": thing("sky", 0, "blue"),
        "57": thing("horse", 10, "brown"),
        "58": thing("horse", 50, "brown,white"),
        "64": thing("food", 40, "fried"),
        "65": thing("food", 60, "healthy"),
        "70": thing("bear", 60, "stuffed,brown"),
        "71": thing("tub", 60, "taking bath", [("contain", "64")]),
        "72": thing("watercraft", 60),
        "73": thing("boats", 60),
        "80": thing("tv", 60, "on,black"),
        "81": thing("laptop", 10, "off,silver,apple"),
        "82": thing("laptop", 40, "on,black,coca cola"),
        "83": thing("scissors", 10, "metal"),
        "84": thing("scissors", 30, "plastic"),
        "85": thing("sheep", 10, "white"),
        "86": thing("sheep", 30, "white"),
        "87": thing("people", 10, "walking", [("near", "82")]),
    },
)


def said(text: str, answer: str | None = None) -> str:
    execution = run(text, answer, SCENE)
    verdict = {"yes": True, "no": False}.get(execution.entailed_answer or "")
    return render_sentence(word_statement(execution.statement), verdict)


@pytest.mark.parametrize(
    ("text", "expected", "left_out"),
    [
        ("cat (12)->filter color: black [0]->query: color [1]", "The cat is white.", "black"),
        (
            "cat (12)->filter color: not(white) [0]->query: color [1]",
            "The cat is white.",
            "not(white)",
        ),
        ("man (4)->filter age: young [0]->query: age [1]", "The man is old.", "young"),
        ("man (4)->filter pose: sitting [0]->query: pose [1]", "The man is standing.", "sitting"),
        ("woman (8)->filter gender: male [0]->query: age [1]", "The woman is young.", "male"),
        (
            "cat (12)->filter color: black [0]->verify color: black [1]",
            "No, the cat is not black but white.",
            "black",
        ),
        (
            "man (4)->relate: man,in front of,s (6) [0]->query: height [1]",
            "The man is short.",
            "in front of",
        ),
        # what nothing contradicts is believed
        ("cat (12)->filter size: small [0]->query: color [1]", "The small cat is white.", ""),
        (
            "cat (12)->filter color: white [0]->verify color: black [1]",
            "No, the cat is not black but white.",
            "",
        ),
    ],
)
def test_what_the_scene_graph_contradicts_is_left_out(
    text: str, expected: str, left_out: str
) -> None:
    assert said(f"select: {text}") == expected
    assert run(f"select: {text}", None, SCENE).left_out == ((left_out,) if left_out else ())


def test_a_relation_that_is_chosen_against_the_boxes_is_not_told() -> None:
    scene = SceneGraph(100, 100, {"1": thing("sky", 0), "2": thing("fence", 0)})
    text = "select: sky (1)->choose rel: fence,above|below,s (2) [0]"
    assert raw(text, "above", scene) == "(obj:2) is above (obj:1)"
    low = SceneObject("fence", 0, 80, 10, 20, (), ())
    with pytest.raises(Skip) as skipped:
        run(text, "above", SceneGraph(100, 100, {"1": thing("sky", 0), "2": low}))
    assert skipped.value.reason is Reason.ANSWER_NOT_IN_CHOICE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # several of one name, related to one another
        (
            "man (4,6)->verify rel: man,in front of,s (4,6) [0]",
            "Yes, the man is in front of the other man.",
        ),
        (
            "man (4,6)->relate: man,in front of,s (4) [0]->query: age [1]",
            "The man in front of the other man is old.",
        ),
        (
            "mug (1,2,3)->relate: mug,to the left of,s (1,2,3) [0]->exist: ? [1]",
            "Yes, there are mugs to the left of the other mug.",
        ),
        (
            "mug (1,2)->relate: mug,near,s (1,2) [0]->exist: ? [1]",
            "No, the mugs are not near each other.",
        ),
        # a thing is not described by itself
        (
            "man (6)->relate: man,in front of,s (4) [0]"
            "->relate: man,behind,s (6) [1]->query: age [2]",
            "The man behind the other man is young.",
        ),
        (
            "woman (8)->relate: man,to the left of,s (4) [0]"
            "->verify rel: woman,to the right of,s (8) [1]",
            "Yes, the woman is to the right of the man.",
        ),
        # an object that is selected twice is told once
        (
            "man (4)->select: man (4,6)->same age: [0, 1]",
            "No, one man is old and the other is young.",
        ),
        (
            "mug (1,2)->verify color: red [0]->verify color: blue [0]->and: [1, 2]",
            "No, one of the mugs is not red but blue and the other mug is not blue but red.",
        ),
        # tautologies
        ("horse (57,58)->same type: [0]", "Yes, they are both horses."),
        ("furniture (32,9)->same type: [0]", "Yes, they are both furniture."),
        ("person (4,6)->same gender: [0]", "Yes, the people are both male."),
        (
            "horse (58)->filter color: brown [0]->filter color: white [1]->query: name [2]",
            "There is a white and brown horse.",
        ),
        (
            "mug (1)->filter color: red [0]->select: bat (30)->filter material: wood [2]"
            "->select: mug (3)->filter color: red [4]->same color: [1, 5]",
            "Yes, the mugs are both red.",
        ),
        (
            "mug (1)->filter color: red [0]->select: mug (2)->filter color: blue [2]"
            "->different color: [1, 3]",
            "Yes, one mug is red and the other is blue.",
        ),
        ("person (4)->verify: man [0]", "Yes, the person is a man."),
        ("man (4)->verify: woman [0]", "No, the man is not a woman."),
        ("man (4)->choose: man|woman [0]", "There is a man."),
        ("person (8)->query: gender [0]", "The person is female."),
        # words that stand after their noun, or beside it
        ("tv (80)->filter: on [0]->query: color [1]", "The TV that is on is black."),
        (
            "bear (70)->filter realism: stuffed [0]->filter color: brown [1]->exist: ? [2]",
            "Yes, there is a brown stuffed bear.",
        ),
        # one word, two spellings
        ("table (9)->verify material: wood [0]", "Yes, the table is made of wood."),
        (
            "table (9)->select: bat (30)->same material: [0, 1]",
            "Yes, the table and the bat are both made of wood.",
        ),
        # what is counted, and by what
        ("hair (47,48)->same color: [0]", "No, some of the hair is brown and the rest is black."),
        (
            "clouds (49,50)->same color: [0]",
            "No, some of the clouds are white and the others are gray.",
        ),
        ("pants (20,21)->same color: [0]", "No, one pair of pants is blue and the other is black."),
        (
            "food (64)->select: food (65)->choose healthier: [0, 1]",
            "One piece of food is healthier than the other.",
        ),
        ("scissors (83,84)->query: material [0]", "One pair of the scissors is made of metal."),
        ("fruit (43,44)->query: name [0]", "One piece of the fruit is an apple."),
        (
            "fruit (43,44)->same type: [0]",
            "No, one of the pieces of fruit is an apple and the other is a banana.",
        ),
        (
            "furniture (32,9)->same type: [0]->verify: wooden [0]->and: [1, 2]",
            "No, they are both furniture but one piece of the furniture is not made of wood.",
        ),
        (
            "hair (47)->select: hair (48)->choose shorter: [0, 1]",
            "Some of the hair is shorter than the rest.",
        ),
        # who made it
        (
            "laptop (81)->verify company: dell [0]",
            "No, the laptop is made by Apple, not Dell.",
        ),
        (
            "laptop (82)->filter company: coca cola [0]->query: color [1]",
            "The Coca Cola laptop is black.",
        ),
        (
            "laptop (81)->filter company: not(dell) [0]->query: color [1]",
            "The laptop that is not made by Dell is silver.",
        ),
        ("us flag (-)->exist: ? [0]", "No, there is no US flag."),
        # what would be said of all
        ("sheep (85,86)->filter color: white [0]->query: name [1]", "Some sheep are white."),
        (
            "scissors (83)->filter material: metal [0]->query: name [1]",
            "Some scissors are made of metal.",
        ),
        ("people (87)->filter pose: walking [0]->query: name [1]", "People are walking."),
        # what describes a thing stands beside it
        (
            "laptop (82)->relate: people,near,s (87) [0]->filter hposition: left [1]"
            "->query: pose [2]",
            "The people on the left near the laptop are walking.",
        ),
        (
            "mug (1)->relate: man,holding,s (4) [0]->filter age: not(young) [1]->query: height [2]",
            "The man that is not young holding the mug is tall.",
        ),
        # lists, order, agreement
        (
            "fruit (42,43,44)->same color: [0]",
            "No, the fruit is orange, the apple is green and the banana is yellow.",
        ),
        (
            "man (4)->verify age: old [0]->verify height: tall [0]"
            "->verify pose: standing [0]->and: [1, 2, 3]",
            "Yes, the man is old, tall and standing.",
        ),
        (
            "bat (30)->verify material: glass [0]->verify material: metal [0]->or: [1, 2]",
            "No, the bat is made of neither glass nor metal.",
        ),
        (
            "hair (47)->filter length: long [0]->filter color: brown [1]->exist: ? [2]",
            "Yes, there is long brown hair.",
        ),
        (
            "umbrella (-)->filter age: old [0]->filter color: orange [1]->exist: ? [2]",
            "No, there is no old orange umbrella.",
        ),
        (
            "horse (58)->filter color: brown [0]->filter color: white [1]->exist: ? [2]",
            "Yes, there is a white and brown horse.",
        ),
        # words of GQA's that are not English as they stand
        ("tub (71)->query: activity [0]", "The tub is taking a bath."),
        (
            "food (64)->relate: tub,contain,s (71) [0]->verify activity: taking bath [1]",
            "Yes, the tub containing the food is taking a bath.",
        ),
        ("watercraft (73)->query: name [0]", "The watercraft are boats."),
    ],
)
def test_sentences(text: str, expected: str) -> None:
    assert said(f"select: {text}") == expected


def test_an_option_that_the_scene_graph_rules_out_is_not_told() -> None:
    for text in (
        "select: mug (1,2,3)->choose color: green|white [0]",
        "select: cat (12)->choose color: green|black [0]",
    ):
        with pytest.raises(Skip) as skipped:
            run(text, "green", SCENE)
        assert skipped.value.reason is Reason.ANSWER_NOT_IN_CHOICE
    # what nothing contradicts is believed
    assert said("select: mug (1)->choose height: tall|short [0]", "tall") == "The mug is tall."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("horse (57)->exist: ? [0]->select: animal (-)->exist: ? [2]", "there is no animal"),
        ("animal (57)->exist: ? [0]->select: horse (-)->exist: ? [2]", "there is no horse"),
        (
            "horse (57)->verify color: white [0]->select: horse (-)->exist: ? [2]",
            "there is no horse",
        ),
        ("horse (57)->exist: ? [0]->select: dog (-)->exist: ? [2]", "there is a horse but no dog"),
    ],
)
def test_what_is_said_not_to_be_there_is_nothing_else(text: str, expected: str) -> None:
    assert said(f"select: {text}->and: [1, 3]") == f"No, {expected}."


WORN = SceneGraph(
    100,
    100,
    {
        "1": thing("man", 0, "tall", [("wearing", "4")]),
        "2": thing("man", 30, "short", [("wearing", "5")]),
        "3": thing("man", 60, "short"),
        "4": thing("shirt", 0, "white"),
        "5": thing("shirt", 30, "red"),
    },
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("query: color [1]", "(obj:4) that (obj:1) is wearing is white"),
        ("verify color: white [1]", "(obj:5) that (obj:2) is wearing is not white but red"),
        (
            "filter color: red [1]->query: hposition [2]",
            "red (obj:5) that (obj:2) is wearing is located at (0.35,0.50)",
        ),
    ],
)
def test_some_are_described_by_what_they_are_related_to(text: str, expected: str) -> None:
    text = f"select: man (1,2,3)->relate: shirt,wearing,o (4,5) [0]->{text}"
    assert raw(text, None, WORN) == expected


def test_the_order_of_adjectives_is_the_sentences_alone() -> None:
    text = "select: hair (47)->filter length: long [0]->filter color: brown [1]->exist: ? [2]"
    assert (
        render_raw(word_statement(run(text, None, SCENE).statement))
        == "there is brown long (obj:47)"
    )


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        (
            "utility pole, uniform, unicorn, used car, ups truck, usb stick, one way sign",
            "a",
        ),
        ("urinal, ukulele, ufo, herbal tea, hero, european, yoyo", "a"),
        (
            "urn, urban area, unidentified object, umbrella, upside-down car, utter mess, usher",
            "an",
        ),
        ("suv, rvs, lcd tv, x-ray, xbox, hour glass, honest man, herb, 8 ball, 18 wheeler", "an"),
    ],
)
def test_articles(phrases: str, expected: str) -> None:
    found = {phrase: article(phrase) for phrase in phrases.split(", ")}
    assert found == dict.fromkeys(found, expected)


def test_number_of_nouns() -> None:
    plural = "menus, women, linemen, wine glasses, people, police"
    singular = "catcher's mitt, mcdonald's, trellis, gps, species, tennis, bus, specimen, ramen"
    assert [one for one in plural.split(", ") if not is_plural(one)] == []
    assert [one for one in singular.split(", ") if is_plural(one)] == []
    mass = "tofu, ramen, salad dressing, roast beef, tennis, toilet paper"
    counted = "bell pepper, table cloth, pizza, mug"
    assert [one for one in mass.split(", ") if not is_mass(one)] == []
    assert [one for one in counted.split(", ") if is_mass(one)] == []


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("tomato", "tomatoes"),
        ("sweet potato", "sweet potatoes"),
        ("photo", "photos"),
        ("stomach", "stomachs"),
        ("moose", "moose"),
        ("watercraft", "watercraft"),
        ("german", "germans"),
        ("human", "humans"),
        ("policeman", "policemen"),
    ],
)
def test_plurals(noun: str, expected: str) -> None:
    assert many(noun) == expected


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("select: - (1)", "names nothing to select"),
        ("select: . (1)", "names nothing to select"),
        ("select: do\x00g (1)", "names nothing to select"),
        ("select: dog ()", "has broken object ids"),
        ("select: dog (1,)", "has broken object ids"),
        ("select: dog (1 2)", "has broken object ids"),
        ("select: dog (1", "has broken object ids"),
        ("select: dog (1,a)", "has broken object ids"),
        ("select: dog (1;2)", "has broken object ids"),
        ("select: #3 (1)", "names nothing to select"),
        ("select: dog (1)->relate: ?,on,s (2) [0]", "is not `noun,relation,s`"),
        ("select: dog (1)->relate: cat,?,s (2) [0]", "is not `noun,relation,s`"),
        ("select: dog (1)->verify rel: cat,near #3,s (2) [0]", "is not `noun,relation,s`"),
        ("select: dog (1)->filter color: ,,, [0]", "names no word"),
        ("select: dog (1)->filter color: not(?) [0]", "names no word"),
        ("select: dog (1)->verify color: #3 [0]", "names no word"),
        ("select: dog (1)->verify: @16 [0]", "names no word"),
        ("select: dog (1)->verify color: not [0]", "is not one word"),
        ("select: dog (1)->query: ? [0]", "names no category"),
        ("select: dog (1)->same: . [0]", "names no category"),
        ("select: dog (1)->choose: ?|! [0]", "is not a choice"),
        ("select: dog (1)->relate: cat,on,s (2,) [0]", "has broken object ids"),
        ("select: dog (1)->verify color: red|blue [0]", "is not one word"),
        ("select: dog (1)->filter color: not(not(red)) [0]", "is not one word"),
        ("select: dog (1)->choose color: red|red [0]", "is not a choice"),
        ("select: dog (1)->choose rel: cat,on|on,s (2) [0]", "is not a choice"),
    ],
)
def test_arguments_that_say_nothing(step: str, why: str) -> None:
    with pytest.raises(ProgramError, match=why):
        parse_program_text(step)


def test_the_scene_is_not_related_to_things() -> None:
    with pytest.raises(Skip) as skipped:
        said("select: scene->relate: cat,on,s (12) [0]->exist: ? [1]")
    assert skipped.value.reason is Reason.GLOBAL_SCENE
