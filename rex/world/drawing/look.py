"""What a thing is to look like, as words, and where other things can be attached to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rex.world.drawing.pen import Paint, Point

Anchors = dict[str, Point]
"""Named places of a drawing, in its units, where others attach.

A person has a `hand` and a `middle`; furniture a `seat`, the `left` and `right` end of its top, and
`under` it.
"""


@dataclass(frozen=True)
class Look:
    """The visible attributes of a thing: category (`color`, `pose`, ...) to word."""

    words: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Look] = field(default_factory=dict)
    """Clothes that are things of their own, by name."""
    gesture: str = ""
    """What a person's arms do: `hold`, `read`, `eat`, or nothing."""
    variety: float = 0.5
    """A number in [0, 1) for what has no word: skin, hair, spots."""

    def paint(self, default: str = "gray") -> Paint:
        """Return the paint of the thing's colour, with its material or pattern."""
        return Paint.named(
            self.words.get("color", default), self.words.get("material"), self.words.get("pattern")
        )

    def has(self, word: str) -> bool:
        """Return whether the thing has the attribute `word`."""
        return word in self.words.values()
