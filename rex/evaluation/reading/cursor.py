"""A place in the tokens of an explanation: what lies ahead of it, and reading that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rex.tokens import LARGEST_REGION, region_of

_CELLS = frozenset(f"@{number}" for number in range(1, 17))
_COPULA = frozenset({"is", "are"})
LINKS = frozenset({"and", "but", "nor"})
_STOPS = _COPULA | LINKS | {"that", "than", "not", "neither", "both", "all"}


class UnreadableError(Exception):
    """The text is not a statement of the grammar."""


class Cursor:
    """Reads tokens one after another; raises UnreadableError where they are not as they must be."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def next(self, ahead: int = 0) -> str:
        """Return the token at hand, or one `ahead` of it; past the end ""."""
        return self.token(self.place + ahead)

    def token(self, place: int) -> str:
        """Return the token at a place; past the end ""."""
        return self.tokens[place] if place < len(self.tokens) else ""

    def accept(self, token: str) -> bool:
        """Read the token, if it is at hand; return whether it is."""
        found = self.next() == token
        self.place += found
        return found

    def accept_words(self, text: str) -> bool:
        """Read several tokens, if they are at hand; return whether they are."""
        size = len(text.split())
        found = " ".join(self.tokens[self.place : self.place + size]) == text
        self.place += size * found
        return found

    def copula(self) -> None:
        """Read "is" or "are"."""
        if not (self.accept("is") or self.accept("are")):
            raise self.unreadable()

    def peek(self, place: int | None = None) -> list[str]:
        """Return the plain words at hand, up to a region, a cell, or a word of the grammar."""
        words = []
        for token in self.tokens[self.place if place is None else place :]:
            if token in _STOPS or token[:1] in "#@":
                break
            words.append(token)
        return words

    def collect(self) -> list[str]:
        """Read the plain words at hand; there may be none."""
        words = self.peek()
        self.place += len(words)
        return words

    def words(self) -> str:
        """Read at least one plain word."""
        words = self.collect()
        if not words:
            raise self.unreadable()
        return " ".join(words)

    def region(self) -> int:
        """Read a region `#i`."""
        region = region_of(self.next())
        if not 0 <= region <= LARGEST_REGION:
            raise self.unreadable()
        self.place += 1
        return region

    def cell(self) -> str:
        """Read a cell `@k`, and return its digits."""
        token = self.next()
        if token not in _CELLS:
            raise self.unreadable()
        self.place += 1
        return token[1:]

    def unreadable(self) -> UnreadableError:
        """Return the error that says where the grammar ends."""
        return UnreadableError(f"{' '.join(self.tokens)} (at token {self.place + 1})")

    def at_region(self) -> bool:
        """Whether a region is at hand."""
        return self.next().startswith("#")

    def outside_relative_clauses(self) -> Iterator[tuple[int, str]]:
        """Yield the tokens ahead, with their places, that are in no "that X is"."""
        relative = 0
        for place in range(self.place, len(self.tokens)):
            token = self.tokens[place]
            if token == "that":
                relative += 1
            elif relative and token in _COPULA:
                relative -= 1
            elif not relative:
                yield place, token

    def copula_place(self) -> int:
        """Return the place of the next copula, that of the end if there is none."""
        ahead = self.outside_relative_clauses()
        return next((place for place, token in ahead if token in _COPULA), len(self.tokens))
