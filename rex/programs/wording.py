"""Putting statements into words: from structured phrases to leaves, in correct English.

This is the polishing of the paper's pipeline, done on structure: positions become "on the left",
"that X is wearing" becomes a main clause, `not(brown)` becomes "that is not brown", verbs agree.
Noun phrases are those of `rex.programs.phrase_wording`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from rex.gqa.ontology import CATEGORY_WORDS
from rex.programs.contrasts import merged, say_comparison, say_contrast, say_shared
from rex.programs.english import article, is_mass, is_plural, is_unique, many, pronoun
from rex.programs.facts import NAME_CATEGORIES
from rex.programs.phrase_wording import (
    SIDES,
    Words,
    is_color,
    is_material,
    noun_of,
    say_after,
    say_be,
    say_landmark,
    say_predicate,
    say_thing,
    say_value,
    stands_before,
    without,
)
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
    SceneStatement,
    Shared,
    Statement,
    Thing,
)
from rex.programs.rendering import (
    Leaf,
    Mention,
    Place,
    SentenceOnly,
    SymbolsOnly,
    sentence_only,
    spoken,
    symbols_only,
)


def word_statement(statement: Statement) -> list[Leaf]:
    """Return the leaves of a statement, in order."""
    words = Words()
    WORDING[type(statement)](words, statement)
    return words


def _attribution(out: Words, statement: Attribution) -> None:
    thing = statement.thing
    if thing.modifiers and (statement.holds or statement.instead):
        thing = without(thing, statement.value if statement.holds else statement.instead)
    named = statement.category in NAME_CATEGORIES
    # "the person is female"
    noun = noun_of(thing, generic=named or (statement.category == "gender" and not thing.among))
    if named and is_plural(statement.value):
        noun = many(noun)
    if named and statement.holds and not thing.among and many(noun) == many(statement.value):
        _say_tautology(out, statement, thing, noun)
        return
    say_thing(out, thing, noun=noun)
    # "the watercraft are boats"
    say_be(out, thing, noun if is_mass(noun) or not named else f"{noun} {statement.value}")
    if statement.holds:
        say_value(out, statement.category, statement.value, len(thing.objects) > 1, thing.noun)
    else:
        say_predicate(out, statement)


def _say_tautology(out: Words, statement: Attribution, thing: Thing, noun: str) -> None:
    """Append that something is what it is called: in a sentence, what else is said of it.

    "A man is on the left" for "the man on the left is a man"; "there is a man" for no more.
    """
    verb, predicate = Words(), Words()
    say_be(verb, thing, noun)
    say_predicate(predicate, statement)
    colors = [one for one in thing.modifiers if type(one) is Adjective and is_color(one)]
    if not thing.modifiers or len(colors) > 1:
        out.extend((SentenceOnly("there"), *sentence_only(verb)))
        say_thing(out, thing, "a", noun)
    else:
        *rest, last = thing.modifiers
        bare = Thing(thing.objects, thing.noun, thing.name, tuple(rest))
        if isinstance(last, Relative) and not last.thing_is_subject:
            out.append(SentenceOnly("they are" if is_plural(noun) else "it is"))
            say_thing(out, bare, "a", noun)
            say_after(out, bare, noun, last)
        elif isinstance(last, Relative):
            say_thing(out, bare, "a", noun)
            told = out.clause()
            say_after(told, bare, noun, last)
            if told[0] == "that":
                # "a hat is the same color as the shoe"
                told[0] = SymbolsOnly("that")
            else:
                out.extend(sentence_only(verb))
            out.extend(told)
        else:
            told, after = Words(), Words()
            say_predicate(told, Attribution(bare, last.word, last.category, not last.negated))
            if stands_before(last):
                out.append(SymbolsOnly(last.word))
            else:
                say_after(after, bare, noun, last)
            # "furniture is brown", "sheep are white" would be said of all, "people are sitting" not
            several = len(thing.objects) > 1 or is_plural(noun)
            passing = last.word.endswith("ing") and not last.negated
            general = is_mass(noun) or (several and not passing)
            say_thing(out, bare, "some" if general else "a", noun)
            out.extend((*symbols_only(after), *sentence_only(verb), *sentence_only(told)))
    out.extend((*symbols_only(verb), *symbols_only(predicate)))


def _placement(out: Words, statement: Placement) -> None:
    thing = statement.thing
    if statement.category == "hposition":
        side = "left" if statement.x < 0.5 else "right"
    else:
        side = "top" if statement.y < 0.5 else "bottom"
    # "the man in the middle is on the left" would contradict itself
    for word in (side, "middle"):
        thing = without(thing, word)
    say_thing(out, thing)
    say_be(out, thing)
    out.append(SymbolsOnly("located at"))
    out.append(Place(statement.x, statement.y, f"{SIDES[side]} of the image"))


def _relationship(out: Words, statement: Relationship) -> None:
    subject, other = statement.subject, statement.object
    said = Relative(statement.relation, other, True)
    if said in subject.modifiers:
        rest = tuple([one for one in subject.modifiers if one != said])
        subject = subject.with_modifiers(rest)
    say_thing(out, subject)
    say_be(out, subject)
    if not statement.holds:
        out.append("not")
    out.extend(spoken(statement.relation))
    if other.objects:
        say_landmark(out, other, subject)
    else:
        say_thing(out, other, "any")


def _existence(out: Words, statement: Existence) -> None:
    thing = statement.thing
    out.append("there")
    say_be(out, thing)
    say_thing(out, thing, _some(thing) if statement.holds else "no")


def _some(thing: Thing) -> str:
    """Return the article of what there is: "there is the sky", but "there is a dark sky"."""
    return "the" if is_unique(noun_of(thing)) and not thing.modifiers else "a"


def _scene(out: Words, statement: SceneStatement) -> None:
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


def _scene_value(out: Words, statement: SceneStatement, value: str) -> None:
    if statement.category != "weather" and value not in CATEGORY_WORDS["location"]:
        out.append(SentenceOnly(article(value)))
    out.append(value)


def _joint(out: Words, statement: Joint) -> None:
    """Append what speaks against a "no", "but" what supports it; "and" joins like with like."""
    told = list(zip(statement.parts, statement.verdicts, strict=True))
    sides = [[part for part, verdict in told if verdict is wanted] for wanted in (True, False)]
    parts = statement.parts
    if len(parts) > 1 and all(type(part) is Existence for part in parts):
        _joint_existences(out, parts)
        return
    described = {part.thing.objects if type(part) is Attribution else () for part in parts}
    if len(parts) > 1 and len(described) == 1 and () not in described:
        _joint_attributions(out, sides)
        return
    contrasted = all(sides)
    subjects: list[frozenset[str]] = []
    for place, side in enumerate(sides):
        if place and contrasted:
            out.append("but")
        for clause, told in enumerate(_clauses(side)):
            if clause:
                out.append("and")
            subjects += _say_clause(out, told, subjects, contrasted)


def _clauses(parts: Sequence[Any]) -> list[list[Any]]:
    """Return parts in the clauses that say them: what is there, and what one thing is like."""
    clauses: dict[Any, list[Any]] = {}
    for place, part in enumerate(parts):
        kind: Any = place
        if type(part) is Existence:
            kind = Existence
        elif type(part) is Attribution:
            kind = part.thing.objects
        clauses.setdefault(kind, []).append(part)
    return list(clauses.values())


def _say_clause(
    out: Words, parts: Sequence[Any], before: Sequence[frozenset[str]], contrasted: bool
) -> list[frozenset[str]]:
    """Append one clause; return its subjects' objects, and take a pronoun for those just said.

    `before` are the subjects of the clauses before.
    """
    part = parts[0]
    if type(part) is Existence:
        _joint_existences(out, parts)
        return []
    clause = out.clause()
    if len(parts) > 1:
        _joint_attributions(clause, [parts])
    else:
        if contrasted and type(part) in (Attribution, SceneStatement) and part.instead:
            # one "but" is enough
            part = msgspec.structs.replace(part, instead="")
        WORDING[type(part)](clause, part)
    subject = _subject(part)
    if subject is None:
        out.extend(clause)
        told = part.parts if type(part) is Contrast else ()
        # "one bike is blue and the other is orange": "the same bike" could be either
        named = len({one.thing.name for one in told}) > 1
        return [frozenset(one.thing.objects) for one in told if named]
    objects = frozenset(subject.objects)
    if objects in before:
        several = len(subject.objects) > 1
        noun = noun_of(subject) if several or not subject.among else subject.name
        plural = several or is_plural(noun)
        again = pronoun(noun, plural) if before[-1] == objects else f"the same {noun}"
        _rename_subject(clause, subject, again)
    out.extend(clause)
    return [objects]


def _subject(part: Any) -> Thing | None:
    """Return what a clause is about, as it says it, if it is about one thing."""
    if type(part) is Shared:
        return merged(part.things)[0] if len(merged(part.things)) == 1 else None
    if type(part) is Attribution and (part.holds or part.instead):
        return without(part.thing, part.value if part.holds else part.instead)
    return getattr(part, "thing", None) or getattr(part, "subject", None)


def _rename_subject(clause: Words, thing: Thing, name: str) -> None:
    """Put a name in place of the noun phrase with which a clause starts."""
    start = Words()
    say_thing(start, thing)
    words = symbols_only(start)
    if symbols_only(clause[: len(start)]) == words:
        head = words.index(Mention(thing.objects[0], ""))
        words[head] = Mention(thing.objects[0], name)
        clause[: len(start)] = words


def _joint_attributions(out: Words, sides: Sequence[Sequence[Any]]) -> None:
    """Append "the pillow is square but not large", the subject said once."""
    sides = [side for side in sides if side]
    parts = [part for side in sides for part in side]
    say_thing(out, parts[0].thing)
    say_be(out, parts[0].thing)
    if not any(part.holds for part in parts):
        sides = [parts]
    for place, side in enumerate(sides):
        if place:
            out.append("but")
        true = [part for part in side if part.holds]
        false = [part for part in side if not part.holds]
        _say_values(out, (), "and", true)
        if true and false:
            out.append("and")
        _say_values(out, ("neither" if len(false) > 1 else "not",) * bool(false), "nor", false)


def _say_values(out: Words, before: tuple[str, ...], join: str, parts: Sequence[Any]) -> None:
    """Append "tall, old and smiling", "neither tall nor old", "made of neither wood nor metal"."""
    made = len(parts) > 1 and all(is_material(part.value, part.category) for part in parts)
    if made:
        out.append(SentenceOnly("made of"))
    out.extend(before)
    for place, part in enumerate(parts):
        if place:
            listed = join == "and" and place < len(parts) - 1
            out.extend((SymbolsOnly(join), SentenceOnly(",")) if listed else (join,))
        if made:
            out.extend((SymbolsOnly("made of"), part.value))
        else:
            say_value(out, part.category, part.value)


def _joint_existences(out: Words, parts: Sequence[Any]) -> None:
    """Append "there is a plate but no napkin", "there is neither a boy nor a woman"."""
    true = [part for part in parts if part.holds]
    false = [part for part in parts if not part.holds]
    out.append("there")
    say_be(out, (true or false)[0].thing)
    for place, part in enumerate(true):
        if place:
            out.append("and")
        say_thing(out, part.thing, _some(part.thing))
    if true and false:
        out.append("but")
    if len(false) == 1:
        say_thing(out, false[0].thing, "no")
        return
    for place, part in enumerate(false):
        out.append("nor" if place else "neither")
        say_thing(out, part.thing, "a")


WORDING: dict[type, Callable[[Words, Any], None]] = {
    Attribution: _attribution,
    Placement: _placement,
    Relationship: _relationship,
    Existence: _existence,
    Shared: say_shared,
    Contrast: say_contrast,
    Comparison: say_comparison,
    SceneStatement: _scene,
    Joint: _joint,
}
