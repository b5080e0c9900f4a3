"""Noun phrases and predicates: what a thing is called in a statement, and what is said of it."""

from __future__ import annotations

from functools import lru_cache

from rex.gqa.ontology import WORD_CATEGORIES, gender, is_a
from rex.programs.english import (
    article,
    company,
    indefinite,
    is_dish,
    is_mass,
    is_plural,
    is_unique,
    is_verbal,
    many,
    number,
    ordinal,
    unit_of,
)
from rex.programs.facts import NAME_CATEGORIES, plain_word
from rex.programs.phrases import Adjective, Attribution, Relative, Thing
from rex.programs.rendering import (
    SAID_SAME,
    Absent,
    Leaf,
    Mention,
    SentenceOnly,
    SymbolsOnly,
    sentence_only,
    spoken,
    symbols_only,
)

SIDES = {
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
    "middle": "in the middle",
}
VAGUE_NOUNS = frozenset({"_", "this", "object", "thing", "it", "he", "she", "they", "him", "her"})
"""Nouns of programs that say nothing of what they name."""

_THE = SentenceOnly("the")
_MATERIAL = frozenset({"material"})
_MADE = frozenset({"woven", "knit"})
"""Words for materials that say how something is made, not of what."""


class Words(list[Leaf]):
    """The leaves of a statement, and what its noun phrases have been about so far."""

    __slots__ = ("things",)

    def __init__(self, things: list[tuple[str, Thing]] | None = None) -> None:
        self.things = [] if things is None else things
        """What the whole sentence has named, and how."""

    def clause(self) -> Words:
        """Return leaves of a clause of the same sentence, yet to be added to it."""
        return Words(self.things)

    def like(self, noun: str, thing: Thing, within: bool) -> int:
        """Return how many other things had the same description before this one.

        One thing and several are told apart, too ("the mugs are near the other mug"). `within` says
        that the phrase is part of another one's description.
        """
        alike: list[tuple[str, ...]] = []
        if self.things:
            nouns = many(noun)
            bare = not thing.modifiers or (
                within and not any(isinstance(one, Adjective) for one in thing.modifiers)
            )
            objects = set(thing.objects)
            for name, before in self.things:
                if many(name) == nouns and (bare or before.modifiers == thing.modifiers):
                    if set(before.objects) == objects:
                        break
                    if before.objects not in alike and objects.isdisjoint(before.objects):
                        alike.append(before.objects)
        self.things.append((noun, thing))
        return len(alike)


def noun_of(thing: Thing, generic: bool = False) -> str:
    """Return what to call a thing; `generic`: by the program's noun, not by its name."""
    noun = thing.noun if generic or not thing.objects else thing.name
    if noun in VAGUE_NOUNS:
        noun = "person" if thing.objects and is_a(thing.name, "person") else "thing"
    return many(noun) if len(thing.objects) > 1 or thing.among else noun


def say_thing(
    out: Words, thing: Thing, determiner: str = "the", noun: str = "", *, within: bool = False
) -> None:
    """Append a noun phrase; `noun` takes the place of the thing's name.

    A second thing of the same description is "the other mug" or "another mug". `within` says that
    the phrase is part of another one's description.
    """
    noun = noun or noun_of(thing)
    if determiner == "the" and not (thing.modifiers or thing.among):
        if out.things and thing.objects and (like := out.like(noun, thing, within)):
            _determine(out, determiner, noun, noun, thing, like)
        else:
            out.append(_THE)
            if not out.things and thing.objects:
                out.things.append((noun, thing))
        say_head(out, thing, noun)
        return
    before: list[Adjective] = []
    after: list[Adjective | Relative] = []
    for modifier in thing.modifiers:
        if type(modifier) is Adjective and stands_before(modifier):
            before.insert(0, modifier)
        else:
            after.append(modifier)
    # "the laptop that is on to the left of the shelves": the shelves are not on
    after.sort(key=lambda modifier: isinstance(modifier, Relative))
    ordered = sorted(before, key=_order) if len(before) > 1 else before
    like = out.like(noun, thing, within) if thing.objects else 0
    if thing.among and determiner == "the":
        count = len(thing.objects)
        told = {
            key for _, one in out.things[:-1] if one.among == thing.among for key in one.objects
        }
        if like and len(told) + count == thing.among and not is_mass(noun):
            out.append(SentenceOnly("the other"))
            noun = thing.name if count == 1 else noun
        else:
            whole = f"{_share(noun, count)} of the"
            out.append(SentenceOnly(f"{whole} other" if like and told else whole))
    elif determiner == "the" and not like:
        out.append(_THE)
    elif determiner:
        said = (_attributive(one) for one in ordered if not implies(noun, one.word))
        _determine(out, determiner, noun, next(said, noun), thing, like)
    if len(before) < 2:
        out.extend([leaf for one in before for leaf in _adjective(one, noun)])
    else:
        out.extend(symbols_only([leaf for one in before for leaf in _adjective(one, noun)]))
        for place, one in enumerate(ordered):
            if place and is_color(one) and is_color(ordered[place - 1]):
                out.append(SentenceOnly("and"))
            out.extend(sentence_only(_adjective(one, noun)))
    say_head(out, thing, noun)
    for modifier in after:
        say_after(out, thing, noun, modifier)


def _share(noun: str, count: int) -> str:
    """Return how many of several one speaks of: "two", "one piece" of the fruit, "some"."""
    unit = unit_of(noun)
    if unit is None or (unit == "piece" and count > 1):
        return "some" if is_mass(noun) else number(count)
    return f"{number(count)} {unit}{'s' if count > 1 else ''}" if unit else number(count)


def _determine(out: Words, determiner: str, noun: str, first: str, thing: Thing, like: int) -> None:
    """Append the determiner of a phrase that goes on with the word `first`."""
    counted = indefinite(noun) and len(thing.objects) < 2
    if determiner == "the":
        out.append(SentenceOnly("the other" if like == 1 else f"the {ordinal(like)}"))
    elif determiner == "a":
        if like:
            which = "another" if counted else "more" if is_mass(noun) else "other"
            out.append(SentenceOnly(f"a {ordinal(like)}" if counted and like > 1 else which))
        elif counted:
            out.append(SentenceOnly(article(first)))
    elif determiner == "any":
        out.append(SymbolsOnly("any"))
        out.append(SentenceOnly(article(first) if counted else "any"))
    elif determiner in ("some", "the same"):
        out.append(SentenceOnly(determiner))
    else:
        out.append(determiner)


def say_landmark(out: Words, landmark: Thing, thing: Thing, *, within: bool = False) -> None:
    """Append what a thing is related to; things among themselves are near "each other"."""
    if len(thing.objects) > 1 and set(landmark.objects) == set(thing.objects):
        words = Words()
        say_thing(words, landmark, "")
        out.extend((*symbols_only(words), SentenceOnly("each other")))
    else:
        say_thing(out, landmark, within=within)


def say_head(out: Words, thing: Thing, noun: str) -> None:
    """Append the references to a thing's objects; a sentence says the noun once."""
    if not thing.objects:
        out.append(Absent(noun))
        return
    out.append(Mention(thing.objects[0], noun))
    if len(thing.objects) == 1:
        return
    for object_id in thing.objects[1:]:
        out.extend((SymbolsOnly("and"), Mention(object_id, "")))


def say_be(out: Words, thing: Thing, noun: str = "") -> None:
    """Append the verb that agrees with a thing that is called `noun`."""
    noun = noun or noun_of(thing)
    if len(thing.objects) > 1:
        if is_mass(noun):
            out.extend((SymbolsOnly("are"), SentenceOnly("is")))
        else:
            out.append("are")
    else:
        out.append("are" if is_plural(noun) and not thing.among else "is")


def is_material(word: str, category: str) -> bool:
    """Return whether a word says what something is made of ("wood", but not "woven")."""
    if word in _MADE:
        return False
    return category == "material" or (not category and WORD_CATEGORIES.get(word) == _MATERIAL)


def stands_before(modifier: Adjective) -> bool:
    """Return whether an adjective stands before its noun."""
    word = modifier.word
    after = word in SIDES or word in _PREDICATIVE or is_verbal(word)
    return not modifier.negated and not after


def without(thing: Thing, word: str) -> Thing:
    """Return a thing without the adjectives that its predicate says anyway."""
    rest = [
        one
        for one in thing.modifiers
        if not isinstance(one, Adjective) or one.negated or not implies(word, one.word)
    ]
    return thing if len(rest) == len(thing.modifiers) else thing.with_modifiers(tuple(rest))


def _denies(noun: str, word: str) -> bool:
    """Return whether a noun denies a word ("the girl that is not male")."""
    known = gender(noun)
    return known is not None and {known, word} == {"male", "female"}


@lru_cache(maxsize=16384)
def implies(noun: str, word: str) -> bool:
    """Return whether a noun says what an adjective would say of it ("the female woman")."""
    return gender(noun) == word or is_a(noun, word) or word in noun.split(" ")


_ORDER = ("size height length width thickness", "age", "shape", "color", "material", "realism")


def _order(modifier: Adjective) -> int:
    """Return where an adjective stands among others: "long brown hair"."""
    categories = WORD_CATEGORIES.get(modifier.word, frozenset())
    for place, names in enumerate(_ORDER):
        if not categories.isdisjoint(names.split()):
            return place
    return 0


def is_color(modifier: Adjective) -> bool:
    """Return whether an adjective is a color ("red and white")."""
    return "color" in WORD_CATEGORIES.get(modifier.word, ())


def _attributive(modifier: Adjective) -> str:
    if modifier.category == "company":
        return company(modifier.word)
    return "wooden" if modifier.word == "wood" else modifier.word


def _adjective(modifier: Adjective, noun: str) -> list[Leaf]:
    word, said = modifier.word, _attributive(modifier)
    if implies(noun, word):
        return [SymbolsOnly(word)]
    return spoken(word) if said == word else [SymbolsOnly(word), SentenceOnly(said)]


_PREDICATIVE = frozenset({"on", "off", "alone", "asleep", "awake", "alive", "ajar"})
"""Words that stand after `is` alone."""


def say_after(out: Words, thing: Thing, noun: str, modifier: Adjective | Relative) -> None:
    """Append what describes a thing after its noun."""
    if isinstance(modifier, Relative):
        if modifier.thing_is_subject:
            if modifier.relation in SAID_SAME:
                _say_that_is(out, thing, noun)
            out.extend(spoken(modifier.relation))
            say_landmark(out, modifier.other, thing, within=True)
        else:
            out.append("that")
            say_thing(out, modifier.other, within=True)
            say_be(out, modifier.other)
            out.extend(spoken(modifier.relation))
        return
    word = modifier.word
    if word in SIDES and not modifier.negated:
        out.append(SIDES[word])
        return
    clause = Words()
    _say_that_is(clause, thing, noun)
    if modifier.negated:
        clause.append("not")
        if made := _made(word, modifier.category):
            clause.extend((SymbolsOnly(word), SentenceOnly(made)))
        else:
            clause.append(SIDES.get(word, word))
        out.extend(symbols_only(clause) if _denies(noun, word) else clause)
    elif word in _PREDICATIVE:
        out.extend((*clause, word))
    else:
        # "the man taking pictures"
        out.extend((*symbols_only(clause), *spoken(word)))


def _say_that_is(out: Words, thing: Thing, noun: str) -> None:
    """Append "that" and the verb that agrees with what is described: "one of the mugs that are"."""
    out.append("that")
    if thing.among and len(thing.objects) == 1 and is_plural(noun):
        out.extend((SymbolsOnly("is"), SentenceOnly("are")))
    else:
        say_be(out, thing, noun)


def say_predicate(out: Words, statement: Attribution) -> None:
    """Append what follows `is`: "gray", "not gray but red", "made of metal, not plastic"."""
    category, value, instead = statement.category, statement.value, statement.instead
    several, asked = len(statement.thing.objects) > 1, statement.thing.noun
    if statement.holds:
        say_value(out, category, value, several, asked)
        return
    leaves = Words()
    leaves.append("not")
    say_value(leaves, category, value, several, asked)
    if instead:
        leaves.append("but")
        say_value(leaves, category, instead, several, asked)
    denied, made = _made(value, category), _made(instead, category)
    if instead and (denied or made):
        denied, made = denied or value, made or instead
        if denied[:_MADE_OF] == made[:_MADE_OF]:
            denied = denied[_MADE_OF:]
        out.extend((*symbols_only(leaves), SentenceOnly(f"{made}, not {denied}")))
    else:
        out.extend(leaves)


def say_value(
    out: Words, category: str, value: str, several: bool = False, asked: str = ""
) -> None:
    """Append a value after `is`: "gray", "made of wood"; for what is `asked`, "a chair", "meat"."""
    if category in NAME_CATEGORIES:
        counted = not is_dish(value, asked)
        if several and counted:
            value = many(value)
        elif indefinite(value) and counted:
            out.append(SentenceOnly("the" if is_unique(value) else article(value)))
        out.append(value)
    elif category == "color":
        out.append(value)
    elif value != "wooden" and is_material(value, category):
        out.extend(("made of", value))
    elif made := _made(value, category):
        out.extend((SymbolsOnly(value), SentenceOnly(made)))
    else:
        out.extend(spoken(SIDES.get(value, value)))


_MADE_OF = len("made of ")


def _made(value: str, category: str) -> str:
    """Return "made of wood" for a material, "made by Dell" for a company, else nothing."""
    if category == "company":
        return f"made by {company(value)}"
    material = value == "wooden" or is_material(value, category)
    return f"made of {plain_word(value)}" if material else ""
