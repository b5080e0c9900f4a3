"""Text with boxes in it, in whatever syntax a model writes them, taken apart.

What the numbers mean is not guessed from the text: a `Format` says it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NUMBER = r"-?\d+(?:\.\d+)?"
_FOUR = rf"{_NUMBER}(?:\s*,\s*{_NUMBER}){{3}}"
# possessive, and from the first bracket on: no bracket or blank of a long run is tried twice
_BRACKETS = rf"(?<!\[)\[++\s*+{_FOUR}(?:\s*(?:;|\]\s*,\s*\[)\s*{_FOUR})*\s*\]+"
_LABEL = r'"label"\s*:\s*"(?P<{}>[^"\n]*)"'
_LOCS = r"(?:<loc_?\d+>){4}"
_SYNTAX = re.compile(
    "|".join(
        (
            rf'\{{\s*(?:{_LABEL.format("before")}\s*,\s*)?"(?:bbox_2d|bbox|box)"\s*:\s*'
            rf"(?P<json>{_BRACKETS})(?:\s*,\s*{_LABEL.format('after')})?\s*\}}",
            rf"(?P<brackets>{_BRACKETS})",
            rf"(?P<corners>\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)\s*+,?\s*+"
            rf"\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\))",
            r"(?P<cells>(?:<patch_index_\d+><patch_index_\d+>(?:</delimiter_of_multi_objects/>)?)+)",
            rf"(?P<locs>{_LOCS}(?:\s*{_LOCS})*)",
            r"(?P<open><ref>|<phrase>|<\|object_ref_start\|>|<\|ref\|>)",
            r"(?P<close></ref>|</phrase>|<\|object_ref_end\|>|<\|/ref\|>)",
            r"(?P<broken><loc_?\d+>|<patch_index_\d+>)",
            r"(?P<mark></?box>|<\|box_(?:start|end)\|>|<\|/?det\|>|</?object>|<\|?grounding\|?>"
            r"|</delimiter_of_multi_objects/>|</?s>|<\|im_end\|>|<eos>|<pad>)",
        )
    )
)
_NUMBERS = re.compile(_NUMBER)
_INTEGERS = re.compile(r"\d+")
_FENCES = re.compile(r"```(?:json)?[\s\[\],]*(?:```|\Z)")

Numbers = tuple[float, ...]
"""Of one box, as they are written: four, or two cells."""


@dataclass
class MarkedPhrase:
    """Boxes of a phrase, characters `start` to `end` of the text without boxes.

    One of the two is -1 where the syntax does not tell: the phrase ends, or starts, at the other.
    """

    start: int
    end: int
    boxes: list[Numbers]


@dataclass
class Marked:
    """A text without its boxes, and the boxes."""

    text: str
    mentions: list[MarkedPhrase] = field(default_factory=list)
    loose: list[Numbers] = field(default_factory=list)
    """Boxes that no phrase of the text has."""
    broken: int = 0
    """Remains of malformed boxes."""

    def boxes(self) -> list[Numbers]:
        """Return all boxes, those of phrases first, in order of mention."""
        return [*(box for one in self.mentions for box in one.boxes), *self.loose]

    def place(self, label: str | None, box: Numbers) -> None:
        """Add a box to the next phrase called `label`; without one, to no phrase."""
        if label is None:
            self.loose.append(box)
            return
        last = max((max(one.start, one.end) for one in self.mentions), default=0)
        pattern = re.compile(rf"(?<!\w){re.escape(label)}(?!\w)", re.IGNORECASE)
        found = pattern.search(self.text, last)
        same = next((one for one in self.mentions if one.end == last), None)
        if found is not None:
            self.mentions.append(MarkedPhrase(found.start(), found.end(), [box]))
        elif same is not None and self.text[:last].lower().endswith(label.lower()):
            same.boxes.append(box)
        else:
            self.loose.append(box)


def read_marked(text: str, *, boxes_first: bool = False) -> Marked:
    """Take a text apart; `boxes_first`: boxes stand before their phrase (PaliGemma)."""
    reader = _Reader(boxes_first)
    position = 0
    for found in _SYNTAX.finditer(text):
        reader.words(text[position : found.start()])
        reader.mark(found)
        position = found.end()
    reader.words(text[position:])
    return reader.marked()


class _Reader:
    def __init__(self, boxes_first: bool) -> None:
        self.boxes_first = boxes_first
        self.text = ""
        self.opened: int | None = None
        self.phrase: tuple[int, int] | None = None
        self.found = Marked("")
        self.labelled: list[tuple[str, list[Numbers]]] = []

    def words(self, words: str) -> None:
        """Append words; a box between blanks leaves one of them."""
        if not self.text or self.text[-1:].isspace():
            words = words.lstrip(" ")
        self.text += words

    def mark(self, found: re.Match[str]) -> None:
        kind = found.lastgroup
        if kind == "open":
            self.opened = len(self.text)
        elif kind == "close":
            self.phrase = None if self.opened is None else (self.opened, len(self.text))
            self.opened = None
        elif kind == "broken":
            self.found.broken += 1
        elif kind != "mark":
            self.boxes(_numbers(found), found["before"] or found["after"])

    def boxes(self, boxes: list[Numbers], label: str | None) -> None:
        written = self.text.rstrip()
        if label and not written.lower().endswith(label.lower()):
            self.labelled.append((label, boxes))
            return
        mentions = self.found.mentions
        if self.boxes_first:
            mentions.append(MarkedPhrase(len(self.text), -1, boxes))
            return
        self.text = written
        if self.phrase is not None and self.phrase[1] >= len(written):
            mentions.append(MarkedPhrase(*self.phrase, boxes))
            self.phrase = None
        elif mentions and mentions[-1].end == len(written):
            mentions[-1].boxes += boxes
        elif label:
            mentions.append(MarkedPhrase(len(written) - len(label), len(written), boxes))
        elif written:
            mentions.append(MarkedPhrase(-1, len(written), boxes))
        else:
            self.found.loose += boxes

    def marked(self) -> Marked:
        """Return what was read; labelled boxes go to the places that their labels name."""
        found = self.found
        found.text = _FENCES.sub("", self.text).rstrip()
        for label, boxes in self.labelled:
            for box in boxes:
                found.place(label, box)
        return found


def _numbers(found: re.Match[str]) -> list[Numbers]:
    """Return the boxes that were found, as they are written."""
    written = found["json"] or found["brackets"] or found["corners"]
    texts = (
        _NUMBERS.findall(written) if written else _INTEGERS.findall(found["cells"] or found["locs"])
    )
    numbers, size = [float(text) for text in texts], 2 if found["cells"] else 4
    return [tuple(numbers[start : start + size]) for start in range(0, len(numbers), size)]
