"""Yes or no questions about relations between two objects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Entity, Facts
from rex.world.questions.candidate import Candidate, Fact, Step
from rex.world.questions.existence import missing_names
from rex.world.questions.phrase import UNCOUNTED, Mention, Part, article, is_are
from rex.world.questions.references import OPPOSITE, Pointer, Reference, classes_of, relation_fact
from rex.world.questions.statements import related, some, the, yes_no

_MISSING = {
    "wearing": ("hat", "dress", "shirt", "pants"),
    "holding": ("umbrella", "ball", "book", "apple", "banana", "cup", "bag", "flower", "kite"),
}
"""What people may wear or hold."""


def verified_questions(
    facts: Facts, pointer: Pointer, subject: Entity, name: str, anchor: Reference
) -> Iterator[Candidate]:
    """Yield questions whether `subject` stands in the relation `name` to what `anchor` points at.

    Half of them ask for what is not so.
    """
    random = pointer.random
    if name == "near":
        yield from _near(facts, pointer, subject, anchor)
        return
    avoid = frozenset({name, OPPOSITE.get(name, ""), "hposition", "activity"})
    who = pointer.any(subject, avoid=avoid)
    if who is not None and not who.mentions(anchor.entity):
        if random.random() < 0.5:
            yield from _verify(pointer, subject, name, name, who, anchor)
        elif name in OPPOSITE:
            yield from _verify(pointer, subject, name, OPPOSITE[name], who, anchor)
        elif name in _MISSING:
            yield from _missing(facts, subject, name, who, random)
    if name not in _MISSING and len(facts.called(subject.name)) == 1:
        yield from _exist(facts, subject, name, anchor, random)


def _made(
    steps: tuple[Step, ...], question: tuple[Part, ...], yes: bool, full: tuple[Part, ...],
    detailed: str, local: str, fact: Fact,
) -> Candidate:  # fmt: skip
    return Candidate(
        steps=steps,
        question=question,
        answer="yes" if yes else "no",
        full_answer=full,
        structural="verify",
        semantic="rel",
        detailed=detailed,
        global_group=None,
        local_group=f"13-{local}",
        fact=fact,
    )


def _verify(
    pointer: Pointer, subject: Entity, true: str, asked: str, who: Reference, anchor: Reference
) -> Iterator[Candidate]:
    """Ask whether a relation holds ("Is the dog to the left of the car?")."""
    target = anchor.entity
    plain = pointer.plain(target)
    steps: tuple[Step, ...]
    # the program starts at the subject and names the anchor, or the other way round
    if plain is not None and pointer.random.random() < 0.5:
        argument = f"{target.name},{asked},o ({target.object_id})"
        steps = (*who.steps, ("verify rel", argument, who.tail))
        anchor = plain
    elif len(who.steps) == 1:
        argument = f"{who.noun},{asked},s ({subject.object_id})"
        steps = (*anchor.steps, ("verify rel", argument, anchor.tail))
    else:
        return
    yes = asked == true
    yield _made(
        steps,
        (is_are(who.noun), *who.the, asked, *anchor.the),
        yes,
        yes_no(yes, *related(subject, true, the(target))),
        "relVerify" if yes else "relVerifyCr",
        f"{subject.name}_{target.name}",
        relation_fact(subject, true, target),
    )


def _near(
    facts: Facts, pointer: Pointer, subject: Entity, anchor: Reference
) -> Iterator[Candidate]:
    """Ask whether a thing is near its neighbour, or near one that is far away."""
    random = pointer.random
    yes = bool(random.random() < 0.5)
    if not yes:
        far = [
            pointer.plain(entity)
            for entity in facts.entities
            if abs(entity.center[0] - subject.center[0]) > 0.45 * facts.width
            and "clothing" not in classes_of(entity)
        ]
        options = [reference for reference in far if reference is not None]
        if not options:
            return
        anchor = options[int(random.integers(len(options)))]
    who, target = pointer.plain(subject), anchor.entity
    if who is None or target.name == subject.name:
        return
    yield _made(
        (*anchor.steps, ("verify rel", f"{who.noun},near,s ({subject.object_id})", anchor.tail)),
        (is_are(who.noun), *who.the, "near", *anchor.the),
        yes,
        yes_no(yes, *related(subject, "near" if yes else "not near", the(target))),
        "relVerify" if yes else "relVerifyCr",
        f"{subject.name}_{target.name}",
        (subject.object_id, f"near {target.object_id}"),
    )


def _missing(
    facts: Facts, subject: Entity, name: str, who: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask whether someone wears or holds what is nowhere in the image."""
    options = [option for option in _MISSING[name] if not facts.called(option)]
    if not options:
        return
    asked = options[int(random.integers(len(options)))]
    true = [facts.by_id[other] for relation, other in subject.relations if relation == name]
    yield _made(
        (*who.steps, ("verify rel", f"{asked},{name},o (-)", who.tail)),
        (is_are(who.noun), *who.the, name, article(asked)),
        False,
        yes_no(False, *related(subject, name, some(true[0]))),
        "relVerifyCo",
        f"{subject.name}_{asked}",
        (subject.object_id, f"{name} {asked}"),
    )


def _exist(
    facts: Facts, subject: Entity, name: str, anchor: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask whether there is something in a relation ("Is there a dog on the couch?")."""
    target, asked, relation = anchor.entity, subject.name, name
    mention: Part = Mention(subject.name, subject.object_id)
    ids, roll = subject.object_id, random.random()
    if roll < 0.5:
        detailed = "existRelS"
        full = ("yes, there is", *some(subject), name, *the(target))
    elif roll < 0.75 and name in OPPOSITE:
        relation, detailed = OPPOSITE[name], "existRelSRC"
        full = ("no,", *related(subject, name, the(target)))
    else:
        missing = missing_names(facts, random, 1)
        if not missing:
            return
        asked = mention = missing[0]
        ids, detailed = "-", "existRelSC"
        full = ("no, there is", *some(subject), name, *the(target))
    if UNCOUNTED & {asked, subject.name}:
        return
    yield _made(
        (
            *anchor.steps,
            ("relate", f"{asked},{relation},s ({ids})", anchor.tail),
            ("exist", "?", (len(anchor.steps),)),
        ),
        ("is there", article(asked).split()[0], mention, relation, *anchor.the),
        detailed == "existRelS",
        full,
        detailed,
        f"{target.name}_{asked}",
        relation_fact(subject, name, target),
    )
