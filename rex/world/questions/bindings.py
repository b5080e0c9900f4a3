"""What the variables of templates are bound to: objects, words, relations of one image.

A binder yields bindings: variable to text, to a mention of an object, or to a reference to one. A
variable that a binding lacks makes the templates that need it pass it over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rex.gqa.ontology import is_a
from rex.programs.english import many
from rex.programs.leaves import Mention
from rex.world.annotate import Entity
from rex.world.kinds import KINDS, draw_word
from rex.world.places import PLACES
from rex.world.questions.phrase import adjective, class_noun, is_counted, predicate
from rex.world.questions.references import (
    BEFORE,
    OPPOSITE,
    SIDEWAYS,
    Pointer,
    Reference,
    classes_of,
    granted,
)

Binding = dict[str, str | Mention | Reference]
Bindings = Iterator[Binding]
_Item = TypeVar("_Item")

_WORN = ("hat", "dress", "shirt", "pants")
_HELD = ("umbrella", "ball", "book", "apple", "banana", "cup", "bag", "flower", "kite")
_HIDDEN = {
    # who holds a book is reading
    "activity": frozenset({"activity", "holding", "pose"}),
    "pose": frozenset({"pose", "activity", "sitting on", "lying on", "on"}),
    "hposition": frozenset({"hposition", *SIDEWAYS}),
    "vposition": frozenset({"on", "under", "sitting on", "lying on"}),
}
"""What gives a category away, beside the category itself."""


def _pick(options: Sequence[_Item], random: np.random.Generator) -> _Item:
    return options[int(random.integers(len(options)))]


def _ids(entities: Collection[Entity]) -> str:
    """Return the ids as programs list them; `-` where there are none."""
    return ",".join(entity.object_id for entity in entities) or "-"


def _mention(entity: Entity) -> Mention:
    return Mention(entity.object_id, entity.name)


def _about(reference: Reference) -> Binding:
    entity = reference.entity
    return {"ref": reference, "name": entity.name, "object": entity.object_id}


def _alternatives(random: np.random.Generator, true: str, other: str | None) -> Binding:
    """Return what is asked for (half of the time the truth), and a choice of two."""
    asked = true if random.random() < 0.5 else other
    binding: Binding = {"true": true}
    if asked is not None:
        binding["asked"] = asked
    if other is not None:
        one, two = (true, other) if random.random() < 0.5 else (other, true)
        options = "|".join((one, two) if random.random() < 0.5 else (two, one))
        binding |= {"one": one, "two": two, "options": options, "other": other}
    return binding


def _other_word(entity: Entity, category: str, random: np.random.Generator) -> str | None:
    """Return another word of the category that things of the kind may have."""
    options = KINDS[entity.name].words(category)
    person = is_a(entity.name, "person")
    if category == "activity":
        options = dict.fromkeys(("eating", "reading" if person else "sleeping"), 1.0)
    elif category == "pose" and person:
        options = dict.fromkeys(("standing", "walking", "sitting"), 1.0)
    elif category == "age":
        options = dict.fromkeys(("young", "old"), 1.0)
    true = entity.words.values()
    options = {word: weight for word, weight in options.items() if word not in true}
    return draw_word(random, options) if options else None


def _missing(pointer: Pointer, count: int) -> list[str]:
    """Return names of things that are not there, though they might be in such a place."""
    place = PLACES[pointer.facts.place]
    likely = {*place.back, *place.middle, *place.front, "hat", "dress", "umbrella"}
    likely |= {"apple", "banana", "cup"} if place.room else set()
    names = [name for name in sorted(likely) if not pointer.facts.called(name)]
    return [names[k] for k in pointer.random.permutation(len(names))[:count]]


def _attribute(pointer: Pointer, categories: Collection[str], unless: str = "") -> Bindings:
    """An object's attribute of one of the categories, and another word of the category.

    An object that has a word of the category `unless` is passed over.
    """
    for entity in pointer.facts.entities:
        for category in sorted(entity.words.keys() & categories):
            if unless and unless in entity.words:
                continue
            reference = pointer.any(entity, _HIDDEN.get(category, frozenset({category})))
            if reference is None:
                continue
            other = _other_word(entity, category, pointer.random)
            binding = _about(reference) | _alternatives(
                pointer.random, entity.words[category], other
            )
            if "asked" in binding:
                binding["said"] = predicate(category, str(binding["asked"]))
            yield binding | {"category": category, "label": category or "state"}


def _two_attributes(pointer: Pointer) -> Bindings:
    """Two attributes of one object, half of the time one of them wrong."""
    random = pointer.random
    for entity in pointer.facts.entities:
        categories = [c for c in BEFORE if c in entity.words and c != "age"]
        if len(categories) < 2:
            continue
        chosen = [categories[k] for k in random.permutation(len(categories))[:2]]
        reference = pointer.any(entity, frozenset(chosen))
        asked: list[str | None] = [entity.words[category] for category in chosen]
        if random.random() < 0.5:
            wrong = int(random.integers(2))
            asked[wrong] = _other_word(entity, chosen[wrong], random)
        first, second = asked
        if reference is None or first is None or second is None:
            continue
        yield _about(reference) | {
            "category": chosen[0],
            "category2": chosen[1],
            "word": first,
            "word2": second,
            "said": predicate(chosen[0], first),
            "said2": predicate(chosen[1], second),
            "words": "_".join(sorted((first, second))),
            "categories": "+".join(sorted(chosen)),
        }


def _position(pointer: Pointer, axis: str) -> Bindings:
    """The side of the image that an object wholly lies on."""
    facts = pointer.facts
    for entity in facts.entities:
        side = facts.side(entity) if axis == "hposition" else facts.row(entity)
        reference = pointer.any(entity, _HIDDEN[axis])
        if side is not None and reference is not None:
            sides = ("left", "right") if axis == "hposition" else ("top", "bottom")
            other = sides[1 - sides.index(side)]
            yield _about(reference) | _alternatives(pointer.random, side, other)


def _noun(pointer: Pointer, name: str) -> Mention | str:
    """Return a name as a mention of the first such object, if there is one."""
    present = [entity for entity in pointer.facts.entities if entity.name == name]
    return _mention(present[0]) if present else name


def _presence(pointer: Pointer) -> Bindings:
    """The names of things that are in the image, and of some that are not."""
    entities = pointer.facts.entities
    for name in [*sorted({entity.name for entity in entities}), *_missing(pointer, 5)]:
        same = [entity for entity in entities if entity.name == name]
        first = same[0].object_id if same else name
        yield {"noun": _noun(pointer, name), "name": name, "ids": _ids(same), "object": first}


def _described_presence(pointer: Pointer) -> Bindings:
    """A name with an attribute: half of the time one that nothing of that name has."""
    random = pointer.random
    for entity in pointer.facts.entities:
        same = pointer.facts.called(entity.name)
        categories = [c for c in BEFORE if c in entity.words]
        if not categories or not is_counted(entity.name):
            continue
        category = _pick(categories, random)
        asked: str | None = entity.words[category]
        if random.random() < 0.5:
            asked = _other_word(entity, category, random) if len(same) == 1 else None
        if asked is None:
            continue
        holders = [other for other in same if asked in other.words.values()]
        described = f"{adjective(asked)} {entity.name}"
        yield {
            "noun": _mention(entity),
            "described": Mention(entity.object_id, described) if holders else described,
            "name": entity.name,
            "object": entity.object_id,
            "ids": _ids(holders or same),
            "category": category,
            "asked": asked,
            "said": predicate(category, asked),
        }


def _two_names(pointer: Pointer, both: float, neither: float) -> Bindings:
    """Two names: both in the image with a probability; of other times neither with another."""
    random = pointer.random
    present = sorted({entity.name for entity in pointer.facts.entities})
    here = [present[k] for k in random.permutation(len(present))]
    gone = _missing(pointer, 2)
    if random.random() < both:
        pair = here[:2]
    else:
        pair = gone if random.random() < neither else [*here[:1], *gone[:1]]
    if len(pair) == 2:
        pair = pair[::-1] if random.random() < 0.5 else pair
        called = [[e for e in pointer.facts.entities if e.name == name] for name in pair]
        yield {
            "noun": _noun(pointer, pair[0]),
            "noun2": _noun(pointer, pair[1]),
            "name": pair[0],
            "name2": pair[1],
            "ids": _ids(called[0]),
            "ids2": _ids(called[1]),
            "names": "_".join(sorted(pair)),
        }


def _unique_class(pointer: Pointer) -> Bindings:
    """The one object of a class, and another name of that class."""
    for entity in pointer.facts.entities:
        for wanted in classes_of(entity):
            if len(pointer.facts.called(wanted)) > 1 or wanted in ("person", "clothing"):
                continue
            names = [n for n in KINDS if is_a(n, wanted) and n != entity.name]
            other = _pick(names, pointer.random) if names else None
            yield _alternatives(pointer.random, entity.name, other) | {
                "class": wanted,
                "noun": class_noun(wanted),
                "thing": Mention(entity.object_id, class_noun(wanted)),
                "object": entity.object_id,
            }


def _described_class(pointer: Pointer, people: bool) -> Bindings:
    """An object known by its class and an attribute that no other of the class has."""
    for entity in pointer.facts.entities:
        for reference in pointer.filtered(entity, classes=True):
            operation, word = reference.steps[-1].operation, reference.steps[-1].argument
            if word.startswith("not(") or (reference.noun == "person") is not people:
                continue
            binding = _about(reference)
            category = operation.removeprefix("filter").strip()
            said = f"on the {word}" if category == "hposition" else predicate(category, word)
            yield binding | {
                "class": reference.noun,
                "kind": Mention(entity.object_id, reference.noun),
                "thing": Mention(entity.object_id, class_noun(reference.noun)),
                "word": word,
                "said": said,
            }


def _links(pointer: Pointer) -> Iterator[tuple[Entity, str, Reference]]:
    """Yield a subject, its relation, and a reference to the relation's object."""
    for subject in pointer.facts.entities:
        for relation, other in subject.relations:
            avoid = frozenset({relation, OPPOSITE.get(relation, "")})
            anchor = pointer.any(pointer.facts.by_id[other], avoid)
            if anchor and subject.name not in anchor.noun and not anchor.mentions(subject):
                yield subject, relation, anchor


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


def _subject_of(pointer: Pointer, noun: str) -> Bindings:
    """A relation whose subject is asked for, where no other could be granted it."""
    facts = pointer.facts
    for subject, relation, anchor in _links(pointer):
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


def _object_of(pointer: Pointer, noun: str, relations: Collection[str]) -> Bindings:
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


def _chosen_relation(pointer: Pointer) -> Bindings:
    """A relation and its opposite."""
    for subject, relation, anchor in _links(pointer):
        who = pointer.plain(subject)
        if who is not None and relation in OPPOSITE:
            choice = _alternatives(pointer.random, relation, OPPOSITE[relation])
            one = str(choice["one"])
            short = one.removesuffix(" of") if one in SIDEWAYS else one
            yield _link(subject, relation, anchor) | choice | {"who": who, "short": short}


def _relation(pointer: Pointer, named: str, holds: bool) -> Bindings:
    """A relation that holds, or else its opposite; the program names its `subject` or `object`."""
    for subject, relation, anchor in _links(pointer):
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


def _near(pointer: Pointer, holds: bool) -> Bindings:
    """Two things that are near each other, or far apart."""
    facts = pointer.facts
    for subject, relation, anchor in _links(pointer):
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
            anchor = _pick(far, pointer.random)
        if anchor.entity.name != subject.name:
            yield _link(subject, "near", anchor) | {"who": who, "noun": who.noun}


def _not_had(pointer: Pointer) -> Bindings:
    """What someone might wear or hold, but is nowhere in the image."""
    for subject in pointer.facts.entities:
        for relation, names in (("wearing", _WORN), ("holding", _HELD)):
            gone = [name for name in names if not pointer.facts.called(name)]
            who = pointer.any(subject, frozenset({relation, "hposition", "activity"}))
            if who and gone and any(name == relation for name, _ in subject.relations):
                asked = _pick(gone, pointer.random)
                yield {
                    "who": who,
                    "relation": relation,
                    "asked": asked,
                    "subject": subject.name,
                    "object": subject.object_id,
                }


def _related_presence(pointer: Pointer, which: str) -> Bindings:
    """A name in a relation: its own (`true`), the `opposite`, or of what is `missing`."""
    for subject, relation, anchor in _links(pointer):
        if (
            relation in ("near", "wearing", "holding")
            or len(pointer.facts.called(subject.name)) > 1
        ):
            continue
        binding = _link(subject, relation, anchor) | {"noun": _mention(subject)}
        if which == "opposite":
            binding["relation"] = OPPOSITE.get(relation, "")
        elif which == "missing":
            gone = [name for name in _missing(pointer, 4) if is_counted(name)]
            if not gone:
                continue
            binding |= {"noun": gone[0], "subject": gone[0], "ids": "-"}
        if binding["relation"] and is_counted(str(binding["subject"])):
            yield binding


def _pairs(pointer: Pointer) -> Iterator[tuple[Reference, Reference, Binding]]:
    """Yield references to two objects of different names."""
    plain = [r for e in pointer.facts.entities if (r := pointer.plain(e)) is not None]
    for first in plain:
        for second in plain:
            if first is not second:
                names = "_".join(sorted((first.noun, second.noun)))
                yield first, second, {"first": first, "second": second, "names": names}


def _compared(pointer: Pointer, categories: Collection[str]) -> Bindings:
    """Two objects that have a word of one of the categories each."""
    for first, second, binding in _pairs(pointer):
        for category in categories:
            if category in first.entity.words and category in second.entity.words:
                yield binding | {"category": category}


def _common(pointer: Pointer) -> Bindings:
    """Two objects that have exactly one word in common."""
    for first, second, binding in _pairs(pointer):
        others = second.entity.words
        shared = [c for c, word in first.entity.words.items() if word in others.values()]
        if len(shared) == 1 and shared[0] in (
            "color",
            "material",
            "shape",
            "pose",
            "size",
            "pattern",
            "activity",
        ):
            yield binding


def _ranked(pointer: Pointer, words: Mapping[str, str]) -> Bindings:
    """Two objects to be ranked by comparatives, each with the class or category that both need."""
    for first, second, binding in _pairs(pointer):
        both = (first.entity, second.entity)
        for word, need in words.items():
            if all(need in entity.words or is_a(entity.name, need) for entity in both):
                person = all(is_a(entity.name, "person") for entity in both)
                lead = "who" if person else _pick(("what", "which"), pointer.random)
                group = {"age": "person", "food": "food"}.get(need, "object")
                yield binding | {"word": word, "lead": lead, "class": group}


def _group(pointer: Pointer, name: str) -> Bindings:
    """All objects of a class, if they are several."""
    entities = pointer.facts.called(name)
    if len(entities) > 1:
        yield {"class": name, "ids": _ids(entities), "all": many(name)}


def _scene(pointer: Pointer, category: str) -> Bindings:
    """What is said of the whole image, and what else might be."""
    facts = pointer.facts
    if category == "weather":
        true, others = facts.weather, {"sunny", "cloudy", "rainy", "snowy"}
    elif category == "location":
        true, others = facts.location, {"indoors", "outdoors"}
    else:
        true, room = facts.place, category == "room"
        others = {name for name, place in PLACES.items() if place.room is room}
        if true not in others:
            return
    if true is None or facts.names_place is (category in ("weather", "location")):
        return
    other = _pick(sorted(others - {true}), pointer.random)
    yield _alternatives(pointer.random, true, other) | {"category": category}


@dataclass(frozen=True)
class Binder:
    """What binds the variables of a template."""

    bind: Callable[..., Bindings]
    variables: frozenset[str]
    """All that it may bind."""


def _binder(bind: Callable[..., Bindings], names: str) -> Binder:
    return Binder(bind, frozenset(names.split()))


_CHOICE = "true other asked one two options"
_LINK = "anchor relation subject target object ids target_id link class_or_object"
BINDERS = {
    "attribute": _binder(_attribute, f"ref name object {_CHOICE} said category label"),
    "two attributes": _binder(
        _two_attributes,
        "ref name object category category2 word word2 said said2 words categories",
    ),
    "position": _binder(_position, f"ref name object {_CHOICE}"),
    "presence": _binder(_presence, "noun name ids object"),
    "described presence": _binder(
        _described_presence, "noun described name object ids category asked said"
    ),
    "two names": _binder(_two_names, "noun noun2 name name2 ids ids2 names"),
    "unique class": _binder(_unique_class, f"{_CHOICE} class noun thing object"),
    "described class": _binder(_described_class, "ref name object class kind thing word said"),
    "subject": _binder(_subject_of, f"{_LINK} class noun"),
    "object": _binder(_object_of, "ref relation subject object class class_or_object"),
    "chosen relation": _binder(_chosen_relation, f"{_LINK} {_CHOICE} who short"),
    "relation": _binder(_relation, f"{_LINK} who asked noun"),
    "near": _binder(_near, f"{_LINK} who noun"),
    "not had": _binder(_not_had, "who relation asked subject object"),
    "related presence": _binder(_related_presence, f"{_LINK} noun"),
    "compared": _binder(_compared, "first second names category"),
    "common": _binder(_common, "first second names"),
    "ranked": _binder(_ranked, "first second names word lead class"),
    "group": _binder(_group, "class ids all"),
    "scene": _binder(_scene, f"{_CHOICE} category"),
}
"""Name to binder."""
