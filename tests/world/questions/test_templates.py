"""The templates: what `templates.yaml` may not get wrong."""

from __future__ import annotations

import re

from rex.gqa.parsing import known_usage
from rex.world.questions.phrase import HELPERS
from rex.world.questions.templates import TEMPLATES


def test_fixed_operations_are_gqas() -> None:
    for template in TEMPLATES:
        for step in template.program:
            if not step.reference and "{" not in step.operation:
                assert known_usage(step.operation) is not None


def test_phrasings_have_known_helpers() -> None:
    patterns = [pattern for template in TEMPLATES for _, pattern in template.ask]
    assert {name for one in patterns for name in re.findall(r"\{(\w+) ", one)} <= HELPERS.keys()


def test_a_template_is_read() -> None:
    template = TEMPLATES[0]
    assert template.family == "query/attr"
    assert template.needs == {"ref", "category", "name", "object"}
    assert template.program[1].dependencies == (0,)
