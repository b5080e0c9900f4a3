"""Caption measures of explanations: BLEU-1 to 4, ROUGE-L, CIDEr.

The definitions, constants included, are those of pycocoevalcap 1.2 (the COCO caption evaluation),
with one reference for each question. Texts are blank-separated tokens already, so no tokeniser
runs: `#12` and `@3` are one token each. An empty explanation scores 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from rex.evaluation.case import TEXTS, Case, Measure, Results
from rex.evaluation.measures.ngrams import Counts, Texts, count_ngrams, read_texts, shared_entries
from rex.evaluation.scores import Floats, Sample, mean_percent, mean_sample

_ORDER = 4
_CIDER_SIGMA = 6.0
_ROUGE_BETA = 1.2
# pycocoevalcap's guards against a division by zero; they show in scores of very small corpora
_SMALL, _TINY = 1e-9, 1e-15
_WORD_BITS = 64

CIDER_UNIT = "library value x 100"
TOKENS = "blank"
"""The tokenisation, in signatures."""


def caption_samples(
    rows: npt.ArrayLike, hypotheses: Sequence[str], references: Sequence[str], *, tokens: str
) -> dict[str, Sample]:
    """Measure explanations against the true ones.

    `rows` [n] are the questions' positions; `hypotheses` and `references` [n] their texts; `tokens`
    names the tokenisation in the signatures. Returns the samples `bleu1` … `bleu4`, `rouge-l`,
    `cider`.
    """
    texts = read_texts(hypotheses, references)
    grams = count_ngrams(texts, _ORDER)
    places = np.asarray(rows, dtype=np.int64)
    signature = f"tok:{tokens}|as:pycocoevalcap-1.2"
    samples = bleu_samples(places, texts, grams, signature)
    samples["rouge-l"] = mean_sample(places, rouge_l(texts), signature=signature)
    samples["cider"] = mean_sample(places, cider(texts, grams), signature=signature)
    return samples


def bleu_samples(
    rows: npt.NDArray[np.int64],
    texts: Texts,
    grams: Sequence[tuple[Counts, Counts]],
    signature: str,
) -> dict[str, Sample]:
    """Corpus BLEU-1 to 4 with brevity penalty (Papineni et al., ACL 2002), in percent."""
    n = texts.pairs
    lengths = texts.lengths
    correct, guessed = np.zeros((n, _ORDER)), np.zeros((n, _ORDER))
    for k, (hypothesis, reference) in enumerate(grams):
        ours, theirs = shared_entries(hypothesis, reference)
        matches = np.minimum(hypothesis.count[ours], reference.count[theirs])
        correct[:, k] = np.bincount(hypothesis.text[ours], weights=matches, minlength=n)
        guessed[:, k] = np.maximum(lengths[:n] - k, 0)
    statistics = np.column_stack([lengths[:n], lengths[n:], correct, guessed]).astype(np.float64)

    def summary(order: int) -> Sample:
        return Sample(
            rows=rows,
            statistics=statistics,
            summary=lambda sums: bleu(sums, order),
            signature=signature,
        )

    return {f"bleu{order}": summary(order) for order in range(1, _ORDER + 1)}


def bleu(sums: Floats, order: int) -> Floats:
    """Return BLEU in percent from sums [..., 10]: both lengths, matches and guesses by order."""
    correct, guessed = sums[..., 2 : 2 + order], sums[..., 2 + _ORDER : 2 + _ORDER + order]
    precision = np.prod((correct + _TINY) / (guessed + _SMALL), axis=-1)
    ratio = (sums[..., 0] + _TINY) / (sums[..., 1] + _SMALL)
    penalty = np.exp(np.minimum(0.0, 1 - 1 / ratio))
    return np.asarray(100 * precision ** (1 / order) * penalty)


def cider(texts: Texts, grams: Sequence[tuple[Counts, Counts]]) -> Floats:
    """Return CIDEr-D of each pair [n], 0 to 10 (Vedantam et al., CVPR 2015).

    Document frequencies come from the references of all n pairs: the value of a pair depends on
    which others are measured with it.
    """
    n = texts.pairs
    total = np.zeros(n)
    # the library counts a text's length in bigrams
    bigrams = np.maximum(texts.lengths - 1, 0)
    penalty = np.exp(-((bigrams[:n] - bigrams[n:]) ** 2) / (2 * _CIDER_SIGMA**2))
    for hypothesis, reference in grams:
        size = max(int(side.gram.max(initial=-1)) for side in (hypothesis, reference)) + 1
        frequency = np.bincount(reference.gram, minlength=size)
        rarity = np.log(max(n, 1)) - np.log(np.maximum(frequency, 1))
        ours = hypothesis.count * rarity[hypothesis.gram]
        theirs = reference.count * rarity[reference.gram]
        left, right = shared_entries(hypothesis, reference)
        # "-D": a repeated n-gram earns no more than the reference has of it
        product = np.minimum(ours[left], theirs[right]) * theirs[right]
        similarity = np.bincount(hypothesis.text[left], weights=product, minlength=n)
        norms = np.sqrt(
            np.bincount(hypothesis.text, weights=ours**2, minlength=n)
            * np.bincount(reference.text, weights=theirs**2, minlength=n)
        )
        total += np.divide(similarity, norms, out=np.zeros(n), where=norms > 0)
    return np.asarray(10 * total / _ORDER * penalty)


def rouge_l(texts: Texts) -> Floats:
    """Return ROUGE-L of each pair [n], 0 to 1 (Lin, 2004), with beta 1.2 as in the library."""
    n = texts.pairs
    lengths = texts.lengths
    common = _common_subsequence(texts).astype(np.float64)
    precision = common / np.maximum(lengths[:n], 1)
    recall = common / np.maximum(lengths[n:], 1)
    weight = _ROUGE_BETA**2
    top = (1 + weight) * precision * recall
    return np.divide(top, recall + weight * precision, out=np.zeros(n), where=common > 0)


def _common_subsequence(texts: Texts, chunk: int = 8192) -> npt.NDArray[np.int64]:
    """Return the length of the longest common subsequence of each pair [n].

    Bit-parallel (Crochemore et al., 2001): one machine word holds a row of the table, so each step
    of the loop treats a token of every hypothesis of a chunk.
    """
    n = texts.pairs
    lengths = texts.lengths
    found = np.zeros(n, dtype=np.int64)
    fits = lengths[n:] < _WORD_BITS
    # alike in length, so that padding is cheap
    order = np.flatnonzero(fits)[np.argsort(lengths[:n][fits], kind="stable")]
    for begin in range(0, len(order), chunk):
        pairs = order[begin : begin + chunk]
        # two different paddings: they match neither a token nor each other
        ours = _padded(texts, pairs, -1)
        theirs = _padded(texts, pairs + n, -2)
        row = np.full(len(pairs), ~np.uint64(0), dtype=np.uint64)
        bits = np.uint64(1) << np.arange(theirs.shape[1], dtype=np.uint64)
        for token in ours.T:
            matches = ((theirs == token[:, None]) * bits).sum(axis=1, dtype=np.uint64)
            both = row & matches
            row = (row + both) | (row - both)
        mask = (np.uint64(1) << lengths[pairs + n].astype(np.uint64)) - np.uint64(1)
        found[pairs] = np.bitwise_count(~row & mask)
    for pair in np.flatnonzero(~fits):
        found[pair] = _long_common_subsequence(
            texts.tokens[texts.starts[pair] : texts.starts[pair + 1]].tolist(),
            texts.tokens[texts.starts[pair + n] : texts.starts[pair + n + 1]].tolist(),
        )
    return found


def _padded(texts: Texts, which: npt.NDArray[np.int64], padding: int) -> npt.NDArray[np.int64]:
    """Return the tokens of the texts `which` [m] as [m, longest], filled up with `padding`."""
    lengths = texts.lengths[which]
    columns = np.arange(lengths.max(initial=0))
    places = texts.starts[which][:, None] + columns
    inside = columns < lengths[:, None]
    if not len(texts.tokens):
        return np.full(inside.shape, padding, dtype=np.int64)
    return np.where(inside, texts.tokens[np.minimum(places, len(texts.tokens) - 1)], padding)


def _long_common_subsequence(first: list[int], second: list[int]) -> int:
    """Return the length of the longest common subsequence of two texts of any length."""
    previous = [0] * (len(second) + 1)
    for token in first:
        current = [0]
        for column, other in enumerate(second):
            best = max(previous[column + 1], current[column])
            current.append(previous[column] + 1 if token == other else best)
        previous = current
    return previous[-1]


def _samples(case: Case) -> Results:
    return caption_samples(case.true.rows, case.hypotheses, case.references, tokens=TOKENS)


def _of(*names: str) -> Callable[[Case], Results]:
    return lambda case: {name: case.once(_samples)[name] for name in names}


_ORDERS = tuple(f"bleu{order}" for order in range(1, _ORDER + 1))

BLEU = (
    Measure(
        names=_ORDERS,
        labels=("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4"),
        needs=TEXTS,
        compute=_of(*_ORDERS),
        paired={"bleu4": partial(bleu, order=_ORDER)},
        summary="BLEU of pycocoevalcap 1.2 (the COCO caption evaluation), over the whole split",
    ),
)
MEASURES = (
    Measure(
        names=("rouge-l",),
        labels=("ROUGE-L",),
        needs=TEXTS,
        compute=_of("rouge-l"),
        paired={"rouge-l": mean_percent},
        summary="ROUGE-L of pycocoevalcap 1.2, with beta 1.2",
    ),
    Measure(
        names=("cider",),
        labels=("CIDEr",),
        needs=TEXTS,
        unit=CIDER_UNIT,
        compute=_of("cider"),
        paired={"cider": mean_percent},
        summary="CIDEr-D of pycocoevalcap 1.2: the library's value (0 to 10) times 100",
    ),
)
