"""Patterns filled in, and GQA's word spans."""

from __future__ import annotations

import numpy as np
import pytest

from rex.programs.rendering import Mention
from rex.world.questions.phrase import Phrase, fill, say, variables


def test_sentences_carry_the_word_spans_of_gqa() -> None:
    # "Is the black animal sitting under the green chair?", GQA question 171048547
    parts = ("is the", Mention("2791102", "black animal"), "sitting under the")
    text, spans = say((*parts, Mention("3620611", "green chair")), "?")
    assert text == "Is the black animal sitting under the green chair?"
    assert spans == {"2:4": "2791102", "7:9": "3620611"}
    text, spans = say(("how does the", Mention("1", "car"), "look", ",red", "or blue"), "?")
    assert text == "How does the car look, red or blue?"
    assert spans == {"3": "1"}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("is there {a x}", "Is there an apple?"),
        ("is there {a bread}", "Is there bread?"),
        ("{is pants} {pants} (blue|blue)", "Are pants blue?"),
        ("{does pants} {pants} look clean", "Do pants look clean?"),
        ("{are bread} there any {many bread}", "Is there any bread?"),
        ("{are x} there any {many x}", "Are there any apples?"),
        ("how {does x} the {x} look, {x} or {bread}", "How does the apple look, apple or bread?"),
    ],
)
def test_patterns_agree_with_their_nouns(pattern: str, said: str) -> None:
    values: dict[str, Phrase] = {
        "x": (Mention("1", "apple"),),
        "bread": ("bread",),
        "pants": ("pants",),
    }
    text, _ = say(fill(pattern, values, np.random.default_rng(0)), "?")
    assert text == said
    assert variables(pattern) <= values.keys()


def test_one_of_several_and_half_of_the_time() -> None:
    random = np.random.default_rng(0)
    texts = {say(fill("it is (red|blue) [here]", {}, random), ".")[0] for _ in range(50)}
    assert texts == {"It is red.", "It is blue.", "It is red here.", "It is blue here."}
