from __future__ import annotations

import pytest

from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject
from rex.programs.errors import Reason, Skip
from rex.programs.executor import execute
from rex.programs.phrases import Contrast, Existence, Relationship, Shared
from rex.programs.values import Selection
from tests.programs.scene import SCENE, program, raw, run


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("select: dog (3)->query: color [0]", "brown"),
        ("select: animal (3)->filter color: brown [0]->query: name [1]", "dog"),
        ("select: dog (3)->query: hposition [0]", "right"),
        ("select: man (1)->query: vposition [0]", "bottom"),
        ("select: man (1)->relate: _,wearing,o (2) [0]->query: name [1]", "shirt"),
        ("select: shirt (2)->relate: person,wearing,s (1) [0]->query: name [1]", "man"),
        ("select: girl (6)->query: gender [0]", "female"),
        ("select: dog (3)->exist: ? [0]", "yes"),
        ("select: bus (-)->exist: ? [0]", "no"),
        ("select: door (8)->filter color: red [0]->exist: ? [1]", "yes"),
        ("select: door (8)->filter color: blue [0]->exist: ? [1]", "no"),
        ("select: door (8)->filter color: not(blue) [0]->exist: ? [1]", "yes"),
        ("select: man (1)->relate: dog,to the right of,s (3) [0]->exist: ? [1]", "yes"),
        ("select: man (1)->relate: dog,to the left of,s (3) [0]->exist: ? [1]", "no"),
        ("select: man (1)->relate: bus,to the left of,s (-) [0]->exist: ? [1]", "no"),
        ("select: dog (3)->verify color: brown  [0]", "yes"),
        ("select: dog (3)->verify color: white [0]", "no"),
        ("select: dog (3)->verify hposition: left [0]", "no"),
        ("select: bus (-)->verify color: red [0]", "no"),
        ("select: girl (6)->verify gender: female [0]", "yes"),
        ("select: man (1)->verify rel: shirt,wearing,o (2) [0]", "yes"),
        ("select: man (1)->verify rel: dog,wearing,o (3) [0]", "no"),
        ("select: man (1)->verify rel: hat,wearing,o (-) [0]", "no"),
        ("select: dog (3)->choose color: white|brown [0]", "brown"),
        ("select: animal (5)->choose name: cat|dog [0]", "cat"),
        ("select: dog (3)->choose vposition: bottom|top [0]", "bottom"),
        ("select: man (1)->choose rel: dog,to the left of|to the right of,s (3) [0]", "right"),
        ("select: dog (3)->select: cat (5)->same: color [0,1]", "no"),
        ("select: shirt (2)->select: cat (5)->same color:  [0,1]", "yes"),
        ("select: shirt (2)->select: cat (5)->different color:  [0,1]", "no"),
        ("select: animal (3,5)->same: type [0]", "no"),
        ("select: person (1,6)->same: gender [0]", "no"),
        ("select: man (1)->select: girl (6)->choose younger:  [0,1]", "girl"),
        ("select: man (1)->select: girl (6)->choose older:  [0,1]", "man"),
        ("select: man (1)->select: girl (6)->choose higher:  [0,1]", "girl"),
        ("select: dog (3)->verify color: brown [0]->verify size: large [0]->and:  [1,2]", "no"),
        ("select: dog (3)->verify color: brown [0]->verify size: large [0]->or:  [1,2]", "yes"),
        ("select: dog (3)->exist: ? [0]->select: cat (5)->exist: ? [2]->and:  [1,3]", "yes"),
        ("select: bus (-)->exist: ? [0]->select: car (-)->exist: ? [2]->or:  [1,3]", "no"),
        ("select: scene->query: weather [0]", "cloudy"),
        ("select: scene->query: place [0]", "street"),
        ("select: scene->verify weather: sunny [0]", "no"),
        ("select: scene->choose place: street|beach [0]", "street"),
    ],
)
def test_the_answer_a_program_entails(text: str, answer: str) -> None:
    assert run(text).entailed_answer == answer


@pytest.mark.parametrize(
    ("text", "answer", "reason"),
    [
        ("select: dog (99)->query: color [0]", None, "object missing: 99"),
        ("select: man (1)->relate: dog,near,s (98) [0]->exist: ? [1]", None, "object missing: 98"),
        ("select: cat (5)->query: material [0]", None, "no value: material"),
        ("select: bus (-)->query: color [0]", None, "nothing selected: bus"),
        ("select: dog (3)->choose color: blue|green [0]", None, "answer not in A|B"),
        ("select: dog (3)->choose color: blue|green [0]", "red", "answer not in A|B"),
        ("select: man (1)->select: ball (4)->common:  [0,1]", None, "no common attribute"),
        ("select: dog (3)->select: ball (4)->common:  [0,1]", "color", "no common attribute"),
        ("select: dog (3)->select: cat (5)->choose older:  [0,1]", None, "nothing to compare"),
        ("select: scene->query: room [0]", "kitchen", "global scene question"),
        ("select: scene->exist: ? [0]", None, "global scene question"),
    ],
)
def test_named_reasons_for_not_explaining(text: str, answer: str | None, reason: str) -> None:
    with pytest.raises(Skip) as caught:
        run(text, answer)
    assert str(caught.value).startswith(reason)


def test_an_empty_program_is_skipped() -> None:
    with pytest.raises(Skip, match=Reason.NO_PROGRAM.value):
        execute((), SCENE)


def test_no_ids_means_every_object_that_the_noun_fits() -> None:
    execution = run("select: animal->exist: ? [0]")
    selection = execution.values[0]
    assert isinstance(selection, Selection)
    assert selection.objects == ("3", "5")
    assert run("select: bus->exist: ? [0]").entailed_answer == "no"
    relation = run("select: man (1)->relate: _,to the right of,s [0]->exist: ? [1]").values[1]
    assert isinstance(relation, Selection)
    assert "3" in relation.objects
    assert "1" not in relation.objects


def test_a_description_is_trusted_but_a_question_is_not() -> None:
    described = run("select: dog (3)->filter color: white [0]->query: size [1]")
    assert described.entailed_answer == "small"
    asked = run("select: dog (3)->filter color: white [0]->exist: ? [1]")
    assert asked.entailed_answer == "no"


def test_the_answer_decides_between_true_things() -> None:
    query = "select: door (8)->query: color [0]"
    assert run(query).entailed_answer == "red"
    assert run(query, "white").entailed_answer == "white"
    assert run(query, "blue").entailed_answer == "red"
    both = "select: door (8)->choose color: red|white [0]"
    assert run(both).entailed_answer == "red"
    assert run(both, "white").entailed_answer == "white"


def test_what_two_objects_have_in_common_is_of_the_answers_category() -> None:
    scene = SceneGraph(
        100,
        100,
        {
            "1": SceneObject("cup", 0, 0, 5, 5, ("small", "white", "plastic")),
            "2": SceneObject("fork", 9, 9, 5, 5, ("plastic", "white", "small")),
        },
    )
    text = "select: cup (1)->select: fork (2)->common:  [0,1]"
    for answer, word in (("color", "white"), ("material", "plastic"), (None, "small")):
        execution = run(text, answer, scene)
        assert isinstance(execution.statement, Shared)
        assert execution.statement.value == word
        assert execution.entailed_answer == (answer or "size")


def test_objects_answer_for_the_scene_where_it_is_not_annotated() -> None:
    scene = SceneGraph(
        100,
        100,
        {
            "1": SceneObject("beach", 0, 50, 100, 50, ("clear",)),
            "2": SceneObject("sky", 0, 0, 100, 50, ("blue", "clear")),
        },
        location="outdoors",
    )
    for text, answer, expected in (
        ("select: scene->query: place [0]", "beach", "there is (obj:1)"),
        ("select: scene->query: weather [0]", "clear", "(obj:2) is clear"),
        ("select: scene->choose place: park|beach [0]", "beach", "there is (obj:1)"),
        ("select: scene->choose weather: rainy|clear [0]", "clear", "(obj:2) is clear"),
    ):
        assert run(text, answer, scene).entailed_answer == answer
        assert raw(text, answer, scene) == expected
    unanswered: list[tuple[str, str | None]] = [
        ("select: scene->query: place [0]", "park"),
        ("select: scene->query: place [0]", None),
        ("select: scene->query: weather [0]", "rainy"),
        ("select: scene->choose place: park|beach [0]", "park"),
    ]
    for text, hint in unanswered:
        with pytest.raises(Skip, match="global scene question"):
            run(text, hint, scene)


def test_the_scene_graph_is_never_changed() -> None:
    before = {object_id: thing.attributes for object_id, thing in SCENE.objects.items()}
    for _ in range(2):
        execution = run("select: person (1,6)->same: gender [0]")
        assert isinstance(execution.statement, Contrast)
    assert {key: thing.attributes for key, thing in SCENE.objects.items()} == before


def test_why_a_description_fails_is_told() -> None:
    statement = run("select: man (1)->relate: dog,to the left of,s (3) [0]->exist: ? [1]").statement
    assert isinstance(statement, Relationship)
    assert (statement.relation, statement.holds) == ("to the right of", True)
    statement = run("select: man (1)->relate: dog,behind,s (3) [0]->exist: ? [1]").statement
    assert isinstance(statement, Relationship)
    assert (statement.relation, statement.holds) == ("behind", False)
    statement = run("select: man (1)->relate: bus,behind,s (-) [0]->exist: ? [1]").statement
    assert isinstance(statement, Existence)
    assert not statement.holds


def test_relations_are_read_from_both_sides() -> None:
    scene = SceneGraph(
        100,
        100,
        {
            "1": SceneObject("cup", 0, 0, 5, 5, (), (Relation("in front of", "2"),)),
            "2": SceneObject("lamp", 50, 0, 5, 5),
        },
    )
    behind = "select: cup (1)->verify rel: lamp,behind,s (2) [0]"
    assert run(behind, scene=scene).entailed_answer == "yes"
    unstated = "select: cup (1)->verify rel: lamp,to the right of,s (2) [0]"
    assert run(unstated, scene=scene).entailed_answer == "yes"
    vague = "select: cup (1)->relate: lamp,of,o (2) [0]->exist: ? [1]"
    assert raw(vague, scene=scene) == "there is (obj:2) that (obj:1) is in front of"


def test_a_cycle_of_relations_is_no_matter() -> None:
    scene = SceneGraph(
        100,
        100,
        {
            "1": SceneObject("man", 0, 0, 5, 5, (), (Relation("near", "1"), Relation("near", "2"))),
            "2": SceneObject("dog", 9, 9, 5, 5, (), (Relation("near", "1"),)),
        },
    )
    text = "select: man (1)->relate: dog,near,s (2) [0]->relate: man,near,s (1) [1]->exist: ? [2]"
    assert raw(text, scene=scene) == "there is (obj:1) near (obj:2)"


def test_every_step_returns_a_value() -> None:
    text = "select: man (1)->relate: dog,to the right of,s (3) [0]->filter color: brown [1]"
    execution = execute(program(f"{text}->exist: ? [2]"), SCENE)
    assert len(execution.values) == 4
    selections = [value for value in execution.values if isinstance(value, Selection)]
    assert [selection.objects for selection in selections] == [("1",), ("3",), ("3",)]
