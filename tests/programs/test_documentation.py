"""The examples of docs/programs.md are what the code gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rex.gqa.questions import read_questions
from rex.gqa.scene_graphs import read_scene_graphs
from rex.programs.executor import execute
from rex.programs.operations import ATOMIC_OPERATIONS
from rex.programs.parsing import parse_program, parse_program_text
from rex.programs.rendering import mentioned, render_raw, render_sentence, render_tokens
from rex.programs.wording import word_statement
from tests.gqa.sample import QUESTIONS, SCENE_GRAPHS, needs_sample

TEXT = (Path(__file__).parents[2] / "docs" / "programs.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"```\n(\d+) +(.*)\nprogram +(.*)\nraw +(.*)\ntokens +(.*)\nsentence +(.*)\n```", TEXT
)


def test_every_operation_has_an_example() -> None:
    used = {step.atomic for example in EXAMPLES for step in parse_program_text(example[2])}
    missing = set(ATOMIC_OPERATIONS) - used
    # `same, different` and `and, or` share an example
    assert missing <= {"different", "or"}
    for name in ATOMIC_OPERATIONS:
        assert re.search(rf"^### (.*, )?{name}\b", TEXT, re.MULTILINE), name


@needs_sample
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example[0])
def test_the_real_examples(example: tuple[str, ...]) -> None:
    question_id, asked, program, raw, tokens, sentence = example
    questions = read_questions(QUESTIONS)
    if question_id not in questions:
        assert question_id.startswith("2000")  # of the world
        return
    question = questions[question_id]
    assert asked == f"{question.question} {question.answer}"
    assert program == question.semantic_str
    graph = read_scene_graphs(SCENE_GRAPHS)[question.image_id]
    execution = execute(parse_program(question.semantic), graph, question.answer)
    leaves = word_statement(execution.statement)
    regions = {one: place for place, one in enumerate(dict.fromkeys(mentioned(leaves)))}
    verdict = {"yes": True, "no": False}.get(execution.entailed_answer or "")
    assert render_raw(leaves) == raw
    assert render_tokens(leaves, regions, {}) == tokens
    assert render_sentence(leaves, verdict) == sentence
