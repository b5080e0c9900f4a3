"""What a scene graph says: values, words, relations and positions of objects."""

from __future__ import annotations

from collections.abc import Sequence

from rex.files import yaml_beside
from rex.gqa.ontology import CATEGORY_WORDS, HYPERNYMS, WORD_CATEGORIES, gender, is_a
from rex.gqa.scene_graphs import SceneGraph, SceneObject


def both_ways(*pairs: tuple[str, str]) -> dict[str, str]:
    """Return each of a pair by the other."""
    return {one: other for pair in pairs for one, other in (pair, pair[::-1])}


OPPOSITE_RELATIONS = both_ways(
    ("to the left of", "to the right of"), ("above", "below"), ("in front of", "behind")
)
"""a OPPOSITE b excludes a RELATION b."""
INVERSE_RELATIONS = OPPOSITE_RELATIONS | both_ways(
    ("covering", "covered by"),
    ("pulling", "pulled by"),
    ("following", "followed by"),
    ("surrounding", "surrounded by"),
    *((same, same) for same in ("near", "next to", "beside")),
)
"""a RELATION b says the same as b INVERSE a."""
SAME_RELATIONS = {f"same {category}": category for category in CATEGORY_WORDS}
"""Relations that a shared value of a category makes true ("same color")."""

HORIZONTAL = ("left", "right")
VERTICAL = ("top", "bottom")
POSITION_WORDS = frozenset({*HORIZONTAL, *VERTICAL, "middle"})
POSITION_CATEGORIES = frozenset({"hposition", "vposition"})
NAME_CATEGORIES = frozenset({"name", "type", "place", "room"})
"""Categories whose values are nouns."""

_COMPARISONS = {
    comparative: tuple(frozenset(said[way].split(", ")) for way in ("more", "less"))
    for comparative, said in yaml_beside(__file__, "comparisons.yaml").items()
}
"""Comparative to the words for what is more so, and less."""
CONVERSE = both_ways(
    ("older", "younger"),
    ("larger", "smaller"),
    ("taller", "shorter"),
    ("higher", "lower"),
    ("healthier", "less healthy"),
)
"""a is MORE than b says the same as b is CONVERSE than a."""


def values_of(thing: SceneObject, category: str) -> tuple[str, ...]:
    """Return the object's attributes of a category, in annotation order; its name for names."""
    found = tuple([word for word in thing.attributes if category in WORD_CATEGORIES.get(word, ())])
    if found or category in CATEGORY_WORDS:
        if category == "gender" and not found:
            by_name = gender(thing.name)
            return (by_name,) if by_name else ()
        return found
    if category in NAME_CATEGORIES:
        return (thing.name,)
    # GQA's numbered groups of attributes are unpublished: what no category claims may be in one
    return tuple(word for word in thing.attributes if word not in WORD_CATEGORIES)


def plainest(values: Sequence[str]) -> str:
    """Return the first word of one category alone ("metal", not "silver"), else the first."""
    return next((word for word in values if len(WORD_CATEGORIES.get(word, ())) < 2), values[0])


def share_category(one: str, other: str) -> bool:
    """Return whether two words are of one category, so that one denies the other."""
    return bool(WORD_CATEGORIES.get(one, _NONE) & WORD_CATEGORIES.get(other, _NONE))


_NONE: frozenset[str] = frozenset()


def category_of(category: str, word: str) -> str:
    """Return the category that a step asks in; a noun is a name where it gives none."""
    noun = not category and word in HYPERNYMS and word not in WORD_CATEGORIES
    return "name" if noun else category


def word_holds(graph: SceneGraph, thing: SceneObject, word: str) -> bool:
    """Return whether a word is true of an object: an attribute, its name, class or position."""
    if word in POSITION_WORDS:
        return position_holds(graph, thing, word)
    if word in thing.attributes or is_a(thing.name, word):
        return True
    if " and " in word:
        return all(word_holds(graph, thing, part) for part in word.split(" and "))
    if word in _RESPELLED and _RESPELLED[word] in thing.attributes:
        return True
    return (word == "male" or word == "female") and gender(thing.name) == word


def position_holds(graph: SceneGraph, thing: SceneObject, word: str) -> bool:
    """Return whether the box's centre lies in that part of the image (halves; middle third)."""
    x, y = relative_center(graph, thing)
    if word == "left":
        return x < 0.5
    if word == "right":
        return x >= 0.5
    if word == "top":
        return y < 0.5
    if word == "bottom":
        return y >= 0.5
    return 1 / 3 <= x < 2 / 3 or 1 / 3 <= y < 2 / 3


def relative_center(graph: SceneGraph, thing: SceneObject) -> tuple[float, float]:
    """Return the centre of an object's box as shares of the image's width and height (0 to 1)."""
    return (
        min(max((thing.x + thing.w / 2) / graph.width, 0.0), 1.0),
        min(max((thing.y + thing.h / 2) / graph.height, 0.0), 1.0),
    )


def relation_between(graph: SceneGraph, first: str, relation: str, second: str) -> str | None:
    """Return the relation by which `first RELATION second` holds, or None.

    It holds when the scene graph states it, from either side; left and right also when the scene
    graph states neither and the boxes' centres lie so; `same color` when a color is shared. The
    vague `of` stands for any relation.
    """
    one, other = graph.objects[first], graph.objects[second]
    for stated in one.relations:
        if stated.object == second and (stated.name == relation or relation == "of"):
            return stated.name
    inverse = INVERSE_RELATIONS.get(relation)
    if inverse is not None:
        for stated in other.relations:
            if stated.object == first and stated.name == inverse:
                return relation
        if inverse[:6] == "to the":
            for stated in one.relations:
                if stated.object == second and stated.name == inverse:
                    return None
            for stated in other.relations:
                if stated.object == first and stated.name == relation:
                    return None
            left, right = (first, second) if relation == "to the left of" else (second, first)
            if graph.objects[left].center[0] < graph.objects[right].center[0]:
                return relation
    elif relation in SAME_RELATIONS and values_shared(one, other, SAME_RELATIONS[relation]):
        return relation
    return None


def values_shared(one: SceneObject, other: SceneObject, category: str) -> bool | None:
    """Return whether objects share a value of a category; None where one of them has none."""
    values, others = ({*map(plain_word, values_of(each, category))} for each in (one, other))
    return not values.isdisjoint(others) if values and others else None


def boxes_contradict(graph: SceneGraph, first: str, relation: str, second: str) -> bool:
    """Return whether the boxes rule out that `first RELATION second`.

    Left and right are a matter of centres; `above` and `below` are ruled out where one box lies
    wholly on the other side.
    """
    one, other = graph.objects[first], graph.objects[second]
    if relation == "to the left of":
        return one.center[0] >= other.center[0]
    if relation == "to the right of":
        return one.center[0] <= other.center[0]
    if relation == "above":
        return one.y >= other.y + other.h
    if relation == "below":
        return other.y >= one.y + one.h
    return False


def comparison(thing: SceneObject, other: SceneObject, comparative: str) -> int:
    """Return 1 when the first object is more so, -1 when the second is, 0 when nothing says."""
    if comparative in ("higher", "lower"):
        gap = other.center[1] - thing.center[1]
        sign = (gap > 0) - (gap < 0)
        return sign if comparative == "higher" else -sign
    scale = comparative if comparative in _COMPARISONS else CONVERSE[comparative]
    gap = _score(thing, scale) - _score(other, scale)
    sign = (gap > 0) - (gap < 0)
    return sign if scale == comparative else -sign


def _score(thing: SceneObject, scale: str) -> int:
    """Return how far an object is up a scale; attributes say more than names."""
    more, less = _COMPARISONS[scale]
    up = sum(word in more for word in thing.attributes)
    down = sum(word in less for word in thing.attributes)
    if up or down:
        return 2 * ((up > down) - (up < down))
    named_up = any(is_a(thing.name, word) for word in more)
    named_down = any(is_a(thing.name, word) for word in less)
    return named_up - named_down


def scene_value(graph: SceneGraph, category: str) -> str | None:
    """Return what the scene graph says of the whole image: its weather, or its location."""
    if category == "weather":
        return graph.weather
    if category in ("location", "place", "room"):
        return graph.location
    return None


def scene_value_fits(value: str, category: str) -> bool:
    """Return whether a scene graph's location says anything of a category.

    `outdoors` names no place and no room, `street` does not say `outdoors`; a street is no room,
    which answers whether it is one but not which.
    """
    if category in ("place", "room"):
        return value not in CATEGORY_WORDS["location"]
    if category == "location":
        return value in CATEGORY_WORDS["location"]
    return True


_SPELLINGS = {"grey": "gray", "wooden": "wood", "metallic": "metal"}
_RESPELLED = {**_SPELLINGS, **{plain: word for word, plain in _SPELLINGS.items()}}


def same_word(one: str, other: str) -> bool:
    """Return whether words differ in spelling alone ("snow suit", "snowsuit"; wooden, wood)."""
    return one == other or _spelling(one) == _spelling(other)


def says(value: str, word: str) -> bool:
    """Return whether what has a value has a word, too: `dog` is an animal, `wooden` is wood.

    What is black and white is black.
    """
    return same_word(value, word) or is_a(value, word) or word in value.split(" and ")


def _spelling(word: str) -> str:
    return plain_word(word.lower().replace(" ", "").replace("-", ""))


def plain_word(word: str) -> str:
    """Return the one spelling of a word that has several ("wooden": "wood")."""
    return _SPELLINGS.get(word, word)
