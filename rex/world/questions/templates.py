"""The templates of questions, as `templates.yaml` says; tests check them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rex.files import yaml_beside
from rex.world.questions.phrase import variables

_STEP = re.compile(r"([^:]+):(?: (.*?))??(?: \[([\d, ]+)\])?")


@dataclass(frozen=True)
class TemplateStep:
    """A line of a template's program: a step, or `@REFERENCE` for the steps of a reference."""

    operation: str = ""
    argument: str = ""
    dependencies: tuple[int, ...] = ()
    """Lines, counted from 0, whose results it takes."""
    reference: str = ""


@dataclass(frozen=True)
class Template:
    """A family of questions: a program with variables, and ways to say it."""

    family: str
    """Structural and semantic type: `query/attr`."""
    bind: str
    """What binds its variables: a name of `bindings.BINDERS`."""
    program: tuple[TemplateStep, ...]
    ask: tuple[tuple[str, str], ...]
    """Detailed type and phrasing; one is drawn. A type `X` is `XC` where the answer is no, and
    `X|Y` is `Y` there."""
    local: str
    """The local group."""
    about: str
    """Object and category that it is about, as `{object}: {category}`."""
    group: str = ""
    """The global group; none: null."""
    over: Mapping[str, Any] = field(default_factory=dict)
    """What the binder is told."""
    share: float = 1.0
    """The share of its bindings that are asked."""
    keep: Mapping[str, float] = field(default_factory=dict)
    """Answer to the share of its questions that are kept."""
    times: int = 1
    """How often it is tried."""
    tells: bool = False
    """Whether the question may hold its answer's word ("How long is ...?")."""

    @cached_property
    def needs(self) -> frozenset[str]:
        """The variables that it uses."""
        patterns = [self.local, self.about, self.group, *(pattern for _, pattern in self.ask)]
        patterns += [text for step in self.program for text in (step.operation, step.argument)]
        used = {name for pattern in patterns for name in variables(pattern)}
        return frozenset(used | {step.reference for step in self.program if step.reference})


def _template(entry: Mapping[str, Any]) -> Template:
    ask = tuple(
        (detailed, pattern)
        for detailed, patterns in entry["ask"].items()
        for pattern in ([patterns] if isinstance(patterns, str) else patterns)
    )
    return Template(**{**entry, "ask": ask, "program": _program(entry["program"])})


def _program(lines: list[str]) -> tuple[TemplateStep, ...]:
    steps: list[TemplateStep] = []
    for number, line in enumerate(lines):
        if line.startswith("@"):
            steps.append(TemplateStep(reference=line[1:]))
            continue
        matched = _STEP.fullmatch(line)
        assert matched is not None, line
        operation, argument, listed = matched.groups()
        before = (number - 1,) if number and operation != "select" else ()
        dependencies = tuple(int(d) for d in listed.split(",")) if listed else before
        steps.append(TemplateStep(operation, argument or "", dependencies))
    return tuple(steps)


TEMPLATES = tuple(map(_template, yaml_beside(__file__, "templates.yaml")))
"""All templates, in the order of the file."""
