"""The published executor: from a program to half a sentence with objects in parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

from rex.files import yaml_beside
from rex.gqa.parsing import COMPARATIVES
from rex.gqa.questions import SemanticStep
from rex.gqa.scene_graphs import SceneGraph, SceneObject
from rex.programs.errors import Reason, Skip

_DATA: Any = yaml_beside(__file__, "words.yaml")
_CATEGORIES, _EVIDENCE = (
    {name: [one for one in words.split(", ") if one] for name, words in _DATA[kind].items()}
    for kind in ("categories", "evidence")
)
_PARENTHESES = re.compile(r"\(([^)]+)\)")
_BLANKS_AT_COMMAS = re.compile(r"\s*,\s*")
_POSITION_WORDS = frozenset({"left", "right", "top", "bottom", "higher", "lower"})
_FEMALE = frozenset({"woman", "girl", "lady"})
_TAKEN_FOR = {
    "filter length": "verify",
    "filter brightness": "verify",
    "verify shape": "filter",
    "verify rel": "relate",
    "choose rel": "relate",
}
"""Operation names that the published table maps against the rule."""


def execute_published(semantic: Sequence[SemanticStep], graph: SceneGraph) -> str:
    """Return the published raw explanation, before its post-processing.

    Raises Skip where the published code fails, or drops the question.
    """
    if not semantic:
        raise Skip(Reason.NO_PROGRAM)
    text = _Execution(semantic, graph).text(len(semantic) - 1)
    text = text.replace("there is no there is no", "there is no").replace("(-)", "")
    text = text.replace("there is neither there is no", "there is neither")
    return text.replace("nor there is no", "nor")


class _Execution:
    """One program on one scene graph; every step gives a string."""

    def __init__(self, semantic: Sequence[SemanticStep], graph: SceneGraph) -> None:
        self.semantic = semantic
        self.graph = graph

    def text(self, index: int) -> str:
        step = self.semantic[index]
        operation = _TAKEN_FOR.get(step.operation) or step.operation.partition(" ")[0]
        if operation == "choose":
            qualifier = step.operation.partition(" ")[2]
            operation = "compare" if qualifier in COMPARATIVES else "verify"
        if operation not in _STEPS:
            raise Skip(Reason.PUBLISHED_ERROR, f"it knows no {operation!r}")
        return _STEPS[operation](self, step, _BLANKS_AT_COMMAS.sub(",", step.argument))

    def operands(self, indices: Sequence[int]) -> list[str]:
        """Return what these steps give, joined and split at commas."""
        return ",".join([self.text(index) for index in indices]).split(",")

    def first_object(self, phrase: str) -> str:
        """Return the id of the first object of a phrase."""
        for inside in _PARENTHESES.findall(phrase):
            if "obj:" in inside:
                return str(inside[4:])
        raise Skip(Reason.PUBLISHED_ERROR, "a phrase without an object")

    def object(self, phrase: str) -> SceneObject:
        """Return the first object of a phrase."""
        return self.by_id(self.first_object(phrase))

    def by_id(self, object_id: str) -> SceneObject:
        thing = self.graph.objects.get(object_id)
        if thing is None:
            raise Skip(Reason.OBJECT_MISSING, object_id)
        return thing

    def located(self, phrase: str) -> str:
        """Return the top left corner of the object, as shares rounded to a tenth."""
        thing = self.object(phrase)
        x, y = round(thing.x / self.graph.width, 1), round(thing.y / self.graph.height, 1)
        return f"{phrase} is located at ({x},{y})"


def _objects(argument: str) -> str:
    """Return `(obj:ID)` for each id of `NAME (IDS)`, else `(obj*:NAME)`."""
    inside = _PARENTHESES.search(argument)
    ids = [] if inside is None else inside.group(1).split(",")
    if ids and ids[0].isdigit():
        return ",".join([f"(obj:{object_id})" for object_id in ids])
    return f"(obj*:{argument.split(',')[0]})"


def _exist(run: _Execution, step: SemanticStep, argument: str) -> str:
    operand = run.operands(step.dependencies)[0]
    return f"there is no {operand}" if "obj*" in operand else operand


def _relate(run: _Execution, step: SemanticStep, argument: str) -> str:
    target = _objects(argument)
    parts = argument.split(",")
    if len(parts) < 2:
        raise Skip(Reason.PUBLISHED_ERROR, "a relation without a comma")
    relation = parts[1]
    other = run.operands(step.dependencies[:1])[0]
    choices = relation.split("|")
    if "obj*" in target:
        if len(choices) > 1:
            return "there is no " + " or ".join(f"{target} {one}{other}" for one in choices)
        return f"there is no {target} {relation} {other}"
    target_id, other_id = run.first_object(target), run.first_object(other)
    sides = ((run.by_id(target_id), other_id), (run.by_id(other_id), target_id))
    found = _stated(sides, choices if len(choices) > 1 else [relation])
    if found is not None:
        stated, is_reversed = found
        if is_reversed:
            return f"{target} that {other} is {stated}"
        return f"{target} {stated} {other}"
    if len(choices) > 1:
        return f"there is no {target} {' or '.join(choices)} {other}"
    return f"{target} is not {relation} {other}"


def _stated(
    sides: tuple[tuple[SceneObject, str], ...], choices: list[str]
) -> tuple[str, bool] | None:
    """Return the relation between two objects and whether the second side states it.

    Of several choices the last one that is stated wins.
    """
    for is_reversed, (thing, other_id) in enumerate(sides):
        towards = [stated.name for stated in thing.relations if stated.object == other_id]
        if choices == ["of"]:
            found = towards[:1]
        else:
            found = [choice for choice in reversed(choices) if choice in towards]
        if found:
            return found[0], bool(is_reversed)
    return None


def _query(run: _Execution, step: SemanticStep, argument: str) -> str:
    category = argument
    if category == "name":
        # the object's name takes the place of the category
        category = run.object(run.text(step.dependencies[0])).name
    operands = run.operands(step.dependencies)
    if "obj*" in operands[0]:
        return f"there is no {operands[0]}"
    thing = run.object(operands[0])
    value = "ERROR"
    if category in _CATEGORIES:
        if category == "hposition":
            return ", ".join([run.located(operand) for operand in operands])
        if category in ("gender", "place", "room"):
            value = thing.name
        else:
            value = _first_attribute(thing, category) or value
    elif category.isdigit() or category in ("None", "sport"):
        value = _first_attribute(thing, "uncategorized") or value
    else:
        value = thing.name
    return _is(operands, value)


def _first_attribute(thing: SceneObject, category: str) -> str | None:
    return next((word for word in _CATEGORIES[category] if word in thing.attributes), None)


def _is(operands: list[str], value: str) -> str:
    return f"{','.join(operands)} {'are' if len(operands) > 1 else 'is'} {value}"


def _verify(run: _Execution, step: SemanticStep, argument: str) -> str:
    operands = run.operands(step.dependencies)
    words = argument.split("|")
    if len(words) == 1:
        words = [_affirmed(argument)]
        if words[0] in _POSITION_WORDS:
            return ", ".join([run.located(operand) for operand in operands])
    for word in words:
        flags = []
        for operand in operands:
            if "obj*" in operand:
                return f"there is no {operand}"
            thing = run.object(operand)
            placed = word in _POSITION_WORDS
            flags.append(_corner_lies(run.graph, thing, word) if placed else _has(thing, word))
        if all(flags):
            return _is(operands, word)
    if len(words) > 1:
        raise Skip(Reason.ANSWER_NOT_IN_CHOICE)
    if len(operands) == 1:
        return f"{operands[0]} is not {words[0]}"
    raise Skip(Reason.PUBLISHED_ERROR, "a word that is true of some objects")


def _affirmed(word: str) -> str:
    """Return a word without its negation (`not(red)`)."""
    if "not(" in word:
        negated = _PARENTHESES.search(word)
        if negated is None:
            raise Skip(Reason.PUBLISHED_ERROR, "a negation without an end")
        word = negated.group(1)
    return " ".join(part for part in word.split(" ") if part)


def _has(thing: SceneObject, word: str) -> bool:
    return word in thing.attributes or word == thing.name


def _corner_lies(graph: SceneGraph, thing: SceneObject, word: str) -> bool:
    if word == "left":
        return thing.x < graph.width / 2
    if word == "right":
        return thing.x >= graph.width / 2
    if word in ("bottom", "lower"):
        return thing.y > graph.height / 2
    return thing.y <= graph.height / 2


def _common(run: _Execution, step: SemanticStep, argument: str) -> str:
    operands = run.operands(step.dependencies[:2])
    first, second = (run.object(operand) for operand in operands[:2])
    for word in first.attributes:
        if word in second.attributes:
            return f"both {operands[0]} and {operands[1]} are {word}"
    raise Skip(Reason.NO_COMMON_ATTRIBUTE)


def _same(run: _Execution, step: SemanticStep, argument: str) -> str:
    category = step.operation.partition(" ")[2] or argument
    operands = run.operands(step.dependencies)
    ids = list(dict.fromkeys(run.first_object(operand) for operand in operands))
    if category == "type":
        values = {object_id: [run.by_id(object_id).name] for object_id in ids}
    elif category in _CATEGORIES:
        values = {object_id: _values(run.by_id(object_id), category) for object_id in ids}
    else:
        raise Skip(Reason.PUBLISHED_ERROR, f"unknown category {category}")
    if not all(values.values()):
        raise Skip(Reason.NO_VALUE, category)
    shared = [
        word
        for word in values[run.first_object(operands[-1])]
        if all(word in words for words in values.values())
    ]
    if shared:
        return f"{','.join(operands)} are all {shared[0]}"
    groups: dict[str, list[str]] = {}
    for operand, words in zip(operands, values.values(), strict=False):
        # the published code draws a random one of several words: here the first annotated
        groups.setdefault(words[0], []).append(operand)
    return ",".join(
        f"{' and '.join(members)} {'are' if len(members) > 1 else 'is'} {word}"
        for word, members in groups.items()
    )


def _values(thing: SceneObject, category: str) -> list[str]:
    attributes = list(thing.attributes)
    if category == "gender":
        attributes.append("female" if thing.name in _FEMALE else "male")
    return [word for word in attributes if word in _CATEGORIES[category]]


def _compare(run: _Execution, step: SemanticStep, argument: str) -> str:
    comparative = step.operation.partition(" ")[2]
    operands = run.operands(step.dependencies[:2])[:2]
    if comparative in ("higher", "lower"):
        return ", while ".join([run.located(operand) for operand in operands])
    told: dict[str, list[str]] = {}
    for operand in operands:
        thing = run.object(operand)
        told[operand] = [word for word in _EVIDENCE[comparative] if _has(thing, word)]
    return ", while ".join(
        f"{operand} is {','.join(words)}" for operand, words in told.items() if words
    )


def _join(run: _Execution, step: SemanticStep, argument: str) -> str:
    first, second = run.operands(step.dependencies[:2])[:2]
    absent = [one for one in (first, second) if "obj*" in one]
    if len(absent) == 2:
        return f"there is neither {first} nor {second}"
    if absent and step.operation == "and":
        return f"there is no {absent[0]}"
    if absent:
        return f"there is {second if first in absent else first}"
    if run.first_object(first) == run.first_object(second):
        repeated = _shared_description(first, second)
        return f"there is {first} and {second.replace(repeated, '')}"
    return f"there are {first} and {second}"


def _shared_description(first: str, second: str) -> str:
    """Return the longest text that both phrases have, up to its last `is`."""
    match = SequenceMatcher(None, first, second, autojunk=False).find_longest_match()
    longest = first[match.a : match.a + match.size]
    words = longest.split(" ")
    end = max((place + 1 for place, word in enumerate(words) if word == "is"), default=0)
    return " ".join(words[:end])


_STEPS: dict[str, Callable[[_Execution, SemanticStep, str], str]] = {
    "select": lambda run, step, argument: _objects(argument),
    "relate": _relate,
    "query": _query,
    "exist": _exist,
    "filter": lambda run, step, words: f"{words} {','.join(map(run.text, step.dependencies))}",
    "verify": _verify,
    "common": _common,
    "same": _same,
    "different": _same,
    "compare": _compare,
    "and": _join,
    "or": _join,
}
