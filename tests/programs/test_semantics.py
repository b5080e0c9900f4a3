"""The executor against an independent evaluator, on generated programs and scene graphs.

Hypothesis draws the seeds of the generator: uniform choices reach more of the programs' variety
than Hypothesis's own, which favour what is small and alike.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rex.gqa.parsing import Program, parse_program
from rex.gqa.questions import SemanticStep
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.plain import render_plain
from rex.programs.published.executor import execute_published
from rex.programs.rendering import (
    mentioned,
    render_raw,
    render_sentence,
    render_spans,
    render_tokens,
)
from rex.programs.wording import word_statement
from tests.programs.generated import decoded, random_graph, random_program
from tests.programs.naive import SKIP, Graph, Step, answer

seeds = st.integers(0, 2**63)


def generate(seed: int) -> tuple[list[Step], Graph]:
    random = Random(seed)
    return random_program(random), random_graph(random)


def parsed(steps: list[Step]) -> Program:
    return parse_program([SemanticStep(*step) for step in steps])


def entailed(steps: list[Step], graph: Graph) -> str | None:
    try:
        return execute(parsed(steps), decoded(graph)).entailed_answer
    except Skip:
        return SKIP


@settings(max_examples=5000, deadline=None)
@given(seeds)
def test_the_executor_agrees_with_the_naive_evaluator(seed: int) -> None:
    steps, graph = generate(seed)
    assert entailed(steps, graph) == answer(steps, graph)


def test_the_generated_programs_are_worth_it() -> None:
    found: Counter[tuple[str, str]] = Counter()
    for seed in range(2500):
        steps, graph = generate(seed)
        found[steps[-1][0].partition(" ")[0], answer(steps, graph)] += 1
    for operation in ("exist", "verify", "same", "different", "and", "or"):
        assert found[operation, "yes"] >= 5, operation
        assert found[operation, "no"] >= 5, operation
    for operation in ("query", "choose", "common"):
        assert (
            sum(n for (name, word), n in found.items() if name == operation and word != SKIP) > 20
        )


@settings(max_examples=1000, deadline=None)
@given(seeds, st.sampled_from([None, "yes", "red", "left", "size"]))
def test_every_explanation_can_be_rendered(seed: int, hint: str | None) -> None:
    steps, graph = generate(seed)
    program, scene = parsed(steps), decoded(graph)
    try:
        execution = execute(program, scene, hint)
    except Skip:
        return
    assert len(execution.values) == len(program)
    leaves = word_statement(execution.statement)
    objects = mentioned(leaves)
    assert set(objects) <= set(graph["objects"])
    raw = render_raw(leaves)
    assert [raw.count(f"(obj:{one})") for one in set(objects)] == [
        objects.count(one) for one in set(objects)
    ]
    regions = {one: place for place, one in enumerate(dict.fromkeys(objects))}
    names = dict.fromkeys(objects, "thing")
    tokens = render_tokens(leaves, regions, names).split(" ")
    assert all(tokens)
    assert [token for token in tokens if token.startswith("#") and token[:3] != "#1)"] == [
        f"#{regions[one]}" for one in objects
    ]
    sentence = render_sentence(leaves)
    assert render_spans(leaves)[0] == sentence
    assert sentence.endswith(".")
    assert "  " not in sentence
    assert not sentence.startswith(" ")
    assert render_plain(execution.statement)


@settings(max_examples=1000, deadline=None)
@given(seeds)
def test_the_published_executor_never_raises_anything_but_a_skip(seed: int) -> None:
    steps, graph = generate(seed)
    try:
        text = execute_published([SemanticStep(*step) for step in steps], decoded(graph))
    except Skip:
        return
    assert isinstance(text, str)
