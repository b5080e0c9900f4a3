"""Is there such a thing? Alone, or with an attribute."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Entity, Facts
from rex.world.places import PLACES
from rex.world.questions.attributes import other_word
from rex.world.questions.candidate import Candidate, Step, operation_name
from rex.world.questions.conjunctions import joined_questions
from rex.world.questions.phrase import (
    UNCOUNTED,
    Mention,
    Part,
    adjective,
    article,
    at_times,
    many,
    predicate,
    pronoun,
)
from rex.world.questions.references import BEFORE
from rex.world.questions.statements import object_ids, some, yes_no

_OPENINGS = (
    "is there {a}",
    "do you see {a}",
    "is there {a} in the image",
    "can you see {a}",
    "are there any {s}",
    "do you see any {s}",
    "do you see {a} there",
)


def existence_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions about whether something is in the image."""
    present = sorted({entity.name for entity in facts.entities})
    missing = missing_names(facts, random, 6)
    for name in present:
        yield _exist(facts, name, random)
    for name in missing[:5]:
        yield _exist(facts, name, random)
    for entity in facts.entities:
        yield from _with_attribute(facts, entity, random)
    yield from joined_questions(facts, present, missing, random)


def missing_names(facts: Facts, random: np.random.Generator, count: int) -> list[str]:
    """Return names of things that are not there, though they might be in such a place."""
    place = PLACES[facts.place]
    likely = {
        **place.back,
        **place.middle,
        **place.front,
        "hat": 1.0,
        "dress": 0.8,
        "umbrella": 0.6,
    }
    likely |= {"apple": 0.5, "banana": 0.5, "cup": 0.5} if place.room else {}
    names = [name for name in sorted(likely) if not facts.called(name)]
    order = random.permutation(len(names))
    return [names[k] for k in order[:count]]


def _opening(name: str, random: np.random.Generator, shown: Entity | None) -> tuple[Part, ...]:
    """Return "is there a dog", with the dog as a mention where it is `shown`."""
    pattern = _OPENINGS[int(random.integers(len(_OPENINGS)))]
    if name in UNCOUNTED:
        pattern = _OPENINGS[int(random.integers(2, 4))]
    lead, mark, tail = re.split(r"\{(.)\}", pattern)
    noun = many(name) if mark == "s" else name
    if name in UNCOUNTED:
        lead += "any"
    elif mark == "a":
        lead += article(name).split()[0]
    if name == "pants":
        lead = lead.replace("is there", "are there")
    return (lead, Mention(noun, shown.object_id) if shown else noun, tail)


def _exist(facts: Facts, name: str, random: np.random.Generator) -> Candidate:
    found = [entity for entity in facts.entities if entity.name == name]
    first = found[0] if found else None
    if first is None:
        verb = "is" if name == "bread" else "are"
        full: tuple[Part, ...] = (f"no, there {verb} no {many(name)}",)
    elif len(found) == 1 and name != "pants":
        full = ("yes, there is", *some(first))
    else:
        full = ("yes, there are", Mention(many(name), first.object_id))
    return Candidate(
        steps=(("select", f"{name} ({object_ids(found)})", ()), ("exist", "?", (0,))),
        question=_opening(name, random, first),
        answer="yes" if found else "no",
        full_answer=full,
        structural="verify",
        semantic="obj",
        detailed="exist" if found else "existC",
        global_group=None,
        local_group=f"03-{name}",
        fact=(first.object_id if first else name, "exist"),
    )


def _with_attribute(
    facts: Facts, entity: Entity, random: np.random.Generator
) -> Iterator[Candidate]:
    same = facts.called(entity.name)
    categories = [c for c in BEFORE if c in entity.words]
    if not categories or entity.name in UNCOUNTED:
        return
    category = categories[int(random.integers(len(categories)))]
    true = entity.words[category]
    asked = true
    if random.random() < 0.5:
        word = other_word(entity, category, random)
        if word is None or len(same) > 1:
            return
        asked = word
    holders = [other for other in same if asked in other.words.values()]
    yes = bool(holders)
    steps: tuple[Step, ...] = (
        ("select", f"{entity.name} ({object_ids(holders or same)})", ()),
        (operation_name("filter", category), asked, (0,)),
        ("exist", "?", (1,)),
    )
    said = predicate(category, asked)
    if random.random() < 0.6:
        described = f"{adjective(asked)} {entity.name}"
        noun = Mention(described, entity.object_id) if yes else described
        where = at_times("in the picture", random)
        question: tuple[Part, ...] = ("is there", article(described).split()[0], noun, where)
        detailed = "existAttr"
    else:
        question = ("is there", *some(entity), f"that is {said}")
        detailed = "existThat"
    denial = f"but {pronoun(entity.name)} is {predicate(category, true)}"
    full = yes_no(yes, "there is", *some(entity), f"that is {said}" if yes else denial)
    yield Candidate(
        steps=steps,
        question=question,
        answer="yes" if yes else "no",
        full_answer=full,
        structural="verify",
        semantic="obj",
        detailed=detailed if yes else detailed + "C",
        global_group=None,
        local_group=f"04-{entity.name}_{asked}",
        fact=(entity.object_id, category),
    )
