"""The published post-processing of raw explanations: rules on words, tokens, text with names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rex.gqa.scene_graphs import SceneGraph
from rex.programs.facts import both_ways

_SPECIAL = {
    "1293422": "sidewalk",
    "2109828": "fence",
    "1749668": "table",
    "846582": "helmet",
    "mice": "mouse",
}
_KEPT_PLURAL = frozenset({"pictures", "hands", "dvds"})
_POSITIONS = {
    "is left": "is on the left",
    "is right": "is on the right",
    "is top": "is at the top",
    "is bottom": "is at the bottom",
}
_OPPOSITES = {
    **both_ways(("is to the left of", "is to the right of"), ("is above", "is below")),
    **both_ways(("is behind", "is in front of")),
    "is on top of": "is below",
}
"""Endings that name a position, of five, two or four words."""

_NEGATED = re.compile(r"not\(([^)]+)\)")
_PARENTHESES = re.compile(r"\(([^)]+)\)")
_OBJECT = re.compile(r"\(obj:([^)]+)\)")
_ABSENT = re.compile(r"\(obj\*:([^)]*)\)")


class PluralMap:
    """Which plural becomes which singular: every word whose singular is in the corpus as well."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(words)
        self._order = {word: place for place, word in enumerate(self._words)}

    @classmethod
    def from_corpus(cls, words: Iterable[str]) -> PluralMap:
        """Make the map from the words of all explanations, in the order of their first use."""
        known = dict.fromkeys(_SPECIAL.get(word, word) for word in words)
        plurals = {word: word[:-1] for word in known if word.endswith("s") and word[:-1] in known}
        plurals |= _SPECIAL
        return cls({word: one for word, one in plurals.items() if word not in _KEPT_PLURAL})

    def apply(self, words: list[str]) -> list[str]:
        """Replace plurals, in the map's order, so that what was replaced may be replaced again."""
        pending = sorted(
            {word for word in words if word in self._words}, key=self._order.__getitem__
        )
        if not pending:
            return words
        text = f" {' '.join(words)} "
        while pending:
            word = pending.pop(0)
            singular = self._words[word]
            # of two neighbours only the first is replaced: they share the blank between them
            text = text.replace(f" {word} ", f" {singular} ")
            if self._order.get(singular, -1) > self._order[word] and singular not in pending:
                pending = sorted([*pending, singular], key=self._order.__getitem__)
        return text[1:-1].split(" ")


def corpus_words(raw: str) -> list[str]:
    """Return the words of a raw explanation that count for the plural map."""
    return [word for word in raw.replace("?", "").split(" ") if word and "(" not in word]


def polish_published(raw: str, answer: str, plurals: PluralMap) -> str:
    """Return the published final form of a raw explanation."""
    words = [word for word in raw.replace("?", "").split(" ") if word]
    text = " ".join(plurals.apply(words))
    text = _add_missing_is(text)
    for position, polished in _POSITIONS.items():
        text = text.replace(position, polished)
    words = text.split(" ")
    for length in (5, 2, 4):
        if " ".join(words[-length:]) in _OPPOSITES:
            words = _correct_position(words, answer, length)
            break
    words = _turn_around(words)
    text = _spell_out_negation(" ".join(words))
    return " ".join(word for word in text.split(" ") if word)


def _add_missing_is(text: str) -> str:
    """Put `is` before the first position; what follows a second one is lost."""
    if " is " in text:
        return text
    for position in ("to the left of", "to the right of"):
        if position in text:
            before, after = text.split(position)[:2]
            return f"{before}is {position}{after}"
    return text


def _pivot(words: list[str]) -> tuple[int, int]:
    """Return where the first `that` stands (0: nowhere) and how many words hold a parenthesis."""
    that = words.index("that") if "that" in words else 0
    return that, sum("(" in word for word in words)


def _correct_position(words: list[str], answer: str, length: int) -> list[str]:
    that, objects = _pivot(words)
    if objects == 2 and answer == "yes":
        return words[that + 1 :] + words[:that]
    if objects == 2 or answer in ("yes", "no"):
        opposite = _OPPOSITES[" ".join(words[-length:])].split(" ")
        return words[:that] + opposite + words[that + 1 : -length]
    return [words[0], "is", *words[1:]]


def _turn_around(words: list[str]) -> list[str]:
    """Turn `X that Y is wearing` into `Y is wearing X`."""
    last = words[-1]
    if last.endswith("ing") and last != "building" and len(words) > 1 and words[-2] == "is":
        that, objects = _pivot(words)
        if objects == 2 and "that" in words:
            return words[that + 1 :] + words[:that]
    return words


def _spell_out_negation(text: str) -> str:
    """Turn `not(red) X …` into `X …, and X is not red`, where there is one negation."""
    negated = _NEGATED.findall(text)
    if len(negated) != 1:
        return text
    word = negated[0]
    thing = text.split(f"not({word}) ")[-1].split(" ")[0]
    text = text.replace(f"not({word})", "")
    if "is" not in text:
        text = f"there is {text}"
    return f"{text}, and {thing} is not {word}"


def published_tokens(raw: str, regions: Mapping[str, int], plurals: PluralMap) -> str:
    """Return the published tokens; an object id is replaced wherever its digits stand."""
    text = raw
    for inside in _PARENTHESES.findall(raw):
        if ("obj*:" in inside or "obj" not in inside) and "," in inside:
            x, y = inside.split(",")[:2]
            if _is_number(x) and _is_number(y):
                text = text.replace(inside, f"@{published_cell(float(x), float(y))}")
    for mark, replacement in (("obj*:", ""), ("obj:", ""), ("(", " "), (")", " ")):
        text = text.replace(mark, replacement)
    for object_id, region in regions.items():
        if region >= 0:
            text = text.replace(object_id, f"#{region}")
    for mark, replacement in (("?", ""), (",", " "), (".", " ")):
        text = text.replace(mark, replacement)
    return " ".join(plurals.apply(text.split()))


def published_cell(x: float, y: float) -> int:
    """Return the cell of the 4x4 grid; a point on a line belongs to the cell before it."""

    def part(share: float) -> int:
        return next((place for place in range(4) if share <= (place + 1) / 4), 3)

    return part(y) * 4 + part(x) + 1


def published_sentence(raw: str, graph: SceneGraph) -> str:
    """Return the text with the objects' names, as it stands: nothing is mended."""
    text = _OBJECT.sub(lambda found: graph.objects[found.group(1)].name, raw)
    text = _ABSENT.sub(lambda found: found.group(1).strip(), text)
    return f"{text[:1].upper()}{text[1:]}."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
