"""The sentences of explanations, read back, are the tokens that they were made with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.evaluation.reading.english import English, build_english
from rex.evaluation.reading.lexicon import build_lexicon
from rex.exchange.formats import FORMATS, Format
from rex.exchange.marked import read_marked
from rex.exchange.record import VERDICTS, spanned
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.leaves import Leaf, Place
from rex.programs.parsing import parse_program
from rex.programs.rendering import mentioned, render_spans, render_tokens
from rex.programs.wording import word_statement
from tests.exchange.test_formats import WRITTEN
from tests.programs.generated import decoded, random_graph, random_program

_SIGN = "sign (no, #1)"


def tokens_of(leaves: Iterable[Leaf], graph: SceneGraph, written: Format) -> str:
    """Return the true tokens; objects with equal boxes have one region."""
    leaves = list(leaves)
    boxes: dict[tuple[float, ...], int] = {}
    regions = {}
    for name in dict.fromkeys(mentioned(leaves)):
        numbers = written.numbers(graph.objects[name].box, graph.width, graph.height)
        regions[name] = boxes.setdefault(numbers, len(boxes))
    return render_tokens(leaves, regions, {})


@given(st.integers(0, 2**32), st.sampled_from(WRITTEN))
def test_sentences_of_programs_come_back(seed: int, written: Format) -> None:
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
    said = spanned(*render_spans(leaves, VERDICTS.get(execution.entailed_answer)))
    boxes = {name: thing.box for name, thing in graph.objects.items()}
    marked = read_marked(
        written.text(said, boxes, graph.width, graph.height),
        boxes_first=written.phrase.startswith("{boxes}"),
    )
    english = build_english(build_lexicon([graph]), [graph], [semantic])
    names = {thing.name for thing in graph.objects.values()}
    found, _ = english.tokens(marked, names)
    if not any(isinstance(leaf, Place) for leaf in leaves):
        assert found == tokens_of(leaves, graph, written)


@pytest.fixture
def english() -> English:
    return build_english(build_lexicon(), (), ())


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
        ("[1,2,3,4]", ""),
    ],
)  # fmt: skip
def test_sentences_of_models(english: English, text: str, tokens: str) -> None:
    assert english.tokens(read_marked(text))[0] == tokens


def test_equal_boxes_are_one_region(english: English) -> None:
    marked = read_marked("The dog [1,2,3,4] is brown. The dog [1,2,3,4] is big near [5,6,7,8].")
    tokens, boxes = english.tokens(marked)
    assert tokens.startswith("#0 is brown and #0 is big")
    assert boxes == [(1, 2, 3, 4), (5, 6, 7, 8)]
    assert FORMATS["pixels"].pixels(boxes[0], 10, 10) == (1, 2, 3, 4)
