"""Caption measures of explanations: BLEU-1 to 4, ROUGE-L, CIDEr.

The definitions, constants included, are those of pycocoevalcap 1.2 (the COCO caption evaluation),
with one reference for each question. Texts are blank-separated tokens already, so no tokeniser
runs: `#12` and `@3` are one token each. An empty explanation scores 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rex.arrays import Integers, Ragged
from rex.evaluation.case import TEXTS, Case, Measure, Results, parts
from rex.evaluation.scores import Floats, Sample, mean_percent, mean_sample, samples_of

_ORDER = 4
_CIDER_SIGMA = 6.0
_ROUGE_BETA = 1.2
# pycocoevalcap's guards against a division by zero; they show in scores of very small corpora
_SMALL, _TINY = 1e-9, 1e-15

CIDER_UNIT = "library value x 100"
TOKENS = "blank"
"""The tokenisation, in signatures."""


def caption_samples(
    rows: npt.ArrayLike, hypotheses: Sequence[str], references: Sequence[str]
) -> dict[str, Sample]:
    """Measure explanations against the true ones.

    `rows` [n] are the questions' positions; `hypotheses` and `references` [n] their texts. Returns
    the samples `bleu1` … `bleu4`, `rouge-l`, `cider`.
    """
    texts = read_texts(hypotheses, references)
    grams = count_ngrams(texts, _ORDER)
    places = np.asarray(rows, dtype=np.int64)
    signature = f"tok:{TOKENS}|as:pycocoevalcap-1.2"
    samples = bleu_samples(places, texts, grams, signature)
    samples["rouge-l"] = mean_sample(places, rouge_l(texts), signature=signature)
    samples["cider"] = mean_sample(places, cider(texts, grams), signature=signature)
    return samples


class Grams(NamedTuple):
    """How often the n-grams of one order occur in the two texts of each question.

    Entry e says that the hypothesis of question `pair[e]` holds n-gram `gram[e]` `ours[e]` times,
    its reference `theirs[e]` times; entries are sorted by both.
    """

    pair: Integers
    gram: Integers
    ours: Integers
    theirs: Integers


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


def count_ngrams(texts: Ragged, order: int) -> list[Grams]:
    """Return the counts of 1-grams, 2-grams, … `order`-grams.

    An n-gram is the pair of its first n-1 tokens (one integer) and its last token, numbered again:
    exact, and without a Python object for each n-gram, which is what makes caption measures slow on
    a whole split.
    """
    n = len(texts) // 2
    text_of = np.repeat(np.arange(2 * n, dtype=np.int64), texts.lengths)
    ends = texts.starts[text_of + 1]
    position = np.arange(len(texts.values), dtype=np.int64)
    gram = texts.values
    span = int(texts.values.max(initial=0)) + 1
    found = []
    for length in range(1, order + 1):
        if length > 1:
            kept = position + length <= ends
            position, ends, text_of, gram = position[kept], ends[kept], text_of[kept], gram[kept]
            last = texts.values[position + length - 1]
            gram = np.unique(gram * span + last, return_inverse=True)[1]
        grams = int(gram.max(initial=0)) + 1
        is_reference = text_of >= n
        keys, entry = np.unique((text_of - n * is_reference) * grams + gram, return_inverse=True)
        ours, theirs = (
            np.bincount(entry[side], minlength=len(keys)) for side in (~is_reference, is_reference)
        )
        found.append(Grams(keys // grams, keys % grams, ours, theirs))
    return found


def bleu_samples(
    rows: npt.NDArray[np.int64], texts: Ragged, grams: Sequence[Grams], signature: str
) -> dict[str, Sample]:
    """Corpus BLEU-1 to 4 with brevity penalty (Papineni et al., ACL 2002), in percent."""
    n = len(texts) // 2
    lengths = texts.lengths
    correct, guessed = np.zeros((n, _ORDER)), np.zeros((n, _ORDER))
    for k, (pair, _, ours, theirs) in enumerate(grams):
        correct[:, k] = np.bincount(pair, weights=np.minimum(ours, theirs), minlength=n)
        guessed[:, k] = np.maximum(lengths[:n] - k, 0)
    statistics = np.column_stack([lengths[:n], lengths[n:], correct, guessed]).astype(np.float64)
    summaries = {f"bleu{order}": partial(bleu, order=order) for order in range(1, _ORDER + 1)}
    return samples_of(rows, statistics, summaries, signature=signature)


def bleu(sums: Floats, order: int) -> Floats:
    """Return BLEU in percent from sums [..., 10]: both lengths, matches and guesses by order."""
    correct, guessed = sums[..., 2 : 2 + order], sums[..., 2 + _ORDER : 2 + _ORDER + order]
    precision = np.prod((correct + _TINY) / (guessed + _SMALL), axis=-1)
    ratio = (sums[..., 0] + _TINY) / (sums[..., 1] + _SMALL)
    penalty = np.exp(np.minimum(0.0, 1 - 1 / ratio))
    return np.asarray(100 * precision ** (1 / order) * penalty)


def cider(texts: Ragged, grams: Sequence[Grams]) -> Floats:
    """Return CIDEr-D of each pair [n], 0 to 10 (Vedantam et al., CVPR 2015).

    Document frequencies come from the references of all n pairs: the value of a pair depends on
    which others are measured with it.
    """
    n = len(texts) // 2
    total = np.zeros(n)
    # the library counts a text's length in bigrams
    bigrams = np.maximum(texts.lengths - 1, 0)
    penalty = np.exp(-((bigrams[:n] - bigrams[n:]) ** 2) / (2 * _CIDER_SIGMA**2))
    for pair, gram, ours, theirs in grams:
        frequency = np.bincount(gram, weights=theirs > 0)
        rarity = (np.log(max(n, 1)) - np.log(np.maximum(frequency, 1)))[gram]
        wanted, said = theirs * rarity, ours * rarity
        # "-D": a repeated n-gram earns no more than the reference has of it
        similarity = np.bincount(pair, weights=np.minimum(said, wanted) * wanted, minlength=n)
        norms = np.sqrt(
            np.bincount(pair, weights=said**2, minlength=n)
            * np.bincount(pair, weights=wanted**2, minlength=n)
        )
        total += np.divide(similarity, norms, out=np.zeros(n), where=norms > 0)
    return np.asarray(10 * total / _ORDER * penalty)


def rouge_l(texts: Ragged) -> Floats:
    """Return ROUGE-L of each pair [n], 0 to 1 (Lin, 2004), with beta 1.2 as in the library."""
    tokens, starts, n = texts.values.tolist(), texts.starts.tolist(), len(texts) // 2
    sides = [[tokens[starts[i] : starts[i + 1]] for i in range(k, k + n)] for k in (0, n)]
    common = np.fromiter(map(_common_subsequence, *sides), dtype=np.float64, count=n)
    lengths = texts.lengths
    precision = common / np.maximum(lengths[:n], 1)
    recall = common / np.maximum(lengths[n:], 1)
    weight = _ROUGE_BETA**2
    top = (1 + weight) * precision * recall
    return np.divide(top, recall + weight * precision, out=np.zeros(n), where=common > 0)


def _common_subsequence(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the length of the longest common subsequence of two texts.

    Bit-parallel (Crochemore et al., 2001): one number holds a row of the table, a bit for each
    token of `second`.
    """
    places: dict[int, int] = {}
    for place, token in enumerate(second):
        places[token] = places.get(token, 0) | 1 << place
    row = every = (1 << len(second)) - 1
    for token in first:
        both = row & places.get(token, 0)
        row = (row + both | row - both) & every
    return len(second) - row.bit_count()


def _samples(case: Case) -> Results:
    return caption_samples(case.true.rows, case.hypotheses, case.references)


_ORDERS = tuple(f"bleu{order}" for order in range(1, _ORDER + 1))

BLEU = (
    Measure(
        names=_ORDERS,
        labels=("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4"),
        needs=TEXTS,
        compute=parts(_samples, *_ORDERS),
        paired={"bleu4": partial(bleu, order=_ORDER)},
        summary="BLEU of pycocoevalcap 1.2 (the COCO caption evaluation), over the whole split",
    ),
)
MEASURES = (
    Measure(
        names=("rouge-l",),
        labels=("ROUGE-L",),
        needs=TEXTS,
        compute=parts(_samples, "rouge-l"),
        paired={"rouge-l": mean_percent},
        summary="ROUGE-L of pycocoevalcap 1.2, with beta 1.2",
    ),
    Measure(
        names=("cider",),
        labels=("CIDEr",),
        needs=TEXTS,
        unit=CIDER_UNIT,
        compute=parts(_samples, "cider"),
        paired={"cider": mean_percent},
        summary="CIDEr-D of pycocoevalcap 1.2: the library's value (0 to 10) times 100",
    ),
)
