"""The sentences of explanations, read back, are the tokens that they were made with."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.evaluation.reading.cursor import UnreadableError
from rex.evaluation.reading.english import LONGEST, MOST_BOXES, English
from rex.evaluation.reading.facts import Fact, Ref
from rex.evaluation.reading.model_predictions import fits
from rex.evaluation.reading.statements import read_statement
from rex.exchange.formats import FORMATS, Format
from rex.exchange.marked import read_marked
from rex.exchange.record import spanned
from rex.gqa.parsing import parse_program
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph, SceneObject
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.rendering import mentioned, render_spans, render_tokens
from rex.programs.values import VERDICTS
from rex.programs.wording import word_statement
from rex.tokens import is_region, region_token
from tests.exchange.test_formats import WRITTEN
from tests.programs.generated import decoded, random_graph, random_program

_SIGN = "sign (no, #1)"


@given(st.integers(0, 2**32), st.sampled_from(WRITTEN))
def test_sentences_of_programs_are_read_as_their_tokens_are(seed: int, written: Format) -> None:
    random = Random(seed)
    # a name with a comma and a number sign is no English
    graph = decoded(json.loads(json.dumps(random_graph(random)).replace(_SIGN, "street sign")))
    semantic = [
        SemanticStep(operation, argument.replace(_SIGN, "street sign"), dependencies)
        for operation, argument, dependencies in random_program(random)
    ]
    try:
        execution = execute(parse_program(semantic), graph)
    except Skip:
        return
    leaves = word_statement(execution.statement)
    things = [graph.objects[name] for name in dict.fromkeys(mentioned(leaves))]
    if len({thing.box for thing in things}) < len(things):
        return  # equal boxes are one region
    said = spanned(*render_spans(leaves, VERDICTS.get(execution.entailed_answer)))
    boxes = {name: thing.box for name, thing in graph.objects.items()}
    marked = read_marked(
        written.text(said, boxes, graph.width, graph.height),
        boxes_first=written.phrase.startswith("{boxes}"),
    )
    english = English([graph], [semantic])
    found, lexicon = english.tokens(marked, graph).text, english.lexicon
    regions = {name: place for place, name in enumerate(dict.fromkeys(mentioned(leaves)))}
    tokens = render_tokens(leaves, regions, {})
    try:
        read_statement(tokens, lexicon)
    except UnreadableError:
        return
    read_statement(found, lexicon)
    assert set(found.split()) & set(map(region_token, range(9))) == {
        token for token in tokens.split() if is_region(token)
    }


@pytest.fixture
def english() -> English:
    return English((), ())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The Dog [1, 2, 3, 4] is on the left of the image.", "#0 is on the left"),
        ("No, there is no dog to the left of the cat [1, 2, 3, 4].",
         "there is no dog to the left of #0"),
        ("One of the animals [1,2,3,4] is a dog, and the cat [5,6,7,8] is white.",
         "#0 is dog and #1 is white"),
        ("The man [1,2,3,4] is taking a picture. The scene is a street.",
         "#0 is taking a picture and the scene is street"),
        ("The cat [1,2,3,4] is near the other cat [5,6,7,8]!", "#0 is near #1"),
        ("The zorb [1,2,3,4] is big", "#0 is big"),
        ("A man [1,2,3,4] is on the left.", "#0 is man and #0 is on the left"),
        ("There is a dog [1,2,3,4].", "#0 is dog and there is #0"),
        ("It is a red hat [1,2,3,4] that the man [5,6,7,8] is wearing.",
         "red #0 that #1 is wearing is hat"),
        ("No, the bowl [1,2,3,4] is made of glass, not metal.",
         "#0 is not made of metal but made of glass"),
        ("One of the animals [1,2,3,4] is a dog, another [5,6,7,8] is a cat and the last "
         "[9,9,9,9] is a horse.", "#0 is dog and #1 is cat and #2 is horse"),
        ("The hat [1,2,3,4] that is not made of wood is blue.", "#0 that is not wood is blue"),
        ("The shoe [1,2,3,4] is not made by Nike.", "#0 is not nike"),
        ("The white and red hat [1,2,3,4] is tall.", "white red #0 is tall"),
        ("There is a light brown and white dog [1,2,3,4].",
         "#0 is dog and there is light brown white #0"),
        ("The hat [1,2,3,4] is white and red dogs [5,6,7,8] are tall.",
         "#0 is white and red #1 are tall"),
        ("The black and white zebra [1,2,3,4] is black and white.",
         "black and white #0 is black and white"),
        ("No, the laptop [1,2,3,4] is made by Dell, not Apple.", "#0 is not apple but dell"),
        ("One pair of pants [1,2,3,4] is blue and the other [5,6,7,8] is black.",
         "#0 is blue and #1 is black"),
        ("Some of the hair [1,2,3,4] is shorter than the rest [5,6,7,8].",
         "#0 is shorter than #1"),
        ("The grass [1,2,3,4] [5,6,7,8] is all green.", "#0 and #1 are all green"),
        ("There are white hats [1,2,3,4] [5,6,7,8] and a ball [9,9,9,9].",
         "there are white #0 and white #1 and #2"),
        ("There are white hats [1,2,3,4] [5,6,7,8] near the dog [9,9,9,9].",
         "there are white #0 and #1 near #2"),
        ("They [1,2,3,4] [5,6,7,8] are both shirts.", "#0 and #1 are both shirts"),
        ("It [1,2,3,4] is green.", "#0 is green"),
        ("No, there is no cabinet in the image.", "there is no cabinet"),
        ("The pants [1,2,3,4] in this photo are green in the scene.", "#0 are green"),
        ("There is no cat in the picture [1,2,3,4].", "there is no cat in #0"),
        ("The dog [1,2,3,4] is in the photo.", "#0 is in photo"),
        ("There is no cat in the picture frame.", "there is no cat in picture frame"),
        ("[1,2,3,4]", ""),
    ],
)  # fmt: skip
def test_sentences_of_models(english: English, text: str, tokens: str) -> None:
    assert english.tokens(read_marked(text))[0] == tokens


def test_a_picture_of_the_image_is_no_image(english: English) -> None:
    graph = SceneGraph(10, 10, {"p": SceneObject("picture", 1, 2, 2, 2)})
    marked = read_marked("There is no cat in the picture.")
    assert english.tokens(marked).text == "there is no cat"
    assert english.tokens(marked, graph).text == "there is no cat in picture"


def test_equal_boxes_are_one_region(english: English) -> None:
    marked = read_marked("The dog [1,2,3,4] is brown. The dog [1,2,3,4] is big near [5,6,7,8].")
    tokens, boxes, called = english.tokens(marked)
    assert tokens.startswith("#0 is brown and #0 is big")
    assert boxes == [(1, 2, 3, 4), (5, 6, 7, 8)]
    assert called == [Fact("is", (Ref(0),), "dog", main=False)] * 2
    assert FORMATS["pixels"].pixels(boxes[0], 10, 10) == (1, 2, 3, 4)


def test_what_is_beyond_all_measure_is_not_read(english: English) -> None:
    boxes = [(one, 2, 3, 4) for one in range(4000)]
    said = " ".join(f"[{','.join(map(str, box))}]" for box in boxes)
    for text in (
        f"The dogs {said} are brown.",
        f"{said} There is a dog.",
    ):
        tokens = english.tokens(read_marked(text))
        assert tokens.boxes[:MOST_BOXES] == boxes[:MOST_BOXES]
        assert len(tokens.boxes) == MOST_BOXES + 1
        assert not fits(FORMATS["pixels"], tokens.boxes[-1], 10_000, 10_000)
    long = f"The dog [1,2,3,4] is brown{', not red' * LONGEST}."
    tokens = english.tokens(read_marked(long))
    assert tokens.boxes == [(1, 2, 3, 4)]
    with pytest.raises(UnreadableError):
        read_statement(tokens.text, english.lexicon)
