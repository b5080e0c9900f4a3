"""The templates of questions: read from `templates.yaml`, and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any

import yaml

from rex.errors import InputError
from rex.gqa.operations import known_usage
from rex.world.balance import QUOTAS

# its binders register themselves
from rex.world.questions import relation_bindings  # noqa: F401
from rex.world.questions.bindings import BINDERS
from rex.world.questions.phrase import HELPERS, variables

FILE = Path(__file__).with_name("templates.yaml")
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

    @property
    def structural(self) -> str:
        """The structural type."""
        return self.family.partition("/")[0]

    @property
    def semantic(self) -> str:
        """The semantic type."""
        return self.family.partition("/")[2]

    @cached_property
    def needs(self) -> frozenset[str]:
        """The variables that it uses."""
        patterns = [self.local, self.about, self.group, *(pattern for _, pattern in self.ask)]
        patterns += [text for step in self.program for text in (step.operation, step.argument)]
        used = {name for pattern in patterns for name in variables(pattern)}
        return frozenset(used | {step.reference for step in self.program if step.reference})


def read_templates(path: Path) -> tuple[Template, ...]:
    """Read and check templates; raises InputError that names the file and the template."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(str(error), file=path, cure="write a YAML list of templates") from None
    if not isinstance(entries, list):
        raise InputError("is not a list", file=path, cure="write a YAML list of templates")
    templates = []
    for number, entry in enumerate(entries, start=1):
        try:
            templates.append(_template(entry))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise InputError(
                f"template {number}: {error}", file=path, cure="see docs/world.md, Templates"
            ) from None
    return tuple(templates)


def _template(entry: Mapping[str, Any]) -> Template:
    unknown = entry.keys() - {known.name for known in fields(Template)}
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}")
    ask = [
        (detailed, pattern)
        for detailed, patterns in entry["ask"].items()
        for pattern in ([patterns] if isinstance(patterns, str) else patterns)
    ]
    program = _program(entry["program"])
    plain = {name: value for name, value in entry.items() if name not in ("ask", "program")}
    template = Template(**plain, program=program, ask=tuple(ask))
    if template.family not in QUOTAS:
        raise ValueError(f"unknown family {template.family!r}")
    if template.bind not in BINDERS:
        raise ValueError(f"unknown binder {template.bind!r}")
    signature(BINDERS[template.bind].bind).bind(None, **template.over)
    unbound = template.needs - BINDERS[template.bind].variables
    if unbound:
        raise ValueError(f"binder {template.bind!r} has no variable {min(unbound)!r}")
    for _, pattern in template.ask:
        for helper in re.findall(r"\{(\w+) ", pattern):
            if helper not in HELPERS:
                raise ValueError(f"unknown word {helper!r} in {pattern!r}")
    return template


def _program(lines: list[str]) -> tuple[TemplateStep, ...]:
    steps: list[TemplateStep] = []
    for number, line in enumerate(lines):
        if line.startswith("@"):
            steps.append(TemplateStep(reference=line[1:]))
            continue
        matched = _STEP.fullmatch(line)
        if matched is None:
            raise ValueError(f"{line!r} is not `operation: argument [lines]`")
        operation, argument, listed = matched.groups()
        if "{" not in operation and known_usage(operation) is None:
            raise ValueError(f"unknown operation {operation!r}")
        before = (number - 1,) if number and operation != "select" else ()
        dependencies = tuple(int(d) for d in listed.split(",")) if listed else before
        if any(dependency >= number for dependency in dependencies):
            raise ValueError(f"{line!r} depends on a line that does not precede it")
        steps.append(TemplateStep(operation, argument or "", dependencies))
    return tuple(steps)


TEMPLATES = read_templates(FILE)
"""All templates, in the order of the file."""
