"""How to point at one object so that it cannot be mistaken: the program steps and the words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rex.gqa.ontology import HYPERNYMS
from rex.gqa.questions import SemanticStep
from rex.programs.facts import both_ways
from rex.programs.rendering import Mention
from rex.world.annotate import Entity, Facts
from rex.world.questions.phrase import Phrase, adjective, class_noun, is_are, predicate

CLASSES = ("person", "animal", "vehicle", "furniture", "food", "clothing", "toy", "device", "plant")
"""Classes that objects are called by in questions."""
OPPOSITE = both_ways(
    ("to the left of", "to the right of"), ("in front of", "behind"), ("on", "under")
)
"""What is never true at the same time."""
SIDEWAYS = ("to the left of", "to the right of")
BEFORE = (
    "color", "material", "size", "pattern", "shape", "height", "length", "cleanliness", "age",
    "face expression", "",
)  # fmt: skip
"""Categories whose words stand before the noun."""
AFTER = ("pose", "activity")
"""Categories whose words follow it ("that is sitting")."""


@dataclass(frozen=True)
class Reference:
    """Program steps that end at one object, and the words for it, after the article."""

    entity: Entity
    steps: tuple[SemanticStep, ...]
    words: Phrase
    noun: str
    uses: frozenset[str] = frozenset()
    """Attribute categories and relations that it gives away."""

    @property
    def the(self) -> Phrase:
        """The words with their article."""
        return ("the", *self.words)

    def mentions(self, entity: Entity) -> bool:
        """Return whether the words name `entity`."""
        return any(isinstance(w, Mention) and w.object_id == entity.object_id for w in self.words)


def classes_of(entity: Entity) -> tuple[str, ...]:
    """Return the classes that questions may call an object by."""
    return tuple(c for c in CLASSES if c in HYPERNYMS.get(entity.name, ()))


def granted(facts: Facts, subject: Entity, relation: str, target: Entity) -> bool:
    """Return whether a viewer may grant the relation to the object, annotated or not."""
    x, far = subject.center[0], target.center[0]
    return (
        (relation, target.object_id) in subject.relations
        or (relation == "to the left of" and x < far)
        or (relation == "to the right of" and x > far)
    )


class Pointer:
    """Finds references to the objects of one image."""

    def __init__(self, facts: Facts, random: np.random.Generator) -> None:
        self.facts, self.random = facts, random
        self._options: dict[tuple[str, bool], list[Reference]] = {}
        self._plain = {
            (entity.object_id, classes): self._alone(entity, classes)
            for entity in facts.entities
            for classes in (False, True)
        }

    @cached_property
    def links(self) -> list[tuple[Entity, str, Reference]]:
        """Every subject, its relation, and a reference to the relation's object."""
        links = []
        for subject in self.facts.entities:
            for relation, other in subject.relations:
                avoid = frozenset({relation, OPPOSITE.get(relation, "")})
                anchor = self.any(self.facts.by_id[other], avoid)
                if anchor and subject.name not in anchor.noun and not anchor.mentions(subject):
                    links.append((subject, relation, anchor))
        return links

    def plain(self, entity: Entity, *, classes: bool = False) -> Reference | None:
        """Return a reference by name (or class) alone, if that is enough."""
        return self._plain[entity.object_id, classes]

    def _alone(self, entity: Entity, classes: bool) -> Reference | None:
        for noun in classes_of(entity) if classes else (entity.name,):
            if len(self.facts.called(noun)) == 1:
                return self._named(entity, noun)
        return None

    def _named(self, entity: Entity, noun: str) -> Reference:
        step = SemanticStep("select", f"{noun} ({entity.object_id})", ())
        return Reference(entity, (step,), (Mention(entity.object_id, class_noun(noun)),), noun)

    def filtered(self, entity: Entity, *, classes: bool = False) -> list[Reference]:
        """Return references by name (or class) and one attribute that only this one has."""
        options: list[Reference] = []
        for noun in classes_of(entity) if classes else (entity.name,):
            same = [other for other in self.facts.called(noun) if other is not entity]
            for category in (*BEFORE, *AFTER):
                word = entity.words.get(category)
                if word is not None and not any(word in other.words.values() for other in same):
                    options.append(self._filtered(entity, noun, category, word))
            if len(same) == 1:
                options += self._without(entity, noun, same[0])
            side = self.facts.side(entity)
            if side and same and all(self.facts.side(o) not in (None, side) for o in same):
                options.append(self._described(entity, noun, "hposition", side, f"on the {side}"))
        return options

    def _described(
        self, entity: Entity, noun: str, category: str, argument: str, after: str
    ) -> Reference:
        plain = self._named(entity, noun)
        step = SemanticStep(f"filter {category}".strip(), argument, (0,))
        words = (*plain.words, after)
        return Reference(entity, (*plain.steps, step), words, noun, frozenset({category}))

    def _filtered(self, entity: Entity, noun: str, category: str, word: str) -> Reference:
        if category in BEFORE and (noun == entity.name or self.random.random() < 0.7):
            described = self._described(entity, noun, category, word, "")
            words = (Mention(entity.object_id, f"{adjective(word)} {class_noun(noun)}"),)
            return Reference(entity, described.steps, words, noun, described.uses)
        after = f"made of {word}" if category == "material" else f"that {is_are(noun)} {word}"
        return self._described(entity, noun, category, word, after)

    def _without(self, entity: Entity, noun: str, other: Entity) -> Iterator[Reference]:
        """Yield references by what the only other such object has and this one has not."""
        for category in ("color", "material", "pose"):
            word = other.words.get(category)
            if word is None or word in entity.words.values() or category not in entity.words:
                continue
            after = f"that {is_are(noun)} not {predicate(category, word)}"
            yield self._described(entity, noun, category, f"not({word})", after)

    def related(self, entity: Entity) -> list[Reference]:
        """Return references through a relation to an object that has a plain one."""
        return [*self._as_subject(entity), *self._as_object(entity)]

    def _as_subject(self, entity: Entity) -> Iterator[Reference]:
        """Yield "the cat on the table": no other cat may be granted the relation."""
        noun = entity.name
        for name, other_id in entity.relations:
            other = self.facts.by_id[other_id]
            anchor = self.plain(other)
            if anchor is None or name == "near" or other.name == noun:
                continue
            rivals = [r for r in self.facts.called(noun) if r not in (entity, other)]
            if any(granted(self.facts, rival, name, other) for rival in rivals):
                continue
            verb = "that is " if name in ("wearing", "holding") or name.endswith(" on") else ""
            yield self._through(entity, f"{noun},{name},s", name, anchor, f"{verb}{name}")

    def _as_object(self, entity: Entity) -> Iterator[Reference]:
        """Yield "the hat that the man is wearing": he may wear no other hat."""
        noun = entity.name
        for subject in self.facts.entities:
            for name, other_id in subject.relations:
                if other_id != entity.object_id or name not in ("wearing", "holding"):
                    continue
                anchor = self.plain(subject)
                targets = [self.facts.by_id[t] for n, t in subject.relations if n == name]
                if anchor and [target.name for target in targets].count(noun) == 1:
                    yield self._through(entity, f"{noun},{name},o", name, anchor, "")

    def _through(
        self, entity: Entity, argument: str, relation: str, anchor: Reference, verb: str
    ) -> Reference:
        step = SemanticStep("relate", f"{argument} ({entity.object_id})", (len(anchor.steps) - 1,))
        tail = (verb, *anchor.the) if verb else ("that", *anchor.the, "is", relation)
        words = (Mention(entity.object_id, class_noun(entity.name)), *tail)
        uses = anchor.uses | {relation}
        return Reference(entity, (*anchor.steps, step), words, entity.name, uses)

    def any(self, entity: Entity, avoid: frozenset[str] = frozenset()) -> Reference | None:
        """Return one reference that gives no category of `avoid` away; simple ones more often."""
        roll = self.random.random()
        plain = self.plain(entity)
        if plain and roll < 0.55:
            return plain
        by_class = self.plain(entity, classes=True)
        if by_class and roll < 0.66:
            return by_class
        key = (entity.object_id, roll < 0.86)
        if key not in self._options:
            self._options[key] = self.filtered(entity) if key[1] else self.related(entity)
        options = [option for option in self._options[key] if not option.uses & avoid]
        if options:
            return options[int(self.random.integers(len(options)))]
        return plain
