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
    SceneStatement,
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


def _relationship(statement: Relationship) -> str:
    negation = "" if statement.holds else "not "
    return (
        f"{_thing(statement.object)} that {_thing(statement.subject)} is "
        f"{negation}{statement.relation}"
    )


PLAIN: dict[type, Callable[[Any], str]] = {
    Attribution: _attribution,
    Placement: lambda said: f"{_thing(said.thing)} is located at ({said.x:.2f},{said.y:.2f})",
    Relationship: _relationship,
    Existence: lambda said: ("" if said.holds else "there is no ") + _thing(said.thing),
    Shared: lambda said: f"{','.join(map(_thing, said.things))} are all {said.value}",
    Contrast: lambda said: ",".join(map(_attribution, said.parts)),
    Comparison: lambda said: (
        f"{_thing(said.first)} is {said.comparative} than {_thing(said.second)}"
    ),
    SceneStatement: lambda said: f"(obj*:scene) is {'' if said.holds else 'not '}{said.value}",
    Joint: lambda said: " and ".join(map(render_plain, said.parts)),
}
