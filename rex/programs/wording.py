"""Putting statements into words: from structured phrases to leaves, in correct English.

This is the polishing of the paper's pipeline, done on structure: positions become "on the left",
"that X is wearing" becomes a main clause, `not(brown)` becomes "that is not brown", verbs agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rex.gqa.ontology import CATEGORY_WORDS, is_a
from rex.programs.english import article, is_mass, is_plural, is_verbal, many
from rex.programs.leaves import Absent, Leaf, Mention, Place, SentenceOnly, SymbolsOnly
from rex.programs.phrases import (
    Adjective,
    Attribution,
    Comparison,
    Contrast,
    Existence,
    Joint,
    Placement,
    Relationship,
    Relative,
    Scene,
    Shared,
    Statement,
    Thing,
)

_THE = SentenceOnly("the")
_SIDES = {
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
    "middle": "in the middle",
}
VAGUE_NOUNS = frozenset({"_", "this", "object", "thing", "it", "he", "she", "they", "him", "her"})
"""Nouns of programs that say nothing of what they name."""
_NAMES = frozenset({"name", "type", "place", "room"})


def word_statement(statement: Statement) -> list[Leaf]:
    """Return the leaves of a statement, in order."""
    leaves: list[Leaf] = []
    _WORDING[type(statement)](leaves, statement)
    return leaves


def _thing(out: list[Leaf], thing: Thing, determiner: str = "the", noun: str = "") -> None:
    """Append a noun phrase; `noun` takes the place of the thing's name."""
    before: list[str] = []
    after: list[Adjective | Relative] = []
    for modifier in thing.modifiers:
        if isinstance(modifier, Adjective) and _stands_before(modifier):
            before.insert(0, modifier.word)
        else:
            after.append(modifier)
    noun = noun or _noun(thing)
    if determiner == "the":
        out.append(_THE)
    elif determiner == "the other":
        out.append(SentenceOnly(determiner))
    elif determiner == "a":
        if not (is_plural(noun) or is_mass(noun) or len(thing.objects) > 1):
            out.append(SentenceOnly(article(before[0] if before else noun)))
    elif determiner:
        out.append(determiner)
    out.extend(before)
    _head(out, thing, noun)
    for modifier in after:
        if isinstance(modifier, Relative):
            _relative(out, thing, modifier)
        elif modifier.word in _SIDES and not modifier.negated:
            out.append(_SIDES[modifier.word])
        else:
            out.extend(("that", _be(thing, noun)))
            if modifier.negated:
                out.append("not")
            out.append(_SIDES.get(modifier.word, modifier.word))


def _stands_before(modifier: Adjective) -> bool:
    word = modifier.word
    return not modifier.negated and word not in _SIDES and not is_verbal(word)


def _noun(thing: Thing, generic: bool = False) -> str:
    """Return what to call a thing; `generic`: by the program's noun, not by its name."""
    noun = thing.noun if generic or not thing.objects else thing.name
    if noun in VAGUE_NOUNS:
        noun = "person" if thing.objects and is_a(thing.name, "person") else "thing"
    return many(noun) if len(thing.objects) > 1 else noun


def _head(out: list[Leaf], thing: Thing, noun: str) -> None:
    if not thing.objects:
        out.append(Absent(noun))
        return
    out.append(Mention(thing.objects[0], noun))
    for object_id in thing.objects[1:]:
        # the sentence says "the dogs" once; the symbols name every object
        out.extend((SymbolsOnly("and"), Mention(object_id, "")))


def _relative(out: list[Leaf], thing: Thing, modifier: Relative) -> None:
    determiner = "the other" if modifier.other.name == thing.name else "the"
    if modifier.thing_is_subject:
        out.append(modifier.relation)
        _thing(out, modifier.other, determiner)
    else:
        out.append("that")
        _thing(out, modifier.other, determiner)
        out.extend((_be(modifier.other), modifier.relation))


def _be(thing: Thing, noun: str = "") -> str:
    return "are" if len(thing.objects) > 1 or is_plural(noun or _noun(thing)) else "is"


def _attribution(out: list[Leaf], statement: Attribution) -> None:
    named = statement.category in _NAMES
    noun = _noun(statement.thing, generic=named)
    if named and is_plural(statement.value):
        noun = many(noun)
    _thing(out, statement.thing, noun=noun)
    out.append(_be(statement.thing, noun))
    if not statement.holds:
        out.append("not")
    _value(out, statement, statement.value)
    if statement.instead:
        out.append("but")
        _value(out, statement, statement.instead)


def _value(out: list[Leaf], statement: Attribution, value: str) -> None:
    """Append the predicate after `is`: "gray", "made of wood", "on the left", "a chair"."""
    category = statement.category
    if category in _NAMES:
        if not (is_plural(value) or is_mass(value)):
            out.append(SentenceOnly(article(value)))
    elif category == "material" and value not in ("wooden", "woven", "knit"):
        out.append("made of")
    elif value in _SIDES:
        value = _SIDES[value]
    out.append(value)


def _placement(out: list[Leaf], statement: Placement) -> None:
    _thing(out, statement.thing)
    if statement.category == "hposition":
        words = "on the left" if statement.x < 0.5 else "on the right"
    else:
        words = "at the top" if statement.y < 0.5 else "at the bottom"
    out.append(_be(statement.thing))
    out.append(SymbolsOnly("located at"))
    out.append(Place(statement.x, statement.y, f"{words} of the image"))


def _relationship(out: list[Leaf], statement: Relationship) -> None:
    subject, other = statement.subject, statement.object
    _thing(out, subject)
    out.append(_be(subject))
    if not statement.holds:
        out.append("not")
    out.append(statement.relation)
    _thing(out, other, "the" if other.objects else "any")


def _existence(out: list[Leaf], statement: Existence) -> None:
    thing = statement.thing
    out.append("there")
    out.append(_be(thing))
    if statement.holds:
        _thing(out, thing, "a")
    else:
        _thing(out, thing, "no")


def _shared(out: list[Leaf], statement: Shared) -> None:
    things = statement.things
    number = sum(len(thing.objects) for thing in things)
    named = statement.category in _NAMES
    value = statement.value
    for place, thing in enumerate(things):
        if place:
            out.append("and")
        _thing(out, thing, noun=many(_noun(thing, generic=True)) if named else "")
    if number == 1 and not named:
        out.append(_be(things[0]))
    else:
        out.extend(("are", "both" if number == 2 else "all"))
    if named:
        value = many(value)
    elif statement.category == "material":
        out.append("made of")
    out.append(value)


def _contrast(out: list[Leaf], statement: Contrast) -> None:
    parts = statement.parts
    if parts[0].category in _NAMES:
        _contrast_names(out, parts)
        return
    for place, part in enumerate(parts):
        if place:
            out.append("and")
        _attribution(out, part)


def _contrast_names(out: list[Leaf], parts: tuple[Attribution, ...]) -> None:
    """Append "two of the animals are horses and one of the animals is a duck"."""
    groups: dict[str, list[Thing]] = {}
    for part in parts:
        groups.setdefault(part.value, []).append(part.thing)
    for place, (value, things) in enumerate(groups.items()):
        if place:
            out.append("and")
        noun = many(_noun(things[0], generic=True))
        out.append(SentenceOnly(f"{_NUMBERS.get(len(things), str(len(things)))} of the {noun}"))
        for other, thing in enumerate(things):
            if other:
                out.append(SymbolsOnly("and"))
            out.extend(Mention(object_id, "") for object_id in thing.objects)
        if len(things) > 1:
            out.extend(("are", many(value)))
        else:
            out.append("are" if is_plural(value) else "is")
            if not (is_plural(value) or is_mass(value)):
                out.append(SentenceOnly(article(value)))
            out.append(value)


_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}


def _comparison(out: list[Leaf], statement: Comparison) -> None:
    _thing(out, statement.first)
    out.extend((_be(statement.first), statement.comparative, "than"))
    _thing(out, statement.second)


def _scene(out: list[Leaf], statement: Scene) -> None:
    if statement.category == "weather":
        out.extend(("the weather", "is"))
    else:
        out.extend(("the scene", "is"))
    if not statement.holds:
        out.append("not")
    _scene_value(out, statement, statement.value)
    if statement.instead:
        out.append("but")
        _scene_value(out, statement, statement.instead)


def _scene_value(out: list[Leaf], statement: Scene, value: str) -> None:
    if statement.category != "weather" and value not in CATEGORY_WORDS["location"]:
        out.append(SentenceOnly(article(value)))
    out.append(value)


def _joint(out: list[Leaf], statement: Joint) -> None:
    parts = statement.parts
    if len(parts) > 1:
        if all(type(part) is Attribution for part in parts) and _one_subject(parts):
            _joint_attributions(out, statement)
            return
        if all(type(part) is Existence for part in parts):
            _joint_existences(out, statement)
            return
    for place, part in enumerate(parts):
        if place:
            out.append("and" if _holds(part) is _holds(parts[place - 1]) else "but")
        _WORDING[type(part)](out, part)


def _one_subject(parts: tuple[Any, ...]) -> bool:
    return all(part.thing.objects == parts[0].thing.objects for part in parts) and bool(
        parts[0].thing.objects
    )


def _holds(part: Any) -> bool:
    holds: bool = getattr(part, "holds", True)
    return holds


def _joint_attributions(out: list[Leaf], statement: Joint) -> None:
    """Append "the pillow is square but not large", the subject said once."""
    parts: Any = statement.parts
    _thing(out, parts[0].thing)
    out.append(_be(parts[0].thing))
    true = [part for part in parts if part.holds]
    false = [part for part in parts if not part.holds]
    for place, part in enumerate(true):
        if place:
            out.append("and")
        _value(out, part, part.value)
    if len(false) > 1:
        out.extend(("but", "neither") if true else ("neither",))
    elif false:
        out.extend(("but", "not") if true else ("not",))
    for place, part in enumerate(false):
        if place:
            out.append("nor")
        _value(out, part, part.value)


def _joint_existences(out: list[Leaf], statement: Joint) -> None:
    """Append "there is a plate but no napkin", "there is neither a boy nor a woman"."""
    parts: Any = statement.parts
    true = [part for part in parts if part.holds]
    false = [part for part in parts if not part.holds]
    out.append("there")
    out.append(_be((true or false)[0].thing))
    for place, part in enumerate(true):
        if place:
            out.append("and")
        _thing(out, part.thing, "a")
    if len(false) > 1:
        out.extend(("but", "neither") if true else ("neither",))
        for place, part in enumerate(false):
            if place:
                out.append("nor")
            _thing(out, part.thing, "a")
    elif false:
        out.append("but")
        _thing(out, false[0].thing, "no")


_WORDING: dict[type, Callable[[list[Leaf], Any], None]] = {
    Attribution: _attribution,
    Placement: _placement,
    Relationship: _relationship,
    Existence: _existence,
    Shared: _shared,
    Contrast: _contrast,
    Comparison: _comparison,
    Scene: _scene,
    Joint: _joint,
}
