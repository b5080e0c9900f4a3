"""Statements in the plain words of the paper's pipeline, before polishing.

Every description stands before what it describes ("left (obj:1)", "not(brown) (obj:2)"), every
reference by object is turned around ("(obj:1) that (obj:2) is wearing"), and verbs do not agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rex.programs.phrases import (
    Adjective,
    Attribution,
    Comparison,
    Contrast,
    Existence,
    Joint,
    Placement,
    Relationship,
    Scene,
    Shared,
    Statement,
    Thing,
)


def render_plain(statement: Statement) -> str:
    """Return a statement as plain raw text."""
    return PLAIN[type(statement)](statement)


def _thing(thing: Thing) -> str:
    if thing.objects:
        text = ",".join([f"(obj:{object_id})" for object_id in thing.objects])
    else:
        text = f"(obj*:{thing.noun})"
    for modifier in thing.modifiers:
        if isinstance(modifier, Adjective):
            word = f"not({modifier.word})" if modifier.negated else modifier.word
            text = f"{word} {text}"
        elif modifier.thing_is_subject:
            text = f"{text} {modifier.relation} {_thing(modifier.other)}"
        else:
            text = f"{text} that {_thing(modifier.other)} is {modifier.relation}"
    return text


def _attribution(statement: Attribution) -> str:
    return f"{_thing(statement.thing)} is {'' if statement.holds else 'not '}{statement.value}"


def _placement(statement: Placement) -> str:
    return f"{_thing(statement.thing)} is located at ({statement.x:.2f},{statement.y:.2f})"


def _relationship(statement: Relationship) -> str:
    negation = "" if statement.holds else "not "
    return (
        f"{_thing(statement.object)} that {_thing(statement.subject)} is "
        f"{negation}{statement.relation}"
    )


def _existence(statement: Existence) -> str:
    return _thing(statement.thing) if statement.holds else f"there is no {_thing(statement.thing)}"


def _shared(statement: Shared) -> str:
    return f"{','.join([_thing(thing) for thing in statement.things])} are all {statement.value}"


def _contrast(statement: Contrast) -> str:
    return ",".join([_attribution(part) for part in statement.parts])


def _comparison(statement: Comparison) -> str:
    return f"{_thing(statement.first)} is {statement.comparative} than {_thing(statement.second)}"


def _scene(statement: Scene) -> str:
    return f"(obj*:scene) is {'' if statement.holds else 'not '}{statement.value}"


def _joint(statement: Joint) -> str:
    return " and ".join([PLAIN[type(part)](part) for part in statement.parts])


PLAIN: dict[type, Callable[[Any], str]] = {
    Attribution: _attribution,
    Placement: _placement,
    Relationship: _relationship,
    Existence: _existence,
    Shared: _shared,
    Contrast: _contrast,
    Comparison: _comparison,
    Scene: _scene,
    Joint: _joint,
}
