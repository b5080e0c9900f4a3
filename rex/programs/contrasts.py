"""Several things side by side: what they share, how they differ, how they compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rex.gqa.ontology import gender
from rex.programs.english import is_mass, is_plural, many, number, unit_of
from rex.programs.facts import NAME_CATEGORIES
from rex.programs.phrase_wording import (
    Words,
    noun_of,
    say_be,
    say_head,
    say_thing,
    say_value,
    without,
)
from rex.programs.phrases import Attribution, Comparison, Contrast, Shared, Thing
from rex.programs.rendering import Mention, SentenceOnly, SymbolsOnly, symbols_only


def say_shared(out: Words, statement: Shared) -> None:
    """Append "the shirt and the cat are both white", "the mugs are both red"."""
    things = tuple([without(thing, statement.value) for thing in statement.things])
    count = len({object_id for thing in things for object_id in thing.objects})
    named = statement.category in NAME_CATEGORIES
    if not named and not any(thing.among for thing in things):
        things = tuple(merged(things))
    # "the men are both male", "the horses are both horses" would say nothing
    gendered = statement.category == "gender" and any(gender(one.name) for one in things)
    generic = named or (gendered and not any(gender(one.noun) for one in things))
    they = len(things) == 1 and many(things[0].noun) == many(statement.value)
    for place, thing in enumerate(things):
        if place:
            out.append("and")
        noun = many(noun_of(thing, generic=True)) if generic else ""
        if they and named:
            out.append(SentenceOnly("they"))
            say_head(out, thing, "")
        else:
            say_thing(out, thing, noun=noun)
    all_of = "both" if count == 2 else "all"
    if count == 1 and not named:
        say_be(out, things[0])
    elif len(things) == 1 and is_mass(noun_of(things[0])) and not they:
        out.extend((SymbolsOnly("are"), SymbolsOnly(all_of), SentenceOnly("is all")))
    else:
        out.extend(("are", all_of))
    if named:
        out.append(many(statement.value))
    else:
        say_value(out, statement.category, statement.value)


def say_contrast(out: Words, statement: Contrast) -> None:
    """Append "one mug is blue and the others are red", "the shirt is red and the hat is blue"."""
    groups: dict[str, list[Attribution]] = {}
    for part in statement.parts:
        thing = without(part.thing, part.value)
        groups.setdefault(part.value, []).append(Attribution(thing, part.value, part.category))
    things = [part.thing for parts in groups.values() for part in parts]
    category = statement.parts[0].category
    # "the men are male" says nothing
    generic = category in NAME_CATEGORIES or (
        category == "gender" and len({one.noun for one in things}) == 1
    )
    if generic or len({(thing.name, thing.modifiers) for thing in things}) == 1:
        ordered = [*groups.values()] if generic else sorted(groups.values(), key=len)
        _say_shares(out, ordered, statement.whole, generic)
        return
    for place, parts in enumerate(groups.values()):
        if place:
            listed = place < len(groups) - 1
            out.extend((SymbolsOnly("and"), SentenceOnly(",")) if listed else ("and",))
        told = merged([part.thing for part in parts])
        for other, thing in enumerate(told):
            if other:
                out.append("and")
            again = any(before.objects == thing.objects for _, before in out.things)
            say_thing(out, thing, "the same" if again else "the")
        if len(parts) > 1:
            out.append("are")
        else:
            say_be(out, told[0])
        say_value(out, parts[0].category, parts[0].value, len(parts) > 1)


def merged(things: Sequence[Thing]) -> list[Thing]:
    """Return things of one name and description as one."""
    merged: dict[tuple[str, Any], list[Thing]] = {}
    for thing in things:
        merged.setdefault((thing.name, thing.modifiers), []).append(thing)
    return [
        Thing(
            tuple(dict.fromkeys([key for one in some for key in one.objects])),
            one.noun,
            name,
            modifiers,
        )
        for (name, modifiers), some in merged.items()
        for one in some[:1]
    ]


def _say_shares(
    out: Words, groups: Sequence[Sequence[Attribution]], whole: bool, generic: bool
) -> None:
    """Append "two of the animals are horses and the other is a duck", by groups of one value."""
    first, category = groups[0][0].thing, groups[0][0].category
    share = whole and not generic
    unit = unit_of(first.noun if generic else first.name)
    if generic and unit != "piece":
        unit = ""
    rest = "the rest" if is_mass(first.name) else "the others"
    for place, parts in enumerate(groups):
        if place:
            last = place == len(groups) - 1
            out.extend(("and",) if last else (SymbolsOnly("and"), SentenceOnly(",")))
            if unit is None:
                out.append(SentenceOnly(rest if last else "some"))
            else:
                out.append(SentenceOnly(_rest(place, len(parts), whole and last)))
        objects = tuple([key for part in parts for key in part.thing.objects])
        thing = Thing(objects, first.noun, first.name, first.modifiers)
        if place:
            say_head(out, thing, "")
        else:
            noun = many(noun_of(first, generic=generic))
            count = number(len(parts))
            if unit is None:
                out.append(SentenceOnly("some of the"))
            elif unit:
                units = unit if len(parts) == 1 and share else f"{unit}s"
                out.append(SentenceOnly(f"{count}{'' if share else ' of the'} {units} of"))
            else:
                out.append(SentenceOnly(count if share else f"{count} of the"))
                noun = "" if share else noun
            say_thing(out, thing, "", noun)
        value = parts[0].value
        several = len(parts) > 1 or (category in NAME_CATEGORIES and is_plural(value))
        if unit is None and several is is_mass(first.name):
            # the rest of the hair "is", some of the clouds "are"
            out.extend((SymbolsOnly("are" if several else "is"), SentenceOnly(_BE[not several])))
        else:
            out.append(_BE[several])
        say_value(out, parts[0].category, value, len(parts) > 1, first.noun)


_BE = ("is", "are")


def _rest(place: int, count: int, last: bool) -> str:
    """Return what to call the next `count` objects after `place` groups of others."""
    if last:
        return "the others" if count > 1 else "the other" if place == 1 else "the last"
    which = place - 1
    if count == 1:
        return ("another", "yet another")[which] if which < 2 else "one more"
    return f"{number(count)} {('others', 'more')[which] if which < 2 else 'besides'}"


def say_comparison(out: Words, statement: Comparison) -> None:
    """Append "the man is older than the girl", "one man is older than the other"."""
    first, second = statement.first, statement.second
    noun = noun_of(first)
    alike = noun == noun_of(second) and len(first.objects) == len(second.objects) == 1
    if alike and first.modifiers == second.modifiers and not (first.among or second.among):
        unit = unit_of(noun)
        one = "some of the" if unit is None else f"one {unit} of" if unit else "one"
        rest = "the other" if unit is not None else "the rest" if is_mass(noun) else "the others"
        out.append(SentenceOnly(one))
        say_thing(out, first, "")
        if unit:
            out.extend((SymbolsOnly("are" if is_plural(noun) else "is"), SentenceOnly("is")))
        else:
            say_be(out, first)
        out.extend((statement.comparative, "than"))
        other = Words()
        say_thing(other, second, "")
        words = symbols_only(other)
        words[words.index(Mention(second.objects[0], ""))] = Mention(second.objects[0], rest)
        out.extend(words)
        return
    say_thing(out, first)
    say_be(out, first)
    out.extend((statement.comparative, "than"))
    say_thing(out, second)
