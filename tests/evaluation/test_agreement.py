from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from rex.config import WorldSettings
from rex.evaluation.measures.agreement import agrees, entailed_answers
from rex.evaluation.measures.truth import SeenScene
from rex.evaluation.reading.facts import Ref
from rex.evaluation.reading.lexicon import build_lexicon
from rex.evaluation.reading.statements import read_statement
from rex.gqa import operations
from rex.gqa.layout import Layout
from rex.gqa.parsing import Program, parse_program, parse_program_text
from rex.gqa.questions import Question, SemanticStep, read_questions
from rex.gqa.scene_graphs import SceneGraph, read_scene_graphs
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.rendering import mentioned, render_tokens
from rex.programs.wording import word_statement
from rex.world.make import make_world
from tests.programs.generated import (
    decoded,
    random_graph,
    random_program,
    with_plain_names,
    with_true_nouns,
)

LEXICON = build_lexicon()
parse = parse_program_text
SAMPLE = (Path(__file__).parents[2] / "../shared/gqa-sample").resolve()


NAMES = {0: "car", 1: "man", 2: "boy", 3: "cat", 4: "bag", 5: "dog", 6: "bus", 7: "car", 8: "bus"}


def names(ref: Ref) -> set[str]:
    return {NAMES[ref.region]} if ref.region in NAMES else {ref.noun} - {""}


COLOR = parse("select: car [1]->query: color [0]")
VEHICLE_COLOR = parse("select: vehicle [1]->query: color [0]")
ITEM_COLOR = parse("select: food item [1]->query: color [0]")
THING_COLOR = parse("select: this [1]->query: color [0]")
RED_OR_BLUE = parse("select: car [1]->choose color: red|blue [0]")
IS_RED = parse("select: car [1]->verify color: red [0]")
IS_RED_THING = parse("select: car [1]->relate: _,near,o (2) [0]->verify color: red [1]")
IS_CAT = parse("select: animal [1]->verify type: cat [0]")
NOT_SAD = parse("select: man [1]->verify face expression: not(sad) [0]")
LEFT_OF = parse("select: car [1]->verify rel: cat,to the left of,s (2) [0]")
WEARING = parse("select: man [1]->verify rel: hat,wearing,o (-) [0]")
IS_THERE = parse("select: dog (-)->exist: ? [0]")
RED_THERE = parse("select: car [1]->filter color: red [0]->exist: ? [1]")
ANY_LEFT = parse("select: car [1]->filter hposition: left [0]->filter color: red [1]->exist: ? [2]")
LEFT_THERE = parse("select: bed [1]->relate: bag,to the left of,s (2) [0]->exist: ? [1]")
SIDE = parse("select: car [1]->query: hposition [0]")
PART = parse("select: car [1]->verify vposition: top [0]")
OPTION = parse("select: car [1]->choose rel: cat,to the left of|to the right of,s (2) [0]")
OLDER = parse("select: man [1]->select: boy [2]->choose older: [0, 1]")
ALIKE = parse("select: car [1]->select: bus [2]->same color: [0, 1]")
UNLIKE = parse("select: car [1]->select: bus [2]->different color: [0, 1]")
ONE_ALIKE = parse("select: cars [1]->filter size: small [0]->same color: [1]")
ALL_ALIKE = parse("select: cars [1,2]->same color: [0]")
COMMON = parse("select: car [1]->select: bus [2]->common: [0, 1]")
BOTH = parse("select: car [1]->verify color: red [0]->verify size: small [0]->and: [1, 2]")
BOTH_RED = parse(
    "select: car [1]->verify color: red [0]->select: bus [2]->verify color: red [2]->and: [1, 3]"
)
BOTH_THERE = parse("select: cat [1]->exist: ? [0]->select: dog (-)->exist: ? [2]->and: [1, 3]")
EITHER = parse("select: cat [1]->exist: ? [0]->select: dog (-)->exist: ? [2]->or: [1, 3]")
CAT_AND_RED = parse(
    "select: cat [1]->exist: ? [0]->select: car [2]->verify color: red [2]->and: [1, 3]"
)
BOTH_CARS_RED = parse(
    "select: car [1]->verify color: red [0]->select: car [2]->verify color: red [2]->and: [1, 3]"
)
A_CAR_RED = parse(
    "select: car [1]->verify color: red [0]->select: car [2]->verify color: red [2]->or: [1, 3]"
)
RED_CARS_THERE = parse(
    "select: car [1]->filter color: red [0]->exist: ? [1]"
    "->select: car [2]->filter color: red [3]->exist: ? [4]->and: [2, 5]"
)
CARS_AND_BUSES_ALIKE = parse(
    "select: car [1]->select: car [2]->same color: [0, 1]"
    "->select: bus [3]->select: bus [4]->same color: [3, 4]->and: [2, 5]"
)
WOOD_OR_METAL = parse("select: car [1]->choose material: wooden|metallic [0]")
IS_WOODEN = parse("select: car [1]->verify material: wooden [0]")
BLACK_AND_WHITE = parse("select: car [1]->verify color: black and white [0]")
BLACK = parse("select: car [1]->verify color: black [0]")
BLACK_OR = parse("select: car [1]->choose color: colorful|black and white [0]")
RACKET_THERE = parse("select: tennis racket (-)->exist: ? [0]")
TENNIS_RACKET_THERE = parse("select: racket (-)->filter activity: tennis [0]->exist: ? [1]")
RED_LEFT_THERE = parse(
    "select: dog [1]->relate: car,to the left of,s (2,3) [0]->filter color: red [1]->exist: ? [2]"
)
ROOM = parse("select: scene->query: room [0]")
IS_BEDROOM = parse("select: scene->verify room: bedroom [0]")


@pytest.mark.parametrize(
    ("question", "text", "answers"),
    [
        (COLOR, "#0 is red", {"red"}),
        (COLOR, "red #0 is car", {"car"}),  # a description does not answer
        (COLOR, "#0 is not red", set()),
        (IS_RED, "#0 is red", {"yes"}),
        (IS_RED, "#0 is not red but blue", {"no"}),
        (IS_RED, "#0 is blue", {"no"}),
        (IS_RED, "#0 is large", set()),  # says nothing of its color
        (IS_RED, "#0 is bus", set()),
        (IS_RED, "#0 is located at @1", set()),
        (IS_RED, "there is no cat", set()),
        (IS_RED, "there is no red car", set()),
        (IS_RED, "there is no car", {"no"}),
        (IS_RED, "#6 is red", set()),  # the bus, not the car
        (IS_RED, "#9 is red", {"yes"}),  # nobody knows what region 9 shows
        (IS_RED, "there is #0", set()),
        (IS_RED, "#6 is red but #0 is blue", {"no"}),
        (IS_RED_THING, "there is no thing that #0 is near", {"no"}),
        (IS_RED_THING, "there is no cat that #0 is near", set()),
        (IS_CAT, "#3 is cat", {"yes"}),
        (IS_CAT, "#3 is dog", {"no"}),
        (IS_CAT, "#3 is white", set()),
        (IS_CAT, "#3 is not animal", {"no"}),
        (NOT_SAD, "#1 is happy", {"yes"}),
        (NOT_SAD, "#1 is sad", {"no"}),
        (LEFT_OF, "#3 is to the left of #0", {"yes"}),
        (LEFT_OF, "#3 is to the right of #0", {"no"}),
        (LEFT_OF, "#3 is red", set()),
        (LEFT_OF, "#3 is holding #0", set()),  # it may be on its left as well
        (LEFT_OF, "there is no cat to the left of #0", {"no"}),
        (LEFT_OF, "there is no dog to the left of #0", set()),
        (WEARING, "#1 is not wearing any hat", {"no"}),
        (WEARING, "there is no man", {"no"}),
        (IS_THERE, "there is no dog", {"no"}),
        (IS_THERE, "there is no animal", {"no"}),
        (IS_THERE, "there is no cat", set()),
        (IS_THERE, "there is no white dog", set()),  # there may be a brown one
        (IS_THERE, "there is no thing", set()),
        (IS_THERE, "there is #5", {"yes"}),
        (IS_THERE, "there is dog", {"yes"}),
        (IS_THERE, "there is #0", set()),
        (IS_THERE, "there is #9", set()),  # nobody knows what region 9 shows
        (IS_THERE, "there is #5 but no dog", set()),
        (BOTH_THERE, "there is #5 but no dog", set()),
        (IS_RED, "#0 is red but there is no car", set()),
        (IS_RED, "#0 is red but not red", set()),
        (LEFT_OF, "#3 is to the left of #0 but #3 is not to the left of #0", set()),
        (COLOR, "#0 is red but there is no car", set()),
        (RED_THERE, "#0 is not red but blue", {"no"}),
        (RED_THERE, "there is red #0", {"yes"}),
        (RED_THERE, "there is #0", set()),
        (RED_THERE, "there is red #6", set()),
        (RED_THERE, "there is no red car", {"no"}),
        (RED_THERE, "there is no car", {"no"}),
        (RED_THERE, "there is no small red car", set()),
        (RED_THERE, "#0 is old", set()),
        (RED_THERE, "#0 is red", {"yes"}),
        (RED_THERE, "#6 is red", set()),
        (ANY_LEFT, "#0 is located at @4", {"no"}),
        (ANY_LEFT, "there is red #0 on the left", {"yes"}),
        (LEFT_THERE, "there is #4 to the left of #0", {"yes"}),
        (LEFT_THERE, "there is no bag to the left of #0", {"no"}),
        (LEFT_THERE, "there is no bed", {"no"}),
        (LEFT_THERE, "#4 is to the left of #0", {"yes"}),
        (LEFT_THERE, "#4 is to the right of #0", {"no"}),
        (SIDE, "#0 is located at @7", {"right", "top", "middle"}),
        (SIDE, "#0 is on the left", {"left"}),
        (PART, "#0 is located at @14", {"no"}),
        (PART, "#0 is located at @2", {"yes"}),
        (OPTION, "#3 is to the right of #0", {"right"}),
        (OPTION, "#3 is behind #0", set()),  # not offered
        (OPTION, "#0 is to the left of #3", set()),  # the car, not the cat
        (OPTION, "#3 is to the left of #0 and #3 is to the right of #0", set()),
        # several answers are none
        (COLOR, "#0 is red and blue", set()),
        (COLOR, "#0 is red and #7 is blue", set()),
        (COLOR, "#9 is red and #10 is blue", set()),
        (COLOR, "#0 is red and large and #0 is car", {"red", "large", "car"}),
        (COLOR, "#0 is orange and #0 is vehicle", {"orange", "vehicle"}),
        (COLOR, "#0 is car and bus and red", {"red"}),
        (SIDE, "#0 is located at @1 and #7 is located at @4", {"top"}),
        (IS_RED, "#0 is red and white", {"yes"}),
        (IS_RED, "#0 is red and white and blue", set()),
        (IS_RED, "#9 is red and #10 is white and #11 is blue", set()),
        (IS_CAT, "#3 is cat and dog and bus", set()),
        (COMMON, "#0 and #3 are both red and #0 and #3 are both blue", {"color"}),
        (COMMON, "#0 and #3 are both red and #0 and #3 are both metal", set()),
        # what is said of something else is no answer
        (COLOR, "#6 is red", set()),
        (COLOR, "bus is red", set()),
        (COLOR, "#6 is red and #0 is blue", {"blue"}),
        (COLOR, "#9 is red", {"red"}),  # nobody knows what region 9 shows
        (COLOR, "vehicle is red", {"red"}),  # may be the car
        (COLOR, "thing is red", {"red"}),
        (VEHICLE_COLOR, "#0 is red", {"red"}),
        (VEHICLE_COLOR, "#3 is red", set()),
        (ITEM_COLOR, "#0 is red", {"red"}),  # the ontology knows no item
        (THING_COLOR, "#0 is red", {"red"}),
        (RED_OR_BLUE, "#0 is red", {"red"}),
        (RED_OR_BLUE, "#6 is red", set()),
        (RED_OR_BLUE, "#0 is red and #0 is blue", set()),
        (OLDER, "#1 is older than #2", {"man"}),
        (OLDER, "#2 is younger than #1", {"man"}),
        (OLDER, "#2 is larger than #1", set()),
        (ALIKE, "#0 and #3 are both red", {"yes"}),
        (ALIKE, "#0 is red and #3 is white", {"no"}),
        (UNLIKE, "#0 is red and #3 is white", {"yes"}),
        (UNLIKE, "#0 and #3 are both red", {"no"}),
        (ALIKE, "#0 is red", set()),
        (ALIKE, "#0 is large and #3 is white", set()),
        (ALIKE, "#0 and #3 are both large", set()),
        (ONE_ALIKE, "#0 are red", {"yes"}),
        (ALL_ALIKE, "#0 are red", set()),
        (ALL_ALIKE, "#0 and #3 are both red", {"yes"}),
        (COMMON, "#0 and #3 are both red", {"color"}),
        (BOTH, "#0 is red and small", {"yes"}),
        (BOTH, "#0 is small but not red", {"no"}),
        (BOTH, "#0 is small", set()),
        (BOTH_RED, "#0 is red but #6 is not red but blue", {"no"}),
        (BOTH_RED, "#0 is red and #6 is red", {"yes"}),
        (BOTH_CARS_RED, "#0 is red but #7 is not red", {"no"}),
        (BOTH_CARS_RED, "#0 is red and #7 is red", {"yes"}),
        (A_CAR_RED, "#0 is red but #7 is not red", {"yes"}),
        (A_CAR_RED, "#0 is not red but blue and #7 is not red", {"no"}),
        (RED_CARS_THERE, "there is red #0 but #7 is not red", {"no"}),
        (RED_CARS_THERE, "there is red #0 and red #7", {"yes"}),
        (RED_THERE, "there is red #0 but #7 is not red", {"yes"}),
        (CARS_AND_BUSES_ALIKE, "#0 and #7 are both red but #6 is red and #8 is blue", {"no"}),
        (CARS_AND_BUSES_ALIKE, "#0 and #7 are both red and #6 and #8 are both blue", {"yes"}),
        # one word, two spellings
        (WOOD_OR_METAL, "#0 is made of wood", {"wooden"}),
        (WOOD_OR_METAL, "#0 is made of metal", {"metallic"}),
        (IS_WOODEN, "#0 is made of wood", {"yes"}),
        (IS_WOODEN, "#0 is not made of wood but made of metal", {"no"}),
        # a phrase with an "and"
        (COLOR, "#0 is black and white", {"black and white"}),
        (BLACK_AND_WHITE, "#0 is black and white", {"yes"}),
        (BLACK_AND_WHITE, "#0 is not black and white but brown", {"no"}),
        (BLACK_AND_WHITE, "#0 is not black", {"no"}),
        (BLACK, "#0 is black and white", {"yes"}),
        (BLACK, "#0 is not black and white", set()),
        (BLACK_OR, "#0 is black and white", {"black and white"}),
        (BOTH_THERE, "there is #3", set()),
        (BOTH_THERE, "there is no dog", {"no"}),
        (BOTH_THERE, "there is #3 but no dog", {"no"}),
        (BOTH_THERE, "there is #3 and #5", {"yes"}),
        (CAT_AND_RED, "there is #3 but #0 is not red but blue", {"no"}),
        (CAT_AND_RED, "there is #3 and #0 is red", {"yes"}),
        (EITHER, "there is no dog", set()),
        (EITHER, "there is #3", {"yes"}),
        (EITHER, "there is neither cat nor dog", {"no"}),
        (EITHER, "there is #3 but no dog", {"yes"}),
        # an adjective and a noun that are a name, too
        (RACKET_THERE, "there is no tennis racket", {"no"}),
        (RACKET_THERE, "there is no racket", set()),
        (RACKET_THERE, "there is no red tennis racket", set()),
        (RACKET_THERE, "there is neither dog nor tennis racket", {"no"}),
        (RACKET_THERE, "there is tennis racket", {"yes"}),
        (RACKET_THERE, "there is tennis racket but no tennis racket", set()),
        (TENNIS_RACKET_THERE, "there is no tennis racket", {"no"}),
        # said of all things of a list
        (RED_LEFT_THERE, "there are red #0 and #7 to the left of #5", {"yes"}),
        (RED_LEFT_THERE, "there are red #0 and #7", set()),
        (ROOM, "the scene is bedroom", {"bedroom"}),
        (ROOM, "the scene is not bedroom but kitchen", {"kitchen"}),
        (IS_BEDROOM, "the scene is not bedroom but kitchen", {"no"}),
        (IS_BEDROOM, "the scene is kitchen", {"no"}),
        (IS_BEDROOM, "the scene is outdoors", set()),
    ],
)
def test_what_follows_by_hand(question: Program, text: str, answers: set[str]) -> None:
    assert entailed_answers(read_statement(text, LEXICON), question, names) == answers


def test_what_is_not_there_may_have_any_name() -> None:
    for name in sorted(LEXICON.names):
        facts = read_statement(f"there is no {name}", LEXICON)
        assert agrees("no", facts, parse(f"select: {name} (-)->exist: ? [0]"), names), name


def test_a_wider_name_agrees() -> None:
    facts = read_statement("#1 is boy", LEXICON)
    query = parse("select: shirt [1]->relate: _,wearing,s (2) [0]->query: name [1]")
    assert agrees("boy", facts, query, names)
    assert agrees("person", facts, query, names)
    assert not agrees("girl", facts, query, names)
    assert not agrees("yes", facts, query, names)


def test_no_facts_no_answer() -> None:
    assert entailed_answers((), COLOR, names) == set()
    assert entailed_answers(read_statement("#0 is red", LEXICON), (), names) == set()


@dataclass(frozen=True)
class Explained:
    """A question with its true explanation, in which each object is a region of its own."""

    question: Question
    program: Program
    scene: SeenScene
    text: str


def explain(questions: Iterable[Question], graphs: Mapping[str, SceneGraph]) -> Iterator[Explained]:
    """Explain the questions whose programs give the annotated answer."""
    for question in questions:
        graph, program = graphs[question.image_id], parse_program(question.semantic)
        try:
            execution = execute(program, graph, question.answer)
        except Skip:
            continue
        leaves = word_statement(execution.statement)
        regions = {key: place for place, key in enumerate(dict.fromkeys(mentioned(leaves)))}
        if execution.entailed_answer == question.answer:
            scene = SeenScene(graph, {place: key for key, place in regions.items()})
            yield Explained(question, program, scene, render_tokens(leaves, regions, {}))


def judged(explained: Sequence[Explained], graphs: Mapping[str, SceneGraph]) -> list[bool]:
    """Check that each explanation agrees with the answer, not with another; are its facts true?"""
    lexicon = build_lexicon(graphs.values())
    truths = []
    for one in explained:
        facts, answer = read_statement(one.text, lexicon), one.question.answer or ""
        assert agrees(answer, facts, one.program, one.scene.names), one.text
        other = {"yes": "no", "no": "yes"}.get(answer, "nothing of the kind")
        assert not agrees(other, facts, one.program, one.scene.names), one.text
        truths += [one.scene.holds(fact) for fact in facts]
    return truths


@pytest.mark.skipif(not SAMPLE.exists(), reason="needs the GQA sample")
def test_true_explanations_of_real_questions_agree_and_are_true() -> None:
    graphs = read_scene_graphs(SAMPLE / "sceneGraphs.json")
    questions = read_questions(SAMPLE / "questions.json").values()
    explained = list(explain(questions, graphs))
    assert len(explained) >= 18
    truths = judged(explained, graphs)
    assert sum(truths) / len(truths) > 0.9


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Make a small embedded world."""
    folder = tmp_path_factory.mktemp("data") / "world"
    settings = WorldSettings(
        train_images=60, val_images=1, testdev_images=1, questions_per_image=24, seed=3
    )
    make_world(folder, settings, processes=1)
    return Layout(folder)


def test_true_explanations_of_the_embedded_world_agree_and_are_true(world: Layout) -> None:
    graphs = read_scene_graphs(world.scene_graphs("train"))
    questions = read_questions(world.questions("train")).values()
    explained = list(explain(questions, graphs))
    assert len(explained) == len(questions) > 500
    assert all(judged(explained, graphs))


EVERY = (
    "woman", "red", "man", "green", "white", "bag", "chair", "blue", "wood", "table", "tall",
    "small", "dog", "happy", "black", "large", "metal", "car", "left", "right", "short", "brown",
)  # fmt: skip
"""Frequent answers."""
SENTENCES = (
    f"#35 is {' and '.join(EVERY)}",
    " and ".join([f"#{place} is {answer}" for place, answer in enumerate(EVERY, start=35)]),
)
"""Each says all of them, of one thing or of one thing each."""


@pytest.mark.parametrize(
    "text",
    [
        *SENTENCES,
        "there is no cat",
        "there is #0",
        "#0 is zebra",
        "#0 is red",
        "#0 is white",
        "#0 is large",
        "#0 is located at @1",
        "#0 is to the left of #1",
    ],
)
def test_saying_the_same_of_everything_hardly_ever_agrees(world: Layout, text: str) -> None:
    graphs = read_scene_graphs(world.scene_graphs("train"))
    facts = read_statement(text, build_lexicon(graphs.values()))
    asked = [
        (parse_program(question.semantic), graphs[question.image_id])
        for question in read_questions(world.questions("train")).values()
        if question.answer in ("yes", "no")
    ]
    assert len(asked) > 200
    answered = 0
    for program, graph in asked:
        scene = SeenScene(graph, dict(enumerate(graph.objects)))
        answered += bool(entailed_answers(facts, program, scene.names))
    # whatever it answers is counted: the best that a choice of yes or no could reach
    assert answered / len(asked) < 0.1


@pytest.mark.parametrize("text", SENTENCES)
def test_a_list_of_all_answers_gives_none(world: Layout, text: str) -> None:
    graphs = read_scene_graphs(world.scene_graphs("train"))
    facts = read_statement(text, build_lexicon(graphs.values()))
    asked = [
        question
        for question in read_questions(world.questions("train")).values()
        if question.types.structural == "query"
    ]
    assert len(asked) > 200
    answered = 0
    for question in asked:
        graph = graphs[question.image_id]
        scene = SeenScene(graph, dict(enumerate(graph.objects)))
        program = parse_program(question.semantic)
        answered += agrees(question.answer or "", facts, program, scene.names)
    assert answered / len(asked) < 0.1


def test_explanations_of_generated_programs_entail_their_answer_alone() -> None:
    followed: list[bool] = []
    for seed in range(3000):
        random = Random(seed)
        steps, graph = with_plain_names(random_program(random), random_graph(random))
        named = with_true_nouns(steps, graph)
        if named is None:
            continue
        program, scene = parse_program([SemanticStep(*one) for one in named]), decoded(graph)
        try:
            execution = execute(program, scene)
        except Skip:
            continue
        if execution.entailed_answer not in ("yes", "no") or isinstance(program[-1], OF_SEVERAL):
            continue
        regions = {key: place for place, key in enumerate(scene.objects)}
        called = {key: thing.name for key, thing in scene.objects.items()}
        text = render_tokens(word_statement(execution.statement), regions, called)
        facts = read_statement(text, build_lexicon([scene]))
        shown = SeenScene(scene, {place: key for key, place in regions.items()})
        other = "no" if execution.entailed_answer == "yes" else "yes"
        assert not agrees(other, facts, program, shown.names), (named, text)
        followed.append(agrees(execution.entailed_answer, facts, program, shown.names))
    assert len(followed) > 500
    assert sum(followed) / len(followed) > 0.99


OF_SEVERAL = (operations.Same, operations.Different, operations.Or)
"""What one object may be compared by with nothing, and what several facts may say at once."""
