"""Parts of full answers: objects with their articles, and relations between them."""

from __future__ import annotations

from collections.abc import Sequence

from rex.world.annotate import Entity
from rex.world.questions.phrase import Mention, Part, article, is_are


def the(entity: Entity) -> tuple[Part, ...]:
    """Return "the NAME"."""
    return ("the", Mention(entity.name, entity.object_id))


def some(entity: Entity) -> tuple[Part, ...]:
    """Return "a NAME", or the bare name where it takes no article."""
    lead = article(entity.name)
    thing = Mention(entity.name, entity.object_id)
    return (thing,) if lead == entity.name else (lead.split()[0], thing)


def related(subject: Entity, relation: str, target: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return "the SUBJECT is RELATION TARGET"."""
    return (*the(subject), is_are(subject.name), relation, *target)


def yes_no(true: bool, *parts: Part) -> tuple[Part, ...]:
    """Return "yes, ..." or "no, ..."."""
    return ("yes," if true else "no,", *parts)


def object_ids(entities: Sequence[Entity]) -> str:
    """Return the ids as programs list them; `-` where there are none."""
    return ",".join(entity.object_id for entity in entities) if entities else "-"
