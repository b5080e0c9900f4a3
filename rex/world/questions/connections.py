"""Questions about relations between two objects: what is related, and how."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Entity, Facts
from rex.world.questions.candidate import Candidate
from rex.world.questions.connections_verified import verified_questions
from rex.world.questions.phrase import Part, class_noun, is_are
from rex.world.questions.references import (
    OPPOSITE,
    SIDEWAYS,
    Pointer,
    Reference,
    classes_of,
    relation_fact,
)
from rex.world.questions.statements import related, some, the

_ANSWERS = {"to the left of": "left", "to the right of": "right", "in front of": "front"}
"""How GQA's answers name a relation."""

_OF_SUBJECT = (
    "holding", "wearing", "on", "sitting on", "lying on", "under", "behind", "in front of",
)  # fmt: skip
"""Relations whose object is asked for ("What is the man holding?")."""


def relation_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions whose last step follows a relation."""
    pointer = Pointer(facts, random)
    for subject in facts.entities:
        for name, other_id in subject.relations:
            avoid = frozenset({name, OPPOSITE.get(name, "")})
            anchor = pointer.any(facts.by_id[other_id], avoid=avoid)
            if anchor is None or subject.name in anchor.noun or anchor.mentions(subject):
                continue
            if name != "near":
                yield from _subject_of(facts, subject, name, anchor, random)
            if name in OPPOSITE:
                yield from _choose(pointer, subject, name, anchor, random)
            yield from verified_questions(facts, pointer, subject, name, anchor)
        yield from _object_of(facts, pointer, subject, random)


def _granted(facts: Facts, name: str, target: Entity) -> list[Entity]:
    """Return what a viewer may say stands in the relation to `target`, annotated or not."""
    found = []
    for entity in facts.entities:
        x, far = entity.center[0], target.center[0]
        loosely = (name == "to the left of" and x < far) or (name == "to the right of" and x > far)
        if entity is not target and (loosely or (name, target.object_id) in entity.relations):
            found.append(entity)
    return found


def _subject_of(
    facts: Facts, subject: Entity, name: str, anchor: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask what stands in a relation to the anchor ("What is on the table?")."""
    target = anchor.entity
    rivals = [entity for entity in _granted(facts, name, target) if entity is not subject]
    classes = classes_of(subject)
    for noun in ("_", *classes):
        same = rivals if noun == "_" else [r for r in rivals if noun in classes_of(r)]
        if same or (noun == "_" and (name in SIDEWAYS or "person" in classes)):
            continue
        if noun == "person":
            lead = "who is"
        elif noun == "_":
            lead = "what is"
        else:
            kind = ("what {}", "which kind of {}", "what kind of {}")[int(random.integers(3))]
            lead = kind.format(noun if "kind" in kind else class_noun(noun)) + " is"
        local = "14" if noun in ("_", "person") else "15"
        yield Candidate(
            steps=(
                *anchor.steps,
                ("relate", f"{noun},{name},s ({subject.object_id})", anchor.tail),
                ("query", "name", (len(anchor.steps),)),
            ),
            question=(lead, name, *anchor.the),
            answer=subject.name,
            full_answer=related(subject, name, the(target)),
            structural="query",
            semantic="rel",
            detailed="relS" if local == "14" else "categoryRelS",
            global_group=classes[0] if classes else "object",
            local_group=f"{local}-{target.name}_{name},s",
            fact=(subject.object_id, "name"),
            answer_object=subject.object_id,
        )


def _object_of(
    facts: Facts, pointer: Pointer, subject: Entity, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask what the subject holds, wears or is on ("What is the man holding?")."""
    for name in _OF_SUBJECT:
        targets = [facts.by_id[other] for relation, other in subject.relations if relation == name]
        if len(targets) != 1 or (name == "wearing" and targets[0].name != "dress"):
            continue
        target = targets[0]
        # not "the boy that is sitting sitting on"
        given_away = {name, "activity", *(("pose",) if name.endswith(" on") else ())}
        anchor = pointer.any(subject, avoid=frozenset(given_away))
        if anchor is None or anchor.mentions(target):
            continue
        classes = classes_of(target)
        for noun in ("_", *classes[:1]):
            what = {"_": "what", "person": "which person"}.get(noun, f"what kind of {noun}")
            question: tuple[Part, ...] = (what, is_are(anchor.noun), *anchor.the, name)
            if noun == "_" and random.random() < 0.3:
                question = (*anchor.the, is_are(anchor.noun), name, "what")
            yield Candidate(
                steps=(
                    *anchor.steps,
                    ("relate", f"{noun},{name},o ({target.object_id})", anchor.tail),
                    ("query", "name", (len(anchor.steps),)),
                ),
                question=question,
                answer=target.name,
                full_answer=related(subject, name, some(target)),
                structural="query",
                semantic="rel",
                detailed="relO" if noun == "_" else "categoryRelO",
                global_group=classes[0] if classes else "object",
                local_group=f"{'14' if noun == '_' else '15'}-{subject.name}_{name},o",
                fact=(target.object_id, "name"),
                answer_object=target.object_id,
            )


def _choose(
    pointer: Pointer, subject: Entity, name: str, anchor: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask for one of two opposite relations ("to the left or to the right of")."""
    who = pointer.plain(subject)
    if who is None:
        return
    one, two = (name, OPPOSITE[name]) if random.random() < 0.5 else (OPPOSITE[name], name)
    listed = "|".join((one, two) if random.random() < 0.5 else (two, one))
    asked = (one.removesuffix(" of") if name in SIDEWAYS else one, "or", two)
    yield Candidate(
        steps=(
            *anchor.steps,
            ("choose rel", f"{who.noun},{listed},s ({subject.object_id})", anchor.tail),
        ),
        question=(is_are(who.noun), *who.the, *asked, *anchor.the),
        answer=_ANSWERS.get(name, name),
        full_answer=related(subject, name, the(anchor.entity)),
        structural="choose",
        semantic="rel",
        detailed="relChooser",
        global_group=None,
        local_group=f"13-{anchor.entity.name}_{subject.name}",
        fact=relation_fact(subject, name, anchor.entity),
    )
