"""The ids of answers and explanation tokens: what the model's output layers are indexed by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rex.tokens import region_of, region_token

END = 0
"""Ends an explanation; also the first input of the decoder."""
UNKNOWN = 1
"""A word that the training explanations do not hold."""

_UNKNOWN_WORD = "[UNK]"


_MATERIALS = {"wooden": "wood", "metallic": "metal", "golden": "gold", "woolen": "wool"}


def _spellings(piece: str) -> tuple[str, ...]:
    """Return the word that a piece is, then the singulars that it may be the plural of."""
    singulars = [piece.removesuffix(ending) for ending in ("s", "es") if piece.endswith(ending)]
    return piece, *singulars, _MATERIALS.get(piece, piece)


@dataclass(frozen=True)
class Vocabulary:
    """Answers, explanation tokens and word pieces of the questions, in the order of their ids.

    Explanation tokens are numbered END, UNKNOWN, the words, then the region tokens `#0`, `#1`, …,
    so that the regions are the last slice of every distribution.
    """

    answers: tuple[str, ...]
    words: tuple[str, ...]
    pieces: tuple[str, ...]
    regions: int
    object_pieces: tuple[tuple[int, ...], ...] = ()
    """The word pieces of each object's name that the detector knows; none: they are not read."""
    attribute_pieces: tuple[tuple[int, ...], ...] = ()
    """The same of attributes."""
    program_words: tuple[str, ...] = ()
    """Tokens of programs (`rex.gqa.parsing.program_text`); none: they are not written."""

    @property
    def tokens(self) -> int:
        """Size of the explanation vocabulary, END, UNKNOWN and region tokens included."""
        return self.first_region + self.regions

    @property
    def first_region(self) -> int:
        """Id of the token `#0`."""
        return 2 + len(self.words)

    @cached_property
    def answer_ids(self) -> dict[str, int]:
        """Answer to class."""
        return {answer: number for number, answer in enumerate(self.answers)}

    @cached_property
    def _word_ids(self) -> dict[str, int]:
        return {word: 2 + number for number, word in enumerate(self.words)}

    def copies(self) -> tuple[int, ...]:
        """Return the explanation word that each word piece spells, in the plural or not.

        UNKNOWN where there is none, as for pieces within a word.
        """
        return tuple(
            next(
                (self._word_ids[word] for word in _spellings(piece) if word in self._word_ids),
                UNKNOWN,
            )
            for piece in self.pieces
        )

    def token_id(self, token: str) -> int:
        """Return the id of an explanation token; unknown words and regions give UNKNOWN."""
        region = region_of(token)
        if region >= 0:
            return self.first_region + region if region < self.regions else UNKNOWN
        return self._word_ids.get(token, UNKNOWN)

    @cached_property
    def _program_ids(self) -> dict[str, int]:
        return {word: 2 + number for number, word in enumerate(self.program_words)}

    def program_id(self, token: str) -> int:
        """Return the id of a program's token; programs number theirs END, UNKNOWN, the words."""
        return self._program_ids.get(token, UNKNOWN)

    def spell_program(self, numbers: Sequence[int]) -> str:
        """Return the program with these ids (not END, not UNKNOWN)."""
        return " ".join(self.program_words[number - 2] for number in numbers)

    def token(self, number: int) -> str:
        """Return the explanation token with the id `number` (not END)."""
        if number >= self.first_region:
            return region_token(number - self.first_region)
        return _UNKNOWN_WORD if number == UNKNOWN else self.words[number - 2]

    def region(self, number: int) -> int:
        """Return the region that the token with the id `number` names, or -1."""
        return max(number - self.first_region, -1)

    def spell(self, numbers: Sequence[int]) -> str:
        """Return the tokens with these ids, joined with blanks."""
        return " ".join(self.token(number) for number in numbers)
