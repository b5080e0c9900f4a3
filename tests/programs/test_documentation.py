"""The examples of docs/programs.md are what the code gives."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rex.cli import main
from rex.gqa import operations, parsing
from rex.gqa.layout import Layout
from rex.gqa.operations import ATOMIC_OPERATIONS
from rex.gqa.parsing import parse_program, parse_program_text
from rex.gqa.questions import ProgramError, read_questions
from rex.gqa.scene_graphs import SceneGraph, SceneObject, read_scene_graphs
from rex.programs import executor, finding, plain, wording
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.rendering import mentioned, render_raw, render_sentence, render_tokens
from rex.programs.wording import word_statement
from tests.gqa.sample import QUESTIONS, SCENE_GRAPHS, needs_sample

TEXT = (Path(__file__).parents[2] / "docs" / "programs.md").read_text(encoding="utf-8")
EXAMPLES: list[tuple[str, ...]] = re.findall(
    r"```\n(\d+) +(.*)\nprogram +(.*)\nraw +(.*)\ntokens +(.*)\nsentence +(.*)\n```", TEXT
)
OF_THE_WORLD = [example for example in EXAMPLES if example[0].startswith("1000")]
REAL = [example for example in EXAMPLES if example not in OF_THE_WORLD]


def test_every_operation_has_an_example() -> None:
    used = {step.atomic for example in EXAMPLES for step in parse_program_text(example[2])}
    missing = set(ATOMIC_OPERATIONS) - used
    # `same, different` and `and, or` share an example
    assert missing <= {"different", "or"}
    for name in ATOMIC_OPERATIONS:
        assert re.search(rf"^### (.*, )?{name}\b", TEXT, re.MULTILINE), name


@needs_sample
@pytest.mark.parametrize("example", REAL, ids=lambda example: example[0])
def test_the_real_examples(example: tuple[str, ...]) -> None:
    check(example, QUESTIONS, SCENE_GRAPHS)


def test_the_examples_of_the_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"`rex (world make .*)`", TEXT)
    assert main(shlex.split(command)) == 0
    layout = Layout("data/tiny")
    assert OF_THE_WORLD
    for example in OF_THE_WORLD:
        check(example, layout.questions("train"), layout.scene_graphs("train"))


def check(example: tuple[str, ...], questions: Path, scene_graphs: Path) -> None:
    """Assert that the example is what the code makes of the question."""
    question_id, asked, program, raw, tokens, sentence = example
    question = read_questions(questions)[question_id]
    assert asked == f"{question.question} {question.answer}"
    assert program == question.semantic_str
    graph = read_scene_graphs(scene_graphs)[question.image_id]
    execution = execute(parse_program(question.semantic), graph, question.answer)
    leaves = word_statement(execution.statement)
    regions = {one: place for place, one in enumerate(dict.fromkeys(mentioned(leaves)))}
    verdict = {"yes": True, "no": False}.get(execution.entailed_answer or "")
    assert render_raw(leaves) == raw
    assert render_tokens(leaves, regions, {}) == tokens
    assert render_sentence(leaves, verdict) == sentence


TABLES: list[Any] = [
    parsing.USAGES,
    executor.STEPS,
    executor.ASKING,
    wording.WORDING,
    plain.PLAIN,
]


@pytest.fixture
def tables_restored() -> Iterator[None]:
    kept = [table.copy() for table in TABLES]
    # other tests may have asked for the operation that the page adds
    parsing.known_usage.cache_clear()
    yield
    for table, before in zip(TABLES, kept, strict=True):
        table.clear()
        table.update(before)
    parsing.known_usage.cache_clear()


@pytest.mark.usefixtures("tables_restored")
def test_adding_an_operation_as_the_page_says() -> None:
    section = TEXT[TEXT.index("## Adding an operation") : TEXT.index("## Speed")]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, Any] = {}
    for module in (operations, parsing, wording, plain, finding, executor):
        names |= vars(module)
    for block in blocks:
        exec(textwrap.dedent(block), names)
    text = "select: mug (1,2,4)->filter color: red [0]->count: ? [1]"
    things = {
        "1": SceneObject("mug", 0, 0, 5, 5, ("red",)),
        "2": SceneObject("mug", 10, 0, 5, 5, ("red",)),
        "4": SceneObject("mug", 20, 0, 5, 5, ("blue",)),
    }
    execution = execute(parse_program_text(text), SceneGraph(40, 40, things))
    leaves = word_statement(execution.statement)
    assert execution.entailed_answer == "2"
    assert render_sentence(leaves) == "There are two red mugs."
    assert render_raw(leaves) == "there are two red (obj:1) and (obj:2)"
    assert plain.render_plain(execution.statement) == "2 mug"
    # no description that would be passed over where nothing fits it
    with pytest.raises(Skip, match="nothing selected: mug"):
        execute(parse_program_text(text.replace("red", "green")), SceneGraph(40, 40, things))
    with pytest.raises(ProgramError, match="'count' has 0 dependencies"):
        parse_program_text("count: ?")
