"""How to point at one object so that it cannot be mistaken: the program steps and the words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rex.gqa.ontology import HYPERNYMS
from rex.world.annotate import Entity, Facts
from rex.world.questions.candidate import Fact, Step, operation_name
from rex.world.questions.phrase import (
    Mention,
    Part,
    adjective,
    class_noun,
    is_are,
    predicate,
)

CLASSES = ("person", "animal", "vehicle", "furniture", "food", "clothing", "toy", "device", "plant")
"""Classes that objects are called by in questions."""


@dataclass(frozen=True)
class Reference:
    """Program steps that end at one object, and the words for it, after the article."""

    entity: Entity
    steps: tuple[Step, ...]
    words: tuple[Part, ...]
    noun: str
    uses: frozenset[str]
    """Attribute categories it gives away."""

    @property
    def tail(self) -> tuple[int, ...]:
        """The dependencies of a step that takes the object."""
        return (len(self.steps) - 1,)

    def mentions(self, entity: Entity) -> bool:
        """Return whether the words name `entity`."""
        ids = (part.object_id for part in self.words if isinstance(part, Mention))
        return entity.object_id in ids

    @property
    def the(self) -> tuple[Part, ...]:
        """The words with their article."""
        return ("the", *self.words)


OPPOSITE = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "in front of": "behind",
    "behind": "in front of",
    "on": "under",
    "under": "on",
}
"""What is never true at the same time."""
SIDEWAYS = ("to the left of", "to the right of")


def classes_of(entity: Entity) -> tuple[str, ...]:
    """Return the classes that questions may call an object by."""
    return tuple(c for c in CLASSES if c in HYPERNYMS.get(entity.name, ()))


def relation_fact(subject: Entity, name: str, target: Entity) -> Fact:
    """Return the fact that a relation and its opposite decide."""
    names = "/".join(sorted({name, OPPOSITE.get(name, name)}))
    return subject.object_id, f"{names} {target.object_id}"


BEFORE = (
    "color",
    "material",
    "size",
    "pattern",
    "shape",
    "height",
    "length",
    "cleanliness",
    "age",
    "face expression",
    "",
)
"""Categories whose words stand before the noun."""
AFTER = ("pose", "activity")
"""Categories whose words follow it ("that is sitting")."""


class Pointer:
    """Finds references to the objects of one image."""

    def __init__(self, facts: Facts, random: np.random.Generator) -> None:
        self.facts, self.random = facts, random

    def nouns(self, entity: Entity) -> list[str]:
        """Return the words that the object can be called by: its name, then its classes."""
        return [entity.name, *classes_of(entity)]

    def plain(self, entity: Entity, *, classes: bool = False) -> Reference | None:
        """Return a reference by name (or class) alone, if that is enough."""
        nouns = self.nouns(entity)
        for noun in nouns[1:] if classes else nouns[:1]:
            if len(self.facts.called(noun)) == 1:
                return self._named(entity, noun)
        return None

    def _named(self, entity: Entity, noun: str) -> Reference:
        step = ("select", f"{noun} ({entity.object_id})", ())
        words = (Mention(class_noun(noun), entity.object_id),)
        return Reference(entity, (step,), words, noun, frozenset())

    def filtered(self, entity: Entity, *, classes: bool = False) -> list[Reference]:
        """Return references by name (or class) and one attribute that only this one has."""
        found = []
        nouns = self.nouns(entity)
        for noun in nouns[1:] if classes else nouns[:1]:
            same = self.facts.called(noun)
            for category in (*BEFORE, *AFTER):
                word = entity.words.get(category)
                if word is None:
                    continue
                if sum(word in other.words.values() for other in same) != 1:
                    continue
                found.append(self._filtered(entity, noun, category, word))
            if len(same) == 2:
                other = same[0] if same[1] is entity else same[1]
                found += self._without(entity, noun, other)
            side = self.facts.side(entity)
            if side and len(same) > 1:
                others = [self.facts.side(other) for other in same if other is not entity]
                if all(other is not None and other != side for other in others):
                    found.append(self._sided(entity, noun, side))
        return found

    def _filtered(self, entity: Entity, noun: str, category: str, word: str) -> Reference:
        steps = (
            ("select", f"{noun} ({entity.object_id})", ()),
            (operation_name("filter", category), word, (0,)),
        )
        shown = class_noun(noun)
        words: tuple[Part, ...]
        if category in BEFORE and (noun == entity.name or self.random.random() < 0.7):
            words = (Mention(f"{adjective(word)} {shown}", entity.object_id),)
        elif category == "material":
            words = (Mention(shown, entity.object_id), f"made of {word}")
        else:
            words = (Mention(shown, entity.object_id), f"that {is_are(noun)} {word}")
        return Reference(entity, steps, words, noun, frozenset({category}))

    def _without(self, entity: Entity, noun: str, other: Entity) -> list[Reference]:
        """Return references by what the only other such object has and this one has not."""
        found = []
        for category in ("color", "material", "pose"):
            word = other.words.get(category)
            if word is None or word in entity.words.values() or category not in entity.words:
                continue
            steps = (
                ("select", f"{noun} ({entity.object_id})", ()),
                (operation_name("filter", category), f"not({word})", (0,)),
            )
            words = (
                Mention(class_noun(noun), entity.object_id),
                f"that {is_are(noun)} not {predicate(category, word)}",
            )
            found.append(Reference(entity, steps, words, noun, frozenset({category})))
        return found

    def _sided(self, entity: Entity, noun: str, side: str) -> Reference:
        steps = (
            ("select", f"{noun} ({entity.object_id})", ()),
            ("filter hposition", side, (0,)),
        )
        words = (Mention(class_noun(noun), entity.object_id), f"on the {side}")
        return Reference(entity, steps, words, noun, frozenset({"hposition"}))

    def related(self, entity: Entity, *, base: bool = False) -> list[Reference]:
        """Return references through a relation to an object that has a plain one."""
        found: list[Reference] = []
        for noun in self.nouns(entity)[: 2 if base else 1]:
            for name, other_id in entity.relations:
                other = self.facts.by_id[other_id]
                anchor = self.plain(other)
                if anchor is None or name == "near" or other.name == noun:
                    continue
                rivals = [
                    rival
                    for rival in self.facts.called(noun)
                    if rival is not entity and (name, other_id) in _loosely(self.facts, rival, name)
                ]
                if rivals:
                    continue
                step = ("relate", f"{noun},{name},s ({entity.object_id})", anchor.tail)
                verb = {"wearing": "that is wearing", "holding": "that is holding"}.get(name, "")
                if name.endswith(" on"):
                    verb = "that is"
                middle = verb if verb.endswith("ing") else f"{verb} {name}".strip()
                words = (Mention(class_noun(noun), entity.object_id), middle, *anchor.the)
                found.append(
                    Reference(entity, (*anchor.steps, step), words, noun, anchor.uses | {name})
                )
            for subject in self.facts.entities:
                for name, other_id in subject.relations:
                    if other_id != entity.object_id or name not in ("wearing", "holding"):
                        continue
                    anchor = self.plain(subject)
                    targets = [self.facts.by_id[t] for n, t in subject.relations if n == name]
                    if (
                        anchor is None
                        or len([t for t in targets if t in self.facts.called(noun)]) > 1
                    ):
                        continue
                    step = (
                        "relate",
                        f"{noun},{name},o ({entity.object_id})",
                        anchor.tail,
                    )
                    words = (
                        Mention(class_noun(noun), entity.object_id),
                        "that",
                        *anchor.the,
                        "is",
                        name,
                    )
                    found.append(
                        Reference(entity, (*anchor.steps, step), words, noun, anchor.uses | {name})
                    )
        return found

    def any(self, entity: Entity, *, avoid: frozenset[str] = frozenset()) -> Reference | None:
        """Return one reference that gives no category of `avoid` away; simple ones more often."""
        roll = self.random.random()
        plain = self.plain(entity)
        by_class = self.plain(entity, classes=True)
        if plain and roll < 0.55:
            return plain
        if by_class and roll < 0.66 and "name" not in avoid:
            return by_class
        options = self.filtered(entity) if roll < 0.86 else self.related(entity)
        options = [option for option in options if not option.uses & avoid]
        if options:
            return options[int(self.random.integers(len(options)))]
        return plain


def _loosely(facts: Facts, entity: Entity, name: str) -> set[tuple[str, str]]:
    """Return relations that a viewer may grant the object, annotated or not."""
    granted = set(entity.relations)
    x, _ = entity.center
    for other in facts.entities:
        if name == "to the left of" and x < other.center[0]:
            granted.add((name, other.object_id))
        if name == "to the right of" and x > other.center[0]:
            granted.add((name, other.object_id))
    return granted
