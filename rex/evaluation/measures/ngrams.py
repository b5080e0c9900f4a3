"""Counts of n-grams of many short texts at once, as arrays.

Tokens become integers, an n-gram is the pair of its first n-1 tokens (one integer) and its last
token, numbered again: exact, and without a Python object for each n-gram, which is what makes
caption measures slow on a whole split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rex.arrays import Integers, Ragged


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


def read_texts(hypotheses: Sequence[str], references: Sequence[str]) -> Ragged:
    """Number the blank-separated tokens of both sides [n]; `#12` and `@3` are one token each.

    Of the 2n texts, the hypotheses come first.
    """
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    numbers: dict[str, int] = {}
    words = (text.split() for side in (hypotheses, references) for text in side)
    return Ragged.of(
        ([numbers.setdefault(word, len(numbers)) for word in text] for text in words), np.int64
    )


def count_ngrams(texts: Ragged, order: int) -> list[tuple[Counts, Counts]]:
    """Return for 1-grams, 2-grams, … `order`-grams the counts of (hypotheses, references)."""
    n = len(texts) // 2
    text_of = np.repeat(np.arange(2 * n, dtype=np.int64), texts.lengths)
    ends = texts.starts[text_of + 1] if len(text_of) else text_of
    position = np.arange(len(texts.values), dtype=np.int64)
    gram = texts.values
    span = int(texts.values.max(initial=0)) + 1
    found = []
    for length in range(1, order + 1):
        if length > 1:
            kept = position + length <= ends
            position, ends, text_of, gram = position[kept], ends[kept], text_of[kept], gram[kept]
            last = texts.values[position + length - 1]
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
