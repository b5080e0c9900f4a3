"""Questions about one object's attribute: open, yes or no, and a choice of two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.world.annotate import Entity, Facts
from rex.world.inventory import KINDS
from rex.world.questions.candidate import Candidate, operation_name
from rex.world.questions.phrase import Part, does_do, is_are, predicate
from rex.world.questions.references import Pointer, Reference
from rex.world.questions.statements import the, yes_no
from rex.world.weights import draw_word

_OPEN: dict[str, tuple[tuple[str, str], ...]] = {
    "color": (
        ("directWhich", "what color {is} {ref}"),
        ("directWhich", "which color {is} {ref}"),
        ("directWhich", "of what color {is} {ref}"),
        ("directOf", "what is the color of {ref}"),
        ("directOf", "{ref} {is} what color"),
    ),
    "material": (
        ("material", "what {is} {ref} made of"),
        ("material", "what is the material of {ref}"),
        ("material", "which material {is} {ref} made of"),
        ("material", "what material {is} {ref}"),
    ),
    "shape": (("directOf", "what shape {is} {ref}"), ("directOf", "which shape does {ref} have")),
    "size": (
        ("how", "how big {is} {ref}"),
        ("how", "how large {is} {ref}"),
        ("directOf", "what size {is} {ref}"),
    ),
    "height": (("how", "how tall {is} {ref}"), ("how", "what height {is} {ref}")),
    "length": (("how", "how long {is} {ref}"), ("how", "what length {is} {ref}")),
    "cleanliness": (("how", "how clean {is} {ref}"),),
    "pattern": (
        ("directWhich", "what pattern {does} {ref} have"),
        ("directWhich", "which pattern {is} on {ref}"),
    ),
    "activity": (
        ("activity", "what {is} {ref} doing"),
        ("activity", "what is it that {ref} {is} doing"),
    ),
}

_POSES = (("activity", "what {is} {ref} doing"), ("activity", "what pose {is} {ref} in"))

_VERIFY = (
    ("verifyAttr", "{is} {ref} {word}"),
    ("verifyAttrK", "{does} {ref} look {word}"),
    ("verifyAttrK", "{does} {ref} appear to be {word}"),
    ("verifyAttrK", "{does} {ref} seem to be {word}"),
)
_CHOOSE = (
    "{is} {ref} {one} or {two}",
    "{does} {ref} look {one} or {two}",
    "how {does} {ref} look ,{one} or {two}",
)


def attribute_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions about attributes of single objects."""
    pointer = Pointer(facts, random)
    for entity in facts.entities:
        for category in sorted(entity.words):
            reference = pointer.any(entity, avoid=_given_away_by(category))
            if reference is not None and category not in ("age",):
                question = _open(reference, category, random)
                if question is not None:
                    yield question
            for make in (_verify, _verify, _choose):
                reference = pointer.any(entity, avoid=_given_away_by(category))
                if reference is not None and (category != "age" or make is _verify):
                    found = make(reference, category, random)
                    if found is not None:
                        yield found


def other_word(entity: Entity, category: str, random: np.random.Generator) -> str | None:
    """Return another word of the category that things of the kind may have."""
    options = KINDS[entity.name].words(category)
    if category == "activity":
        options = {"sleeping": 1, "eating": 1, "reading": 1}
        if entity.name in ("man", "woman", "boy", "girl"):
            del options["sleeping"]
        else:
            del options["reading"]
    if category == "pose" and entity.name in ("man", "woman", "boy", "girl"):
        options = {"standing": 1, "walking": 1, "sitting": 1}
    if category == "age":
        options = {"young": 1, "old": 1}
    true = entity.words.values()
    options = {word: weight for word, weight in options.items() if word not in true}
    return draw_word(random, options) if options else None


def fill(pattern: str, reference: Reference, **values: str) -> tuple[Part, ...]:
    """Put a reference and words into a sentence pattern."""
    parts: list[Part] = []
    noun = reference.noun
    for piece in pattern.split():
        glued = piece.startswith(",")
        key = piece.lstrip(",").strip("{}")
        if piece == "{ref}":
            parts += reference.the
        elif piece == "{is}":
            parts.append(is_are(noun))
        elif piece in ("{does}", "does"):
            parts.append(does_do(noun))
        elif piece.lstrip(",").startswith("{"):
            parts.append(("," if glued else "") + values[key])
        else:
            parts.append(piece)
    return tuple(parts)


def _given_away_by(category: str) -> frozenset[str]:
    if category == "activity":
        # who holds a book is reading
        return frozenset({"activity", "holding", "pose"})
    if category == "pose":
        return frozenset({"pose", "activity", "sitting on", "lying on", "on"})
    return frozenset({category})


def _open(reference: Reference, category: str, random: np.random.Generator) -> Candidate | None:
    entity = reference.entity
    patterns: tuple[tuple[str, str], ...]
    if category == "pose":
        if "activity" in entity.words:
            return None
        patterns = _POSES
    elif category in _OPEN:
        patterns = _OPEN[category]
    else:
        return None
    detailed, pattern = patterns[int(random.integers(len(patterns)))]
    word = entity.words[category]
    return Candidate(
        steps=(*reference.steps, ("query", category, reference.tail)),
        question=fill(pattern, reference),
        answer=word,
        full_answer=(*the(entity), is_are(entity.name), predicate(category, word)),
        structural="query",
        semantic="attr",
        detailed=detailed,
        global_group=category,
        local_group=f"10q-{entity.name}_{category}",
        fact=(entity.object_id, category),
    )


def _verify(reference: Reference, category: str, random: np.random.Generator) -> Candidate | None:
    entity = reference.entity
    true = entity.words[category]
    asked = true if random.random() < 0.5 else other_word(entity, category, random)
    if asked is None:
        return None
    detailed, pattern = _VERIFY[0]
    if category not in ("pose", "activity", "material", "") and random.random() < 0.4:
        detailed, pattern = _VERIFY[int(random.integers(1, len(_VERIFY)))]
    yes = asked == true
    return Candidate(
        steps=(*reference.steps, (operation_name("verify", category), asked, reference.tail)),
        question=fill(pattern, reference, word=predicate(category, asked)),
        answer="yes" if yes else "no",
        full_answer=yes_no(yes, *the(entity), is_are(entity.name), predicate(category, true)),
        structural="verify",
        semantic="attr",
        detailed=detailed if yes else detailed + "C",
        global_group=None,
        local_group=f"06-{entity.name}_{asked}",
        fact=(entity.object_id, category),
    )


def _choose(reference: Reference, category: str, random: np.random.Generator) -> Candidate | None:
    entity = reference.entity
    true = entity.words[category]
    other = other_word(entity, category, random)
    if other is None:
        return None
    one, two = (true, other) if random.random() < 0.5 else (other, true)
    listed = "|".join((one, two) if random.random() < 0.5 else (two, one))
    pattern, detailed = _CHOOSE[0], "chooseAttr"
    if category == "material":
        detailed = "materialChoose"
        pattern = ("{is} {ref} made of {one} or {two}", "what material {is} {ref} ,{one} or {two}")[
            int(random.integers(2))
        ]
    elif category == "color":
        pattern = _CHOOSE[int(random.integers(3))]
    return Candidate(
        steps=(*reference.steps, (operation_name("choose", category), listed, reference.tail)),
        question=fill(pattern, reference, one=one, two=two),
        answer=true,
        full_answer=(*the(entity), is_are(entity.name), predicate(category, true)),
        structural="choose",
        semantic="attr",
        detailed=detailed,
        global_group=category or None,
        local_group=f"10c-{entity.name}_{category or 'state'}",
        fact=(entity.object_id, category),
    )
