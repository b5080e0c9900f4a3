"""What every binder needs: its register, choices between words, names of what is not there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rex.programs.rendering import Mention
from rex.world.annotate import Entity
from rex.world.places import PLACES
from rex.world.questions.references import Pointer, Reference

Binding = dict[str, str | Mention | Reference]
Bindings = Iterator[Binding]
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Binder:
    """What binds the variables of a template."""

    bind: Callable[..., Bindings]
    variables: frozenset[str]
    """All that it may bind."""


BINDERS: dict[str, Binder] = {}
"""Name to binder."""


def binder(variables: str) -> Callable[[Callable[..., Bindings]], Callable[..., Bindings]]:
    """Register a binder under its function's name (`subject_of`: subject)."""

    def register(bind: Callable[..., Bindings]) -> Callable[..., Bindings]:
        name = bind.__name__.removesuffix("_of").replace("_", " ")
        BINDERS[name] = Binder(bind, frozenset(variables.split()))
        return bind

    return register


def pick(options: Sequence[_Item], random: np.random.Generator) -> _Item:
    """Return one of the options, all alike likely."""
    return options[int(random.integers(len(options)))]


def ids(entities: Collection[Entity]) -> str:
    """Return the ids as programs list them; `-` where there are none."""
    return ",".join(entity.object_id for entity in entities) or "-"


def mention(entity: Entity) -> Mention:
    """Return the object's name as a mention of it."""
    return Mention(entity.object_id, entity.name)


CHOICE = "true other asked one two options"
"""What `alternatives` binds."""


def alternatives(random: np.random.Generator, true: str, other: str | None) -> Binding:
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


def missing_names(pointer: Pointer, count: int) -> list[str]:
    """Return names of things that are not there, though they might be in such a place."""
    place = PLACES[pointer.facts.place]
    likely = {*place.back, *place.middle, *place.front, "hat", "dress", "umbrella"}
    likely |= {"apple", "banana", "cup"} if place.room else set()
    names = [name for name in sorted(likely) if not pointer.facts.called(name)]
    return [names[k] for k in pointer.random.permutation(len(names))[:count]]
