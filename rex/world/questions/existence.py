"""Is there such a thing? Alone, with an attribute, and two joined by and, or."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Entity, Facts
from rex.world.inventory import KINDS
from rex.world.places import PLACES
from rex.world.questions.attributes import other_word
from rex.world.questions.candidate import Candidate, Step, operation_name
from rex.world.questions.phrase import Mention, Part, adjective, article, predicate, pronoun
from rex.world.questions.references import BEFORE

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
    yield from _joined(facts, present, missing, random)


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


def _ids(entities: list[Entity]) -> str:
    return ",".join(entity.object_id for entity in entities) if entities else "-"


def _opening(name: str, random: np.random.Generator, mention: Entity | None) -> tuple[Part, ...]:
    pattern = _OPENINGS[int(random.integers(len(_OPENINGS)))]
    if name in ("pants", "bread"):
        pattern = _OPENINGS[int(random.integers(2, 4))]
    parts: list[Part] = []
    for piece in pattern.split():
        if piece in ("{a}", "{s}"):
            noun = many(name) if piece == "{s}" else article(name).split(" ", 1)[-1]
            if piece == "{a}" and article(name) != name:
                parts.append(article(name).split()[0])
            elif piece == "{a}":
                parts.append("any")
                noun = name
            parts.append(Mention(noun, mention.object_id) if mention else noun)
        else:
            parts.append("are" if piece == "is" and name == "pants" else piece)
    return tuple(parts)


def many(name: str) -> str:
    """Return the plural of a kind's name."""
    irregular = {
        "man": "men",
        "woman": "women",
        "sheep": "sheep",
        "pants": "pants",
        "bread": "bread",
    }
    if name in irregular:
        return irregular[name]
    return name + ("es" if name.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _exist(facts: Facts, name: str, random: np.random.Generator) -> Candidate:
    found = [entity for entity in facts.entities if entity.name == name]
    first = found[0] if found else None
    if found:
        thing = Mention(name if len(found) == 1 else many(name), found[0].object_id)
        lead: tuple[Part, ...] = (
            ("yes, there are",)
            if len(found) > 1 or name == "pants"
            else (
                ("yes, there is",)
                if article(name) == name
                else ("yes, there is", article(name).split()[0])
            )
        )
        full: tuple[Part, ...] = (*lead, thing)
    else:
        full = ("no, there", "is" if name == "bread" else "are", "no", many(name))
    return Candidate(
        steps=(("select", f"{name} ({_ids(found)})", ()), ("exist", "?", (0,))),
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
    if not categories or entity.name in ("pants", "bread"):
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
        ("select", f"{entity.name} ({_ids(holders or same)})", ()),
        (operation_name("filter", category), asked, (0,)),
        ("exist", "?", (1,)),
    )
    described = f"{adjective(asked)} {entity.name}"
    question: tuple[Part, ...]
    if random.random() < 0.6:
        noun = Mention(described, entity.object_id) if yes else described
        question = (
            "is there",
            article(described).split()[0],
            noun,
            "in the picture"[: 14 * int(random.integers(2))],
        )
        detailed = "existAttr"
    else:
        thing = Mention(entity.name, entity.object_id)
        question = (
            "is there",
            article(entity.name).split()[0],
            thing,
            f"that is {predicate(category, asked)}",
        )
        detailed = "existThat"
    thing = Mention(entity.name, entity.object_id)
    full: tuple[Part, ...]
    a = article(entity.name).split()[0]
    if yes:
        full = ("yes, there is", a, thing, f"that is {predicate(category, asked)}")
    else:
        full = (
            "no, there is",
            a,
            thing,
            f"but {pronoun(entity.name)} is {predicate(category, true)}",
        )
    yield Candidate(
        steps=steps,
        question=tuple(part for part in question if part),
        answer="yes" if yes else "no",
        full_answer=full,
        structural="verify",
        semantic="obj",
        detailed=detailed if yes else detailed + "C",
        global_group=None,
        local_group=f"04-{entity.name}_{asked}",
        fact=(entity.object_id, category),
    )


def _joined(
    facts: Facts, present: list[str], missing: list[str], random: np.random.Generator
) -> Iterator[Candidate]:
    for verb in ("and", "or"):
        for _ in range(2):
            # an `or` is false, and an `and` true, half of the time
            both = random.random() < (0.5 if verb == "and" else 0.15)
            none = not both and random.random() < (0.2 if verb == "and" else 0.55)
            here = [present[k] for k in random.permutation(len(present))]
            pair = here[:2] if both else missing[:2] if none else [*here[:1], *missing[2:3]]
            pair = [name for name in pair if name in KINDS]
            if len(pair) < 2:
                continue
            if random.random() < 0.5:
                pair = pair[::-1]
            yield _pair(facts, verb, pair, random)


def _pair(facts: Facts, verb: str, pair: list[str], random: np.random.Generator) -> Candidate:
    found = [[e for e in facts.entities if e.name == name] for name in pair]
    there = [bool(entities) for entities in found]
    yes = all(there) if verb == "and" else any(there)
    nouns: list[Part] = [
        Mention(many(name), entities[0].object_id) if entities else many(name)
        for name, entities in zip(pair, found, strict=True)
    ]
    lead = (
        ("are there both", "do you see both")
        if verb == "and"
        else ("are there any", "do you see any", "are there either")
    )
    question = (
        lead[int(random.integers(len(lead)))],
        nouns[0],
        verb,
        nouns[1],
        "in the image"[: 12 * int(random.integers(2))],
    )
    steps: tuple[Step, ...] = (
        ("select", f"{pair[0]} ({_ids(found[0])})", ()),
        ("exist", "?", (0,)),
        ("select", f"{pair[1]} ({_ids(found[1])}) ", ()),
        ("exist", "?", (2,)),
        (verb, "", (1, 3)),
    )
    full: tuple[Part, ...]
    if verb == "and":
        if yes:
            full = ("yes, there are both", nouns[0], "and", nouns[1])
        elif any(there):
            have = nouns[there.index(True)]
            lack = many(pair[there.index(False)])
            full = ("no, there are", have, f"but no {lack}")
        else:
            full = (f"no, there are no {many(pair[0])} and no {many(pair[1])}",)
    elif yes:
        full = ("yes, there are", nouns[there.index(True)])
    else:
        full = (f"no, there are no {many(pair[0])} or {many(pair[1])}",)
    kind = verb.capitalize()
    return Candidate(
        steps=steps,
        question=tuple(part for part in question if part),
        answer="yes" if yes else "no",
        full_answer=full,
        structural="logical",
        semantic="obj",
        detailed=f"exist{kind}" if yes else f"exist{kind}C",
        global_group=None,
        local_group=f"09exist{kind}-{'_'.join(sorted(pair))}",
        fact=("scene", f"exist{kind}"),
    )
