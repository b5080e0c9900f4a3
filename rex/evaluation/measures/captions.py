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

from rex.arrays import Ragged
from rex.evaluation.case import TEXTS, Case, Measure, Results
from rex.evaluation.measures.ngrams import Counts, count_ngrams, read_texts, shared_entries
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
    texts: Ragged,
    grams: Sequence[tuple[Counts, Counts]],
    signature: str,
) -> dict[str, Sample]:
    """Corpus BLEU-1 to 4 with brevity penalty (Papineni et al., ACL 2002), in percent."""
    n = len(texts) // 2
    lengths = texts.lengths
    correct, guessed = np.zeros((n, _ORDER)), np.zeros((n, _ORDER))
    for k, (hypothesis, reference) in enumerate(grams):
        ours, theirs = shared_entries(hypothesis, reference)
        matches = np.minimum(hypothesis.count[ours], reference.count[theirs])
        correct[:, k] = np.bincount(hypothesis.text[ours], weights=matches, minlength=n)
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


def cider(texts: Ragged, grams: Sequence[tuple[Counts, Counts]]) -> Floats:
    """Return CIDEr-D of each pair [n], 0 to 10 (Vedantam et al., CVPR 2015).

    Document frequencies come from the references of all n pairs: the value of a pair depends on
    which others are measured with it.
    """
    n = len(texts) // 2
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


def rouge_l(texts: Ragged) -> Floats:
    """Return ROUGE-L of each pair [n], 0 to 1 (Lin, 2004), with beta 1.2 as in the library."""
    n = len(texts) // 2
    lengths = texts.lengths
    common = _common_subsequences(texts).astype(np.float64)
    precision = common / np.maximum(lengths[:n], 1)
    recall = common / np.maximum(lengths[n:], 1)
    weight = _ROUGE_BETA**2
    top = (1 + weight) * precision * recall
    return np.divide(top, recall + weight * precision, out=np.zeros(n), where=common > 0)


def _common_subsequences(texts: Ragged) -> npt.NDArray[np.int64]:
    """Return the length of the longest common subsequence of each pair [n]."""
    tokens, starts, n = texts.values.tolist(), texts.starts.tolist(), len(texts) // 2
    sides = [[tokens[starts[i] : starts[i + 1]] for i in range(k, k + n)] for k in (0, n)]
    return np.fromiter(map(_common_subsequence, *sides), dtype=np.int64, count=n)


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
