"""What the variables of templates are bound to: objects, words, relations of one image.

A binder yields bindings: variable to text, to a mention of an object, or to a reference to one. A
variable that a binding lacks makes the templates that need it pass it over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

import numpy as np

from rex.gqa.ontology import is_a
from rex.programs.english import indefinite, many
from rex.programs.rendering import Mention
from rex.world.annotate import Entity
from rex.world.kinds import KINDS, PLACES, draw_word
from rex.world.questions.phrase import adjective, class_noun, predicate
from rex.world.questions.references import BEFORE, SIDEWAYS, Pointer, Reference, classes_of

Binding = dict[str, str | Mention | Reference]
Bindings = Iterator[Binding]
_Item = TypeVar("_Item")


BINDERS: dict[str, Callable[..., Bindings]] = {}
"""Name to what binds the variables of a template."""


def binder(bind: Callable[..., Bindings]) -> Callable[..., Bindings]:
    """Register a binder under its function's name (`subject_of`: subject)."""
    BINDERS[bind.__name__.removesuffix("_of").replace("_", " ")] = bind
    return bind


def pick(options: Sequence[_Item], random: np.random.Generator) -> _Item:
    """Return one of the options, all alike likely."""
    return options[int(random.integers(len(options)))]


def ids(entities: Collection[Entity]) -> str:
    """Return the ids as programs list them; `-` where there are none."""
    return ",".join(entity.object_id for entity in entities) or "-"


def mention(entity: Entity) -> Mention:
    """Return the object's name as a mention of it."""
    return Mention(entity.object_id, entity.name)


def alternatives(random: np.random.Generator, true: str, other: str | None) -> Binding:
    """Return what is asked for (half of the time the truth), and a choice of two."""
    asked = true if random.random() < 0.5 else other
    binding: Binding = {} if asked is None else {"asked": asked}
    if other is not None:
        one, two = (true, other) if random.random() < 0.5 else (other, true)
        options = "|".join((one, two) if random.random() < 0.5 else (two, one))
        binding |= {"one": one, "two": two, "options": options}
    return binding


def missing_names(pointer: Pointer, count: int) -> list[str]:
    """Return names of things that are not there, though they might be in such a place."""
    place = PLACES[pointer.facts.place]
    likely = {*place.back, *place.middle, *place.front, "hat", "dress", "umbrella"}
    likely |= {"apple", "banana", "cup"} if place.room else set()
    names = [name for name in sorted(likely) if not pointer.facts.called(name)]
    return [names[k] for k in pointer.random.permutation(len(names))[:count]]


_HIDDEN = {
    # who holds a book is reading
    "activity": frozenset({"activity", "holding", "pose"}),
    "pose": frozenset({"pose", "activity", "sitting on", "lying on", "on"}),
    "hposition": frozenset({"hposition", *SIDEWAYS}),
    "vposition": frozenset({"on", "under", "sitting on", "lying on"}),
}
"""What gives a category away, beside the category itself."""


def _about(reference: Reference) -> Binding:
    entity = reference.entity
    return {"ref": reference, "name": entity.name, "object": entity.object_id}


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


@binder
def attribute(pointer: Pointer, categories: Collection[str], unless: str = "") -> Bindings:
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
            binding = _about(reference) | alternatives(
                pointer.random, entity.words[category], other
            )
            if "asked" in binding:
                binding["said"] = predicate(category, str(binding["asked"]))
            yield binding | {"category": category, "label": category or "state"}


@binder
def two_attributes(pointer: Pointer) -> Bindings:
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


@binder
def position(pointer: Pointer, axis: str) -> Bindings:
    """The side of the image that an object wholly lies on."""
    facts = pointer.facts
    for entity in facts.entities:
        side = facts.side(entity) if axis == "hposition" else facts.row(entity)
        reference = pointer.any(entity, _HIDDEN[axis])
        if side is not None and reference is not None:
            sides = ("left", "right") if axis == "hposition" else ("top", "bottom")
            other = sides[1 - sides.index(side)]
            yield _about(reference) | alternatives(pointer.random, side, other)


def _noun(pointer: Pointer, name: str) -> Mention | str:
    """Return a name as a mention of the first such object, if there is one."""
    present = [entity for entity in pointer.facts.entities if entity.name == name]
    return mention(present[0]) if present else name


@binder
def presence(pointer: Pointer) -> Bindings:
    """The names of things that are in the image, and of some that are not."""
    entities = pointer.facts.entities
    for name in [*sorted({entity.name for entity in entities}), *missing_names(pointer, 5)]:
        same = [entity for entity in entities if entity.name == name]
        first = same[0].object_id if same else name
        yield {"noun": _noun(pointer, name), "name": name, "ids": ids(same), "object": first}


@binder
def described_presence(pointer: Pointer) -> Bindings:
    """A name with an attribute: half of the time one that nothing of that name has."""
    random = pointer.random
    for entity in pointer.facts.entities:
        same = pointer.facts.called(entity.name)
        categories = [c for c in BEFORE if c in entity.words]
        if not categories or not indefinite(entity.name):
            continue
        category = pick(categories, random)
        asked: str | None = entity.words[category]
        if random.random() < 0.5:
            asked = _other_word(entity, category, random) if len(same) == 1 else None
        if asked is None:
            continue
        holders = [other for other in same if asked in other.words.values()]
        described = f"{adjective(asked)} {entity.name}"
        yield {
            "noun": mention(entity),
            "described": Mention(entity.object_id, described) if holders else described,
            "name": entity.name,
            "object": entity.object_id,
            "ids": ids(holders or same),
            "category": category,
            "asked": asked,
            "said": predicate(category, asked),
        }


@binder
def two_names(pointer: Pointer, both: float, neither: float) -> Bindings:
    """Two names: both in the image with a probability; of other times neither with another."""
    random = pointer.random
    present = sorted({entity.name for entity in pointer.facts.entities})
    here = [present[k] for k in random.permutation(len(present))]
    gone = missing_names(pointer, 2)
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
            "ids": ids(called[0]),
            "ids2": ids(called[1]),
            "names": "_".join(sorted(pair)),
        }


@binder
def unique_class(pointer: Pointer) -> Bindings:
    """The one object of a class, and another name of that class."""
    for entity in pointer.facts.entities:
        for wanted in classes_of(entity):
            if len(pointer.facts.called(wanted)) > 1 or wanted in ("person", "clothing"):
                continue
            names = [n for n in KINDS if is_a(n, wanted) and n != entity.name]
            other = pick(names, pointer.random) if names else None
            yield alternatives(pointer.random, entity.name, other) | {
                "class": wanted,
                "noun": class_noun(wanted),
                "thing": Mention(entity.object_id, class_noun(wanted)),
                "object": entity.object_id,
            }


@binder
def described_class(pointer: Pointer, people: bool) -> Bindings:
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


@binder
def group(pointer: Pointer, name: str) -> Bindings:
    """All objects of a class, if they are several."""
    entities = pointer.facts.called(name)
    if len(entities) > 1:
        yield {"class": name, "ids": ids(entities), "all": many(name)}


@binder
def scene(pointer: Pointer, category: str) -> Bindings:
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
    other = pick(sorted(others - {true}), pointer.random)
    yield alternatives(pointer.random, true, other) | {"category": category}
