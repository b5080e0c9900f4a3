"""Questions about relations between two objects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.gqa.ontology import HYPERNYMS
from rex.world.annotate import Entity, Facts
from rex.world.questions.candidate import Candidate
from rex.world.questions.existence import missing_names
from rex.world.questions.phrase import Mention, Part, article, class_noun, is_are
from rex.world.questions.references import CLASSES, Pointer, Reference

OPPOSITE = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "in front of": "behind",
    "behind": "in front of",
    "on": "under",
    "under": "on",
}
_SHORT = {"to the left of": "left", "to the right of": "right", "in front of": "front"}
_SIDEWAYS = ("to the left of", "to the right of")


def relation_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions whose last step follows a relation."""
    pointer = Pointer(facts, random)
    for subject in facts.entities:
        for name, other_id in subject.relations:
            target = facts.by_id[other_id]
            anchor = pointer.any(target, avoid=frozenset({name, OPPOSITE.get(name, "")}))
            if anchor is None:
                continue
            if subject.name in anchor.noun or _mentions(anchor, subject):
                continue
            if name == "near":
                yield from _near(facts, pointer, subject, anchor, random)
                continue
            yield from _open(facts, subject, name, anchor, random)
            yield from _verify(facts, pointer, subject, name, target, anchor, random)
            if name in OPPOSITE:
                yield from _choose(facts, pointer, subject, name, anchor, random)
            yield from _exist(facts, subject, name, anchor, random)
        yield from _object_of(facts, pointer, subject, random)


def _mentions(reference: Reference, entity: Entity) -> bool:
    return any(isinstance(p, Mention) and p.object_id == entity.object_id for p in reference.words)


def _tail(reference: Reference) -> tuple[int, ...]:
    return (len(reference.steps) - 1,)


def _granted(facts: Facts, name: str, target: Entity) -> list[Entity]:
    """Return what a viewer may say stands in the relation to `target`, annotated or not."""
    found = []
    for entity in facts.entities:
        x, far = entity.center[0], target.center[0]
        loosely = (name == "to the left of" and x < far) or (name == "to the right of" and x > far)
        if entity is not target and (loosely or (name, target.object_id) in entity.relations):
            found.append(entity)
    return found


def _open(
    facts: Facts, subject: Entity, name: str, anchor: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask what stands in a relation to the anchor ("What is on the table?")."""
    rivals = [entity for entity in _granted(facts, name, anchor.entity) if entity is not subject]
    verb = name if name in ("wearing", "holding") else f"{name}"
    target = anchor.entity
    full: tuple[Part, ...] = (
        "the",
        Mention(subject.name, subject.object_id),
        is_are(subject.name),
        name,
        "the",
        Mention(target.name, target.object_id),
    )
    classes = [c for c in CLASSES if c in HYPERNYMS.get(subject.name, ())]
    for noun in ["_", *classes]:
        same = rivals if noun == "_" else [r for r in rivals if noun in HYPERNYMS.get(r.name, ())]
        if same or (noun == "_" and (name in _SIDEWAYS or "person" in classes)):
            continue
        if noun == "person":
            lead: tuple[Part, ...] = ("who is",)
        elif noun == "_":
            lead = ("what is",)
        else:
            kind = ("what {}", "which kind of {}", "what kind of {}")[int(random.integers(3))]
            shown = noun if "kind" in kind else class_noun(noun)
            lead = (kind.format(shown), "is")
        local = "14" if noun in ("_", "person") else "15"
        yield Candidate(
            steps=(
                *anchor.steps,
                ("relate", f"{noun},{name},s ({subject.object_id})", _tail(anchor)),
                ("query", "name", (len(anchor.steps),)),
            ),
            question=(*lead, verb, *anchor.the),
            answer=subject.name,
            full_answer=full,
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
    for name in (
        "holding",
        "wearing",
        "on",
        "sitting on",
        "lying on",
        "under",
        "behind",
        "in front of",
    ):
        targets = [facts.by_id[other] for relation, other in subject.relations if relation == name]
        if len(targets) != 1:
            continue
        target = targets[0]
        anchor = pointer.any(subject, avoid=frozenset({name, "activity"}))
        if anchor is None or _mentions(anchor, target):
            continue
        classes = [c for c in CLASSES if c in HYPERNYMS.get(target.name, ())]
        if name == "wearing" and target.name != "dress":
            continue
        nouns = ["_"] if not classes else ["_", classes[0]]
        for noun in nouns:
            if noun == "_" and random.random() < 0.3:
                question: tuple[Part, ...] = (*anchor.the, is_are(anchor.noun), name, "what")
            elif noun == "_":
                question = ("what", is_are(anchor.noun), *anchor.the, name)
            elif noun == "person":
                question = ("which person", is_are(anchor.noun), *anchor.the, name)
            else:
                question = (f"what kind of {noun}", is_are(anchor.noun), *anchor.the, name)
            yield Candidate(
                steps=(
                    *anchor.steps,
                    ("relate", f"{noun},{name},o ({target.object_id})", _tail(anchor)),
                    ("query", "name", (len(anchor.steps),)),
                ),
                question=question,
                answer=target.name,
                full_answer=(
                    "the",
                    Mention(subject.name, subject.object_id),
                    is_are(subject.name),
                    name,
                    *_some(target),
                ),
                structural="query",
                semantic="rel",
                detailed="relO" if noun == "_" else "categoryRelO",
                global_group=classes[0] if classes else "object",
                local_group=f"{'14' if noun == '_' else '15'}-{subject.name}_{name},o",
                fact=(target.object_id, "name"),
                answer_object=target.object_id,
            )


def _some(entity: Entity) -> tuple[Part, ...]:
    lead = article(entity.name)
    thing = Mention(entity.name, entity.object_id)
    return (thing,) if lead == entity.name else (lead.split()[0], thing)


def _verify(
    facts: Facts,
    pointer: Pointer,
    subject: Entity,
    name: str,
    target: Entity,
    anchor: Reference,
    random: np.random.Generator,
) -> Iterator[Candidate]:
    """Ask whether a relation holds ("Is the dog to the left of the car?")."""
    who = pointer.any(
        subject, avoid=frozenset({name, OPPOSITE.get(name, ""), "hposition", "activity"})
    )
    if who is None or _mentions(who, target) or _mentions(anchor, subject):
        return
    if len(anchor.steps) > 1 and len(who.steps) > 1:
        return
    full_tail: tuple[Part, ...] = (
        "the",
        Mention(subject.name, subject.object_id),
        is_are(subject.name),
        name,
        "the",
        Mention(target.name, target.object_id),
    )
    yes = random.random() < 0.5
    asked = name
    if not yes:
        if name in OPPOSITE:
            asked = OPPOSITE[name]
        elif name in ("wearing", "holding"):
            yield from _verify_missing(facts, subject, name, who, random)
            return
        else:
            return
    # the program starts at the anchor and names the subject, or the other way round
    plain = pointer.plain(target)
    if plain is not None and len(who.steps) >= 1 and random.random() < 0.5:
        steps = (
            *who.steps,
            ("verify rel", f"{target.name},{asked},o ({target.object_id})", _tail(who)),
        )
        question: tuple[Part, ...] = (is_are(who.noun), *who.the, asked, *plain.the)
        detailed = "relVerify"
    elif len(who.steps) == 1:
        steps = (
            *anchor.steps,
            ("verify rel", f"{who.noun},{asked},s ({subject.object_id})", _tail(anchor)),
        )
        question = (is_are(who.noun), *who.the, asked, *anchor.the)
        detailed = "relVerify"
    else:
        return
    yield Candidate(
        steps=steps,
        question=question,
        answer="yes" if yes else "no",
        full_answer=("yes," if yes else "no,", *full_tail),
        structural="verify",
        semantic="rel",
        detailed=detailed if yes else "relVerifyCr",
        global_group=None,
        local_group=f"13-{subject.name}_{target.name}",
        fact=(
            subject.object_id,
            f"{'/'.join(sorted((name, OPPOSITE.get(name, name))))} {target.object_id}",
        ),
    )


def _near(
    facts: Facts, pointer: Pointer, subject: Entity, anchor: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask whether a thing stands near another, or near one that is far away."""
    target = anchor.entity
    yes = random.random() < 0.5
    if not yes:
        far = [
            entity
            for entity in facts.entities
            if abs(entity.center[0] - subject.center[0]) > 0.45 * facts.width
            and "clothing" not in HYPERNYMS.get(entity.name, ())
        ]
        options = [reference for reference in map(pointer.plain, far) if reference is not None]
        if not options:
            return
        anchor = options[int(random.integers(len(options)))]
        target = anchor.entity
    who = pointer.plain(subject)
    if who is None or target.name == subject.name:
        return
    yield Candidate(
        steps=(
            *anchor.steps,
            ("verify rel", f"{who.noun},near,s ({subject.object_id})", _tail(anchor)),
        ),
        question=(is_are(who.noun), *who.the, "near", *anchor.the),
        answer="yes" if yes else "no",
        full_answer=(
            "yes," if yes else "no,",
            "the",
            Mention(subject.name, subject.object_id),
            is_are(subject.name),
            "near" if yes else "not near",
            "the",
            Mention(target.name, target.object_id),
        ),
        structural="verify",
        semantic="rel",
        detailed="relVerify" if yes else "relVerifyCr",
        global_group=None,
        local_group=f"13-{subject.name}_{target.name}",
        fact=(subject.object_id, f"near {target.object_id}"),
    )


def _verify_missing(
    facts: Facts, subject: Entity, name: str, who: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask whether someone wears or holds what they don't."""
    held = {facts.by_id[other].name for relation, other in subject.relations if relation == name}
    options = {
        "wearing": ["hat", "dress", "shirt", "pants"],
        "holding": ["umbrella", "ball", "book", "apple", "banana", "cup", "bag", "flower", "kite"],
    }[name]
    options = [o for o in options if o not in held and not facts.called(o)]
    if not options:
        return
    asked = options[int(random.integers(len(options)))]
    some: tuple[Part, ...] = (asked,) if asked == "pants" else (article(asked),)
    worn = [facts.by_id[other] for relation, other in subject.relations if relation == name]
    yield Candidate(
        steps=(*who.steps, ("verify rel", f"{asked},{name},o (-)", _tail(who))),
        question=(is_are(who.noun), *who.the, name, *some),
        answer="no",
        full_answer=(
            "no, the",
            Mention(subject.name, subject.object_id),
            is_are(subject.name),
            name,
            *_some(worn[0]),
        ),
        structural="verify",
        semantic="rel",
        detailed="relVerifyCo",
        global_group=None,
        local_group=f"13-{subject.name}_{asked}",
        fact=(subject.object_id, f"{name} {asked}"),
    )


def _choose(
    facts: Facts,
    pointer: Pointer,
    subject: Entity,
    name: str,
    anchor: Reference,
    random: np.random.Generator,
) -> Iterator[Candidate]:
    """Ask for one of two opposite relations ("to the left or to the right of")."""
    who = pointer.plain(subject)
    if who is None or _mentions(anchor, subject):
        return
    one, two = (name, OPPOSITE[name]) if random.random() < 0.5 else (OPPOSITE[name], name)
    if name in _SIDEWAYS:
        question: tuple[Part, ...] = (
            is_are(who.noun),
            *who.the,
            one.removesuffix(" of"),
            "or",
            two,
            *anchor.the,
        )
    else:
        question = (is_are(who.noun), *who.the, one, "or", two, *anchor.the)
    listed = "|".join((one, two) if random.random() < 0.5 else (two, one))
    yield Candidate(
        steps=(
            *anchor.steps,
            ("choose rel", f"{who.noun},{listed},s ({subject.object_id})", _tail(anchor)),
        ),
        question=question,
        answer=_SHORT.get(name, name),
        full_answer=(
            "the",
            Mention(subject.name, subject.object_id),
            is_are(subject.name),
            name,
            "the",
            Mention(anchor.entity.name, anchor.entity.object_id),
        ),
        structural="choose",
        semantic="rel",
        detailed="relChooser",
        global_group=None,
        local_group=f"13-{anchor.entity.name}_{subject.name}",
        fact=(
            subject.object_id,
            f"{'/'.join(sorted((name, OPPOSITE[name])))} {anchor.entity.object_id}",
        ),
    )


def _exist(
    facts: Facts, subject: Entity, name: str, anchor: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    """Ask whether there is something in a relation ("Is there a dog on the couch?")."""
    if name in ("wearing", "holding") or len(facts.called(subject.name)) > 1:
        return
    if subject.name in ("pants", "bread"):
        return
    if anchor.entity.name == subject.name:
        return
    target = anchor.entity
    roll = random.random()
    if roll < 0.5:
        asked, relation, ids, answer = subject.name, name, subject.object_id, "yes"
        detailed = "existRelS"
    elif roll < 0.75 and name in OPPOSITE:
        asked, relation, ids, answer = subject.name, OPPOSITE[name], subject.object_id, "no"
        detailed = "existRelSRC"
    else:
        missing = missing_names(facts, random, 1)
        if not missing or missing[0] in ("pants", "bread"):
            return
        asked, relation, ids, answer = missing[0], name, "-", "no"
        detailed = "existRelSC"
    thing: tuple[Part, ...]
    a = article(asked)
    noun = a.split(" ", 1)[-1]
    lead = "is there" if a != asked else "is there any"
    thing = (a.split()[0],) if a != asked else ()
    mention: Part = Mention(noun, subject.object_id) if ids != "-" else noun
    where: tuple[Part, ...] = ("the", Mention(target.name, target.object_id))
    true: tuple[Part, ...] = ("the", Mention(subject.name, subject.object_id), "is", name, *where)
    if answer == "yes":
        full: tuple[Part, ...] = ("yes, there is", *_some(subject), name, *where)
    elif ids == "-":
        full = ("no, there is", *_some(subject), name, *where)
    else:
        full = ("no,", *true)
    yield Candidate(
        steps=(
            *anchor.steps,
            ("relate", f"{asked},{relation},s ({ids})", _tail(anchor)),
            ("exist", "?", (len(anchor.steps),)),
        ),
        question=(lead, *thing, mention, relation, *anchor.the),
        answer=answer,
        full_answer=full,
        structural="verify",
        semantic="rel",
        detailed=detailed,
        global_group=None,
        local_group=f"13-{target.name}_{asked}",
        fact=(
            subject.object_id,
            f"{'/'.join(sorted((name, OPPOSITE.get(name, name))))} {target.object_id}",
        ),
    )
