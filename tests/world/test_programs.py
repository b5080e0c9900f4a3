"""Every question's program, executed on the scene graph, gives its answer."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from rex.gqa.layout import Layout
from rex.gqa.parsing import known_usage, parse_program, parse_program_text
from rex.gqa.questions import Question, read_questions
from rex.gqa.scene_graphs import read_scene_graphs
from rex.programs.executor import execute

ATOMIC = {
    "select", "relate", "query", "exist", "filter", "verify", "common", "same", "different",
    "compare", "and", "or",
}  # fmt: skip


def _questions(world: Layout, *splits: str) -> dict[str, Question]:
    return {key: q for split in splits for key, q in read_questions(world.questions(split)).items()}


@pytest.mark.parametrize("split", ["train", "val"])
def test_every_answer_is_entailed_by_the_program_without_knowing_it(
    world: Layout, split: str
) -> None:
    graphs = read_scene_graphs(world.scene_graphs(split))
    wrong = {}
    for key, question in read_questions(world.questions(split)).items():
        program = parse_program(question.semantic)
        entailed = execute(program, graphs[question.image_id]).entailed_answer
        if entailed != question.answer:
            wrong[key] = (question.question, question.semantic_str, question.answer, entailed)
    assert not wrong


def test_program_texts_say_the_same_as_the_programs(world: Layout) -> None:
    for question in _questions(world, "val").values():
        assert parse_program_text(question.semantic_str or "") == parse_program(
            tuple(
                type(step)(step.operation, step.argument.strip(), step.dependencies)
                for step in question.semantic
            )
        )


def test_all_atomic_operations_and_sixty_operation_names_occur(world: Layout) -> None:
    names: Counter[str] = Counter()
    atomic = set()
    for question in _questions(world, "train", "val", "testdev").values():
        names.update(step.operation for step in question.semantic)
        atomic |= {operation.atomic for operation in parse_program(question.semantic)}
    assert atomic == ATOMIC
    assert len(names) >= 60
    assert all(known_usage(name) is not None for name in names)


def test_all_structural_and_semantic_types_occur(world: Layout) -> None:
    questions = _questions(world, "train").values()
    assert {q.types.structural for q in questions} == {
        "query",
        "verify",
        "choose",
        "compare",
        "logical",
    }
    assert {q.types.semantic for q in questions} == {"obj", "attr", "cat", "rel", "global"}


def test_referred_objects_are_in_the_image_and_spans_in_the_question(world: Layout) -> None:
    graphs = read_scene_graphs(world.scene_graphs("val"))
    written = json.loads(world.questions("val").read_text())
    for key, question in _questions(world, "val").items():
        objects = graphs[question.image_id].objects
        words = re.sub(r"[.,?]", "", question.question).split()
        for span, object_id in written[key]["annotations"]["question"].items():
            assert object_id in objects
            first, _, last = span.partition(":")
            assert 0 <= int(first) < int(last or int(first) + 1) <= len(words)
        for step in question.semantic:
            for object_id in re.findall(r"\d{6,}", step.argument):
                assert object_id in objects


def test_questions_are_sentences(world: Layout) -> None:
    written = json.loads(world.questions("val").read_text())
    assert all(question["fullAnswer"].endswith(".") for question in written.values())
    for question in _questions(world, "train", "val", "testdev").values():
        text = question.question
        assert text[0].isupper()
        assert text.endswith("?")
        assert "  " not in text
        assert "_" not in text
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text), text
        assert not re.search(r"\b(\w+) \1\b", text), text
        # no open question gives its answer away, but for "How long is ...?" and a dog behind a dog
        if question.types.structural == "query" and question.types.semantic != "rel":
            told = f" {question.answer} " in f" {text[:-1].lower()} "
            assert not told or question.types.detailed == "how", text
