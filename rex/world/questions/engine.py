"""From templates to questions: objects are bound, programs executed, degenerate ones dropped.

The idea is that of CLEVR's question engine (Johnson et al. 2017): a template is a program with
variables and ways to say it. The answer is what `rex.programs` computes on the scene graph, and the
full answer is its statement, in its wording.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from rex.gqa.parsing import Program, parse_program
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.rendering import Leaf
from rex.programs.values import Execution, Selection, Verdict
from rex.programs.wording import word_statement
from rex.world.annotate import Facts, graph_of

# its binders register themselves
from rex.world.questions import relation_bindings  # noqa: F401
from rex.world.questions.bindings import BINDERS, Binding
from rex.world.questions.phrase import Phrase, fill, say
from rex.world.questions.records import Candidate
from rex.world.questions.references import Pointer, Reference
from rex.world.questions.templates import TEMPLATES, Template, TemplateStep


def candidates(
    facts: Facts,
    random: np.random.Generator,
    limit: Callable[[str], float] = lambda family: math.inf,
) -> list[Candidate]:
    """Return questions about the image, each program once, in random order.

    `limit` gives the most questions of a family (`query/attr`).
    """
    graph = graph_of(facts)
    pointer = Pointer(facts, random)
    bound = [
        (template, binding)
        for template in TEMPLATES
        for _ in range(template.times)
        for binding in _bound(template, pointer)
    ]
    asked: dict[tuple[SemanticStep, ...], Candidate] = {}
    counts: Counter[str] = Counter()
    for place in random.permutation(len(bound)).tolist():
        template, binding = bound[place]
        if counts[template.family] >= limit(template.family):
            continue
        candidate = instantiate(template, binding, graph, random)
        if candidate is not None and candidate.steps not in asked:
            asked[candidate.steps] = candidate
            counts[template.family] += 1
    return list(asked.values())


def _bound(template: Template, pointer: Pointer) -> Iterator[Binding]:
    """Yield the bindings that a template can use, its share of them."""
    for binding in BINDERS[template.bind](pointer, **template.over):
        kept = template.share == 1 or pointer.random.random() < template.share
        if kept and template.needs <= binding.keys():
            yield binding


def instantiate(
    template: Template, binding: Binding, graph: SceneGraph, random: np.random.Generator
) -> Candidate | None:
    """Return the question of a template about bound objects, None for a degenerate one.

    Degenerate is: no answer follows from the program, another option would be as right, the
    question tells its own answer, or the template keeps only a share of that answer's questions.
    """
    texts = {name: value for name, value in binding.items() if isinstance(value, str)}
    steps = _steps(template.program, binding, texts)
    program = parse_program(steps)
    execution = _execute(program, graph, None)
    answer = None if execution is None else execution.entailed_answer
    if execution is None or answer is None:
        return None
    if random.random() >= template.keep.get(answer, 1.0):
        return None
    if any(
        _could_be(option, program, graph, answer) for option in texts.get("options", "").split("|")
    ):
        return None
    detailed, pattern = template.ask[int(random.integers(len(template.ask)))]
    phrases = {name: _phrase(value) for name, value in binding.items()}
    question = fill(pattern, phrases, random)
    if template.family.startswith("query/") and not template.tells and _tells(question, answer):
        return None
    yes, _, no = detailed.partition("|")
    thing, _, category = template.about.format(**texts).partition(": ")
    return Candidate(
        steps=steps,
        question=question,
        answer=answer,
        full_answer=_full_answer(execution),
        family=template.family,
        detailed=(no or f"{yes}C") if answer == "no" else yes,
        global_group=template.group.format(**texts) or None,
        local_group=template.local.format(**texts),
        fact=(thing, category),
        answer_object=_answer_object(steps, execution),
    )


def _phrase(value: str | Leaf | Reference) -> Phrase:
    return value.the if isinstance(value, Reference) else (value,)


def _steps(
    program: Sequence[TemplateStep], binding: Binding, texts: Mapping[str, str]
) -> tuple[SemanticStep, ...]:
    """Return a program with its variables filled in and its references put in their places."""
    steps: list[SemanticStep] = []
    ends: list[int] = []
    for line in program:
        first = len(steps)
        reference = binding.get(line.reference)
        if isinstance(reference, Reference):
            for step in reference.steps:
                # GQA writes a blank after the argument of a second operand
                blank = " " if first and step.operation == "select" else ""
                moved = tuple(dependency + first for dependency in step.dependencies)
                steps.append(SemanticStep(step.operation, step.argument + blank, moved))
        else:
            dependencies = tuple(ends[dependency] for dependency in line.dependencies)
            operation = line.operation.format(**texts).strip()
            steps.append(SemanticStep(operation, line.argument.format(**texts), dependencies))
        ends.append(len(steps) - 1)
    return tuple(steps)


def _execute(program: Program, graph: SceneGraph, answer: str | None) -> Execution | None:
    try:
        return execute(program, graph, answer)
    except Skip:
        return None


def _could_be(option: str, program: Program, graph: SceneGraph, answer: str) -> bool:
    """Return whether an option that is not the answer would be accepted as the answer, too."""
    if option in ("", answer):
        return False
    execution = _execute(program, graph, option)
    return execution is not None and execution.entailed_answer == option


def _tells(question: Phrase, answer: str) -> bool:
    words, _ = say(question, "")
    return f" {answer} " in f" {words.lower()} ".replace(",", "")


def _full_answer(execution: Execution) -> Phrase:
    words = word_statement(execution.statement)
    last = execution.values[-1]
    if isinstance(last, Verdict):
        return ("yes," if last.holds else "no,", *words)
    return tuple(words)


def _answer_object(steps: Sequence[SemanticStep], execution: Execution) -> str | None:
    """Return the object whose name is the answer."""
    last = steps[-1]
    if (last.operation, last.argument) != ("query", "name") and last.operation != "choose name":
        return None
    named = execution.values[last.dependencies[0]]
    return named.objects[0] if isinstance(named, Selection) else None
