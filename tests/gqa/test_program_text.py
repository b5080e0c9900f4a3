"""Programs as text that models write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rex.gqa.parsing import program_text, split_objects, written_steps
from rex.gqa.questions import SemanticStep, read_questions
from tests.gqa.sample import OOD_QUESTIONS, QUESTIONS, VAL_QUESTIONS, needs_sample
from tests.programs.generated import random_program


def test_by_hand() -> None:
    steps = [
        SemanticStep("select", "dog (12,13)", ()),
        SemanticStep("relate", "boy,to the left of,s (7)", (0,)),
        SemanticStep("filter color", "not(red)", (1,)),
        SemanticStep("choose rel", "cat,near|behind,o (-)", (2,)),
        SemanticStep("exist", "?", (1,)),
        SemanticStep("and", "", (4, 3)),
    ]
    text = program_text(steps)
    assert text == (
        "select : dog -> relate : boy , to the left of , s [0] -> filter color : not(red) [1] -> "
        "choose rel : cat , behind | near , o [2] -> exist : ? [1] -> and : [4] [3]"
    )


@given(st.integers(0, 2**63))
def test_what_is_written_can_be_read(seed: int) -> None:
    assert_read_back([SemanticStep(*step) for step in random_program(Random(seed))])


@needs_sample
def test_real_programs_can_be_read_back() -> None:
    for path in (QUESTIONS, VAL_QUESTIONS, OOD_QUESTIONS):
        for question in read_questions(path).values():
            assert_read_back(question.semantic)


def assert_read_back(steps: Sequence[SemanticStep]) -> None:
    def plain(step: SemanticStep) -> SemanticStep:
        said, _ = split_objects(step.argument)
        parts = ["|".join(sorted(part.strip().split("|"))) for part in said.split(",")]
        return replace(step, argument=re.sub(r"\s*\|\s*", "|", ",".join(parts)))

    assert written_steps(program_text(steps)) == tuple(map(plain, steps))


@pytest.mark.parametrize(
    "text",
    ["", "select", "select dog", "select : dog -> exist : ? [1]", "jump : dog", ": -> :",
     "select : dog -> relate : cat , near [0]", "select : dog -> exist : ? [0] [", "[0]",
     "select : dog -> exist : ? [0 0]", f"select : dog -> exist : ? [{'9' * 5000}]"],
)  # fmt: skip
def test_what_is_malformed_has_no_steps(text: str) -> None:
    assert written_steps(text) == ()


TOKENS = ["select", ":", "dog", "->", "exist", "?", "[0]", "[1]", "and", ",", "|", "o", "#", "\x00"]


@given(st.lists(st.sampled_from(TOKENS) | st.text("[]0123456789, ", max_size=6)))
def test_whatever_a_model_writes_is_read_or_has_no_steps(tokens: list[str]) -> None:
    steps = written_steps(" ".join(tokens))
    assert not steps or program_text(steps)
