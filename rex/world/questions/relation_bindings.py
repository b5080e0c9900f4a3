"""Binders of two objects: their relations, and how they compare."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rex.gqa.ontology import is_a
from rex.programs.english import indefinite
from rex.world.annotate import Entity
from rex.world.questions.bindings import (
    Binding,
    Bindings,
    alternatives,
    binder,
    mention,
    missing_names,
    pick,
)
from rex.world.questions.phrase import class_noun
from rex.world.questions.references import (
    OPPOSITE,
    SIDEWAYS,
    Pointer,
    Reference,
    classes_of,
    granted,
)

_WORN = ("hat", "dress", "shirt", "pants")
_SHARED = frozenset({"color", "material", "shape", "pose", "size", "pattern", "activity"})
_HELD = ("umbrella", "ball", "book", "apple", "banana", "cup", "bag", "flower", "kite")


def _link(subject: Entity, relation: str, anchor: Reference) -> Binding:
    target, opposite = anchor.entity, OPPOSITE.get(relation, relation)
    both = "/".join(sorted({relation, opposite}))
    return {
        "anchor": anchor,
        "relation": relation,
        "subject": subject.name,
        "target": target.name,
        "object": subject.object_id,
        "ids": subject.object_id,
        "target_id": target.object_id,
        "link": f"{both} {target.object_id}",
        "class_or_object": (*classes_of(subject), "object")[0],
    }


def _of_noun(noun: str, entity: Entity, limit: int | None = None) -> list[str]:
    """Return the nouns to ask for an object by: anything, a person, or its other classes."""
    classes = classes_of(entity)[:limit]
    if noun == "_":
        return ["_"]
    return [name for name in classes if (name == "person") is (noun == "person")]


@binder
def subject_of(pointer: Pointer, noun: str) -> Bindings:
    """A relation whose subject is asked for, where no other could be granted it."""
    facts = pointer.facts
    for subject, relation, anchor in pointer.links:
        person = "person" in classes_of(subject)
        if relation == "near" or (noun == "_" and (relation in SIDEWAYS or person)):
            continue
        rivals = [
            entity
            for entity in facts.entities
            if entity not in (subject, anchor.entity)
            and granted(facts, entity, relation, anchor.entity)
        ]
        for name in _of_noun(noun, subject):
            if not any(name == "_" or name in classes_of(rival) for rival in rivals):
                yield _link(subject, relation, anchor) | {"class": name, "noun": class_noun(name)}


@binder
def object_of(pointer: Pointer, noun: str, relations: Collection[str]) -> Bindings:
    """A relation whose object is asked for ("What is the man holding?")."""
    for subject in pointer.facts.entities:
        for relation in relations:
            targets = [pointer.facts.by_id[o] for name, o in subject.relations if name == relation]
            if len(targets) != 1 or (relation == "wearing" and targets[0].name != "dress"):
                continue
            # not "the boy that is sitting sitting on"
            avoid = {relation, "activity", *(("pose",) if relation.endswith(" on") else ())}
            reference = pointer.any(subject, frozenset(avoid))
            if reference is None or reference.mentions(targets[0]):
                continue
            target = targets[0]
            for name in _of_noun(noun, target, 1):
                yield {
                    "ref": reference,
                    "relation": relation,
                    "subject": subject.name,
                    "object": target.object_id,
                    "class": name,
                    "class_or_object": (*classes_of(target), "object")[0],
                }


@binder
def chosen_relation(pointer: Pointer) -> Bindings:
    """A relation and its opposite."""
    for subject, relation, anchor in pointer.links:
        who = pointer.plain(subject)
        if who is not None and relation in OPPOSITE:
            choice = alternatives(pointer.random, relation, OPPOSITE[relation])
            one = str(choice["one"])
            short = one.removesuffix(" of") if one in SIDEWAYS else one
            yield _link(subject, relation, anchor) | choice | {"who": who, "short": short}


@binder
def relation(pointer: Pointer, named: str, holds: bool) -> Bindings:
    """A relation that holds, or else its opposite; the program names its `subject` or `object`."""
    for subject, relation, anchor in pointer.links:
        avoid = {relation, OPPOSITE.get(relation, ""), "hposition", "activity"}
        who = pointer.any(subject, frozenset(avoid))
        if relation == "near" or who is None or who.mentions(anchor.entity):
            continue
        asked = relation if holds else OPPOSITE.get(relation)
        plain = pointer.plain(anchor.entity)
        target = anchor if named == "subject" else plain
        if asked is None or target is None or (named == "subject" and len(who.steps) > 1):
            continue
        binding = _link(subject, relation, target)
        yield binding | {"who": who, "asked": asked, "noun": who.noun}


@binder
def near(pointer: Pointer, holds: bool) -> Bindings:
    """Two things that are near each other, or far apart."""
    facts = pointer.facts
    for subject, relation, anchor in pointer.links:
        who = pointer.plain(subject)
        if who is None or relation != "near":
            continue
        if not holds:
            far = [
                reference
                for entity in facts.entities
                if abs(entity.center[0] - subject.center[0]) > 0.45 * facts.width
                and not is_a(entity.name, "clothing")
                and (reference := pointer.plain(entity)) is not None
            ]
            if not far:
                continue
            anchor = pick(far, pointer.random)
        if anchor.entity.name != subject.name:
            yield _link(subject, "near", anchor) | {"who": who, "noun": who.noun}


@binder
def not_had(pointer: Pointer) -> Bindings:
    """What someone might wear or hold, but is nowhere in the image."""
    for subject in pointer.facts.entities:
        for relation, names in (("wearing", _WORN), ("holding", _HELD)):
            gone = [name for name in names if not pointer.facts.called(name)]
            who = pointer.any(subject, frozenset({relation, "hposition", "activity"}))
            if who and gone and any(name == relation for name, _ in subject.relations):
                asked = pick(gone, pointer.random)
                yield {
                    "who": who,
                    "relation": relation,
                    "asked": asked,
                    "subject": subject.name,
                    "object": subject.object_id,
                }


@binder
def related_presence(pointer: Pointer, which: str) -> Bindings:
    """A name in a relation: its own (`true`), the `opposite`, or of what is `missing`."""
    for subject, relation, anchor in pointer.links:
        if (
            relation in ("near", "wearing", "holding")
            or len(pointer.facts.called(subject.name)) > 1
        ):
            continue
        binding = _link(subject, relation, anchor) | {"noun": mention(subject)}
        if which == "opposite":
            binding["relation"] = OPPOSITE.get(relation, "")
        elif which == "missing":
            gone = [name for name in missing_names(pointer, 4) if indefinite(name)]
            if not gone:
                continue
            binding |= {"noun": gone[0], "subject": gone[0], "ids": "-"}
        if binding["relation"] and indefinite(str(binding["subject"])):
            yield binding


def _pairs(pointer: Pointer) -> Iterator[tuple[Reference, Reference, Binding]]:
    """Yield references to two objects of different names."""
    plain = [r for e in pointer.facts.entities if (r := pointer.plain(e)) is not None]
    for first in plain:
        for second in plain:
            if first is not second:
                names = "_".join(sorted((first.noun, second.noun)))
                yield first, second, {"first": first, "second": second, "names": names}


@binder
def compared(pointer: Pointer, categories: Collection[str]) -> Bindings:
    """Two objects that have a word of one of the categories each."""
    for first, second, binding in _pairs(pointer):
        for category in categories:
            if category in first.entity.words and category in second.entity.words:
                yield binding | {"category": category}


@binder
def common(pointer: Pointer) -> Bindings:
    """Two objects that have exactly one word in common."""
    for first, second, binding in _pairs(pointer):
        others = second.entity.words
        shared = [c for c, word in first.entity.words.items() if word in others.values()]
        if len(shared) == 1 and shared[0] in _SHARED:
            yield binding


@binder
def ranked(pointer: Pointer, words: Mapping[str, str]) -> Bindings:
    """Two objects to be ranked by comparatives, each with the class or category that both need."""
    for first, second, binding in _pairs(pointer):
        both = (first.entity, second.entity)
        for word, need in words.items():
            if all(need in entity.words or is_a(entity.name, need) for entity in both):
                person = all(is_a(entity.name, "person") for entity in both)
                lead = "who" if person else pick(("what", "which"), pointer.random)
                group = {"age": "person", "food": "food"}.get(need, "object")
                yield binding | {"word": word, "lead": lead, "class": group}
