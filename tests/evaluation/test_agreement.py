from __future__ import annotations

from pathlib import Path

import pytest

from rex.evaluation.agreement import agrees, cell_sides, entailed_answers
from rex.evaluation.lexicon import build_lexicon
from rex.evaluation.statements import Ref, read_statement
from rex.gqa.questions import SemanticStep, read_questions
from rex.gqa.scene_graphs import read_scene_graphs

LEXICON = build_lexicon()
SAMPLE = (Path(__file__).parents[2] / "../shared/gqa-sample").resolve()


def program(*texts: str) -> list[SemanticStep]:
    """Return a program; `[0, 1]` after a text gives its dependencies, else the step before."""
    steps = []
    for place, text in enumerate(texts):
        operation, _, argument = text.partition(": ")
        depends: tuple[int, ...] = (place - 1,) if place else ()
        if operation in ("and", "or") and argument:
            depends = tuple(int(number) for number in argument.split())
        steps.append(SemanticStep(operation, argument, depends))
    return steps


def names(ref: Ref) -> set[str]:
    return {1: {"man"}, 2: {"boy"}}.get(ref.region or 0, {ref.noun})


COLOR = program("select: car (1)", "query: color")
IS_RED = program("select: car (1)", "verify color: red")
NOT_SAD = program("select: man (1)", "verify face expression: not(sad)")
LEFT_OF = program("select: car (1)", "verify rel: cat,to the left of,s (2)")
IS_THERE = program("select: dog (-)", "exist: ?")
RED_THERE = program("select: car (1)", "filter color: red", "exist: ?")
LEFT_THERE = program("select: bed (1)", "relate: bag,to the left of,s (2)", "exist: ?")
SIDE = program("select: car (1)", "query: hposition")
PART = program("select: car (1)", "verify vposition: top")
OPTION = program("select: car (1)", "choose rel: cat,to the left of|to the right of,s (2)")
OLDER = program("select: man (1)", "select: boy (2)", "choose older: ")
ALIKE = program("select: car (1)", "select: bus (2)", "same color: ")
UNLIKE = program("select: car (1)", "select: bus (2)", "different color: ")
COMMON = program("select: car (1)", "select: bus (2)", "common: ")
BOTH = program("select: car (1)", "verify color: red", "verify size: small", "and: 1 2")
EITHER = program("select: cat (1)", "exist: ?", "select: dog (-)", "exist: ?", "or: 1 3")
ROOM = program("select: scene", "query: room")


@pytest.mark.parametrize(
    ("question", "text", "answers"),
    [
        (COLOR, "#0 is red", {"red"}),
        (COLOR, "red #0 is car", {"car"}),  # a description does not answer
        (COLOR, "#0 is not red", set()),
        (IS_RED, "#0 is red", {"yes"}),
        (IS_RED, "#0 is not red but blue", {"no"}),
        (IS_RED, "#0 is blue", {"no"}),
        (NOT_SAD, "#1 is happy", {"yes"}),
        (NOT_SAD, "#1 is sad", {"no"}),
        (LEFT_OF, "#3 is to the left of #0", {"yes"}),
        (LEFT_OF, "#3 is to the right of #0", {"no"}),
        (LEFT_OF, "#3 is red", set()),
        (IS_THERE, "there is no dog", {"no"}),
        (IS_THERE, "there is #5", {"yes"}),
        (RED_THERE, "#0 is not red but blue", {"no"}),
        (RED_THERE, "there is red #0", {"yes"}),
        (LEFT_THERE, "#4 is to the right of #0", {"no"}),
        (SIDE, "#0 is located at @7", {"right", "top", "middle"}),
        (SIDE, "#0 is on the left", {"left"}),
        (PART, "#0 is located at @14", {"no"}),
        (PART, "#0 is located at @2", {"yes"}),
        (OPTION, "#3 is to the right of #0", {"right"}),
        (OPTION, "#3 is behind #0", set()),  # not offered
        (OLDER, "#1 is older than #2", {"man"}),
        (OLDER, "#2 is younger than #1", {"man"}),
        (OLDER, "#2 is larger than #1", set()),
        (ALIKE, "#0 and #3 are both red", {"yes"}),
        (ALIKE, "#0 is red and #3 is white", {"no"}),
        (UNLIKE, "#0 is red and #3 is white", {"yes"}),
        (UNLIKE, "#0 and #3 are both red", {"no"}),
        (ALIKE, "#0 is red", set()),
        (COMMON, "#0 and #3 are both red", {"color"}),
        (BOTH, "#0 is red and small", {"yes"}),
        (BOTH, "#0 is small but not red", {"no"}),
        (BOTH, "#0 is small", {"no"}),
        (EITHER, "there is #3", {"yes"}),
        (EITHER, "there is neither cat nor dog", {"no"}),
        (EITHER, "there is #3 but no dog", {"yes"}),
        (ROOM, "the scene is bedroom", {"bedroom"}),
        (ROOM, "the scene is not bedroom but kitchen", {"kitchen"}),
    ],
)
def test_what_follows_by_hand(question: list[SemanticStep], text: str, answers: set[str]) -> None:
    assert entailed_answers(read_statement(text, LEXICON), question, names) == answers


def test_a_wider_name_agrees() -> None:
    facts = read_statement("#1 is boy", LEXICON)
    query = program("select: shirt (1)", "relate: _,wearing,s (2)", "query: name")
    assert agrees("boy", facts, query, names)
    assert agrees("person", facts, query, names)
    assert not agrees("girl", facts, query, names)
    assert not agrees("yes", facts, query, names)


def test_no_facts_no_answer() -> None:
    assert entailed_answers((), COLOR, names) == set()
    assert entailed_answers(read_statement("#0 is red", LEXICON), [], names) == set()


def test_cells() -> None:
    assert cell_sides(1) == {"left", "top"}
    assert cell_sides(16) == {"right", "bottom"}
    assert cell_sides(6) == {"left", "top", "middle"}


@pytest.mark.skipif(not SAMPLE.exists(), reason="needs the GQA sample")
def test_true_explanations_of_real_questions_agree_and_are_true() -> None:
    from rex.evaluation.truth import Scene
    from rex.programs.errors import Skip
    from rex.programs.executor import execute
    from rex.programs.parsing import parse_program
    from rex.programs.rendering import mentioned, render_tokens
    from rex.programs.wording import word_statement

    graphs = read_scene_graphs(SAMPLE / "sceneGraphs.json")
    lexicon = build_lexicon(graphs.values())
    explained = true = stated = 0
    for question in read_questions(SAMPLE / "questions.json").values():
        graph = graphs[question.image_id]
        try:
            execution = execute(parse_program(question.semantic), graph, question.answer)
        except Skip:
            continue
        leaves = word_statement(execution.statement)
        regions = {key: place for place, key in enumerate(dict.fromkeys(mentioned(leaves)))}
        text = render_tokens(leaves, regions, {})
        facts = read_statement(text, lexicon)
        scene = Scene(graph, {place: key for key, place in regions.items()})
        if execution.entailed_answer == question.answer:
            assert agrees(question.answer, facts, question.semantic, scene.names), text
            explained += 1
            other = {"yes": "no", "no": "yes"}.get(question.answer, "nothing of the kind")
            assert not agrees(other, facts, question.semantic, scene.names), text
        stated += len(facts)
        true += sum(scene.holds(fact) for fact in facts)
    assert explained >= 18
    assert true / stated > 0.9
