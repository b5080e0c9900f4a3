"""Counts of n-grams of many short texts at once, as arrays.

Tokens become integers, an n-gram is the pair of its first n-1 tokens (one integer) and its last
token, numbered again: exact, and without a Python object for each n-gram, which is what makes
caption measures slow on a whole split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """Hypotheses and references of the same n questions, as token numbers.

    Text i of 2n (the hypotheses, then the references) is `tokens[starts[i]:starts[i + 1]]`.
    """

    tokens: Integers
    starts: Integers

    @property
    def lengths(self) -> Integers:
        """Tokens of each text [2n]."""
        return np.diff(self.starts)

    @property
    def pairs(self) -> int:
        """The number n of questions."""
        return (len(self.starts) - 1) // 2


@dataclass(frozen=True)
class Counts:
    """How often each n-gram of one order occurs in each text of one side.

    Entry e says that text `text[e]` holds n-gram `gram[e]` `count[e]` times; entries are sorted by
    `key`, which is unique to (text, gram) and the same on both sides.
    """

    key: Integers
    text: Integers
    gram: Integers
    count: Integers


def read_texts(hypotheses: Sequence[str], references: Sequence[str]) -> Texts:
    """Number the blank-separated tokens of both sides [n]; `#12` and `@3` are one token each."""
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    numbers: dict[str, int] = {}
    tokens: list[int] = []
    lengths = [0]
    for side in (hypotheses, references):
        for text in side:
            words = text.split()
            lengths.append(len(words))
            tokens += [numbers.setdefault(word, len(numbers)) for word in words]
    return Texts(np.array(tokens, dtype=np.int64), np.cumsum(lengths, dtype=np.int64))


def count_ngrams(texts: Texts, order: int) -> list[tuple[Counts, Counts]]:
    """Return for 1-grams, 2-grams, … `order`-grams the counts of (hypotheses, references)."""
    n = texts.pairs
    text_of = np.repeat(np.arange(2 * n, dtype=np.int64), texts.lengths)
    ends = texts.starts[text_of + 1] if len(text_of) else text_of
    position = np.arange(len(texts.tokens), dtype=np.int64)
    gram = texts.tokens
    span = int(texts.tokens.max(initial=0)) + 1
    found = []
    for length in range(1, order + 1):
        if length > 1:
            kept = position + length <= ends
            position, ends, text_of, gram = position[kept], ends[kept], text_of[kept], gram[kept]
            last = texts.tokens[position + length - 1]
            gram = np.unique(gram * span + last, return_inverse=True)[1].astype(np.int64)
        side = text_of >= n
        grams = int(gram.max(initial=0)) + 1
        found.append(
            (
                _count(text_of[~side], gram[~side], grams),
                _count(text_of[side] - n, gram[side], grams),
            )
        )
    return found


def shared_entries(first: Counts, second: Counts) -> tuple[Integers, Integers]:
    """Return the entries (of `first`, of `second`) that count the same n-gram of the same pair."""
    common = np.intersect1d(first.key, second.key, assume_unique=True, return_indices=True)
    return common[1], common[2]


def _count(text: Integers, gram: Integers, grams: int) -> Counts:
    key, count = np.unique(text * grams + gram, return_counts=True)
    return Counts(key=key, text=key // grams, gram=key % grams, count=count.astype(np.int64))
