"""The templates: read, and checked when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rex.errors import InputError
from rex.gqa.operations import known_usage
from rex.world.balance import QUOTAS
from rex.world.questions.bindings import BINDERS
from rex.world.questions.templates import TEMPLATES, read_templates

GOOD = """
- family: query/attr
  bind: attribute
  over: {categories: [color]}
  program: ["@ref", "query: color"]
  ask: {directOf: "what color {is ref} {ref}"}
  local: "{name}"
  about: "{object}: color"
"""


def test_every_family_and_every_binder_has_templates() -> None:
    assert {template.family for template in TEMPLATES} == QUOTAS.keys()
    assert {template.bind for template in TEMPLATES} == BINDERS.keys()


def test_fixed_operations_are_gqas() -> None:
    for template in TEMPLATES:
        for step in template.program:
            if not step.reference and "{" not in step.operation:
                assert known_usage(step.operation) is not None


def test_a_template_is_read(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(GOOD)
    (template,) = read_templates(path)
    assert (template.structural, template.semantic) == ("query", "attr")
    assert template.needs == {"ref", "name", "object"}
    assert template.program[1].dependencies == (0,)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("query/attr", "query/nothing", "unknown family"),
        ("bind: attribute", "bind: nothing", "unknown binder"),
        ("{name}", "{size}", "no variable 'size'"),
        ("local:", "lokal:", "unknown field 'lokal'"),
        ("{is ref}", "{was ref}", "unknown word 'was'"),
        ("query: color", "query color", "is not `operation"),
        ("query: color", "query: color [3]", "does not precede it"),
        ("categories:", "colors:", "categories"),
        ("query: color", "guess: color", "unknown operation"),
        (GOOD, "a: 1", "not a list"),
        (GOOD, "[", "template"),
    ],
)
def test_a_wrong_template_is_one_line(
    tmp_path: Path, before: str, after: str, problem: str
) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(GOOD.replace(before, after))
    with pytest.raises(InputError, match=problem) as caught:
        read_templates(path)
    assert str(path) in str(caught.value)
