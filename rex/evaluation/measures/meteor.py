"""METEOR 1.5 (Denkowski and Lavie, WMT 2014), by the Java program that pycocoevalcap ships.

The program aligns the words; the score is computed from its counts here, so that it can be summed
over any sample of questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from rex.boxes import ratios
from rex.evaluation.case import TEXTS, Case, Measure, Results
from rex.evaluation.measures.captions import TOKENS
from rex.evaluation.measures.java import (
    JavaUnavailableError,
    package_file,
    run_java,
    small_collector,
)
from rex.evaluation.measures.published_texts import published_texts
from rex.evaluation.scores import Floats, Sample

# METEOR 1.5's weights for English: exact, stem, synonym, paraphrase matches; then its parameters
_STAGE_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75
_FIELDS = 23

_REGION = re.compile(r"(?<!\S)#(\d+)(?!\S)")
_CELL = re.compile(r"(?<!\S)@(\d+)(?!\S)")


def meteor_score(statistics: Floats) -> Floats:
    """Return METEOR in percent from (sums of) the program's counts [..., 23]."""
    test_length, reference_length, test_function, reference_function = np.moveaxis(
        statistics[..., :4], -1, 0
    )
    stages = statistics[..., 4:20].reshape(*statistics.shape[:-1], 4, 4)
    # of each stage: content words of test and reference, function words of test and reference
    weighted = np.einsum("...sf,s->...f", stages, _STAGE_WEIGHTS)
    precision = ratios(
        _DELTA * weighted[..., 0] + (1 - _DELTA) * weighted[..., 2],
        _DELTA * (test_length - test_function) + (1 - _DELTA) * test_function,
    )
    recall = ratios(
        _DELTA * weighted[..., 1] + (1 - _DELTA) * weighted[..., 3],
        _DELTA * (reference_length - reference_function) + (1 - _DELTA) * reference_function,
    )
    mean = ratios(precision * recall, _ALPHA * precision + (1 - _ALPHA) * recall)
    chunks, test_words, reference_words = np.moveaxis(statistics[..., 20:], -1, 0)
    fragmentation = ratios(2 * chunks, test_words + reference_words)
    return np.asarray(100 * mean * (1 - _GAMMA * fragmentation**_BETA))


def meteor_statistics(hypotheses: Sequence[str], references: Sequence[str]) -> Floats:
    """Return the counts of METEOR's alignment of each pair [n, 23].

    Raises JavaUnavailableError at once when Java or pycocoevalcap is missing, or when it fails.
    """
    jar = package_file("meteor", "meteor-1.5.jar")
    if not hypotheses:
        return np.zeros((0, _FIELDS))
    options = ["-jar", str(jar), "-", "-", "-stdio", "-l", "en", "-norm"]
    lines = [
        f"SCORE ||| {_plain(reference)} ||| {_plain(hypothesis)}"
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]
    rows = [line.split() for line in run_java([*small_collector(), *options], lines) if line]
    if len(rows) != len(lines) or {len(row) for row in rows} != {_FIELDS}:
        raise JavaUnavailableError("not computed: METEOR's program answered in an unknown form")
    statistics = np.array(rows, dtype=np.float64)
    # where a text is its reference there is no fragmentation, and METEOR sums none up
    lengths, matches, chunks = statistics[:, :2], statistics[:, 21:], statistics[:, 20]
    chunks[(chunks == 1) & (lengths == matches).all(axis=1)] = 0
    return statistics


def whole_regions(text: str) -> str:
    """Return `text` with tokens that METEOR's own tokeniser would split written as one word."""
    return _CELL.sub(r"cell\1", _REGION.sub(r"region\1", text))


def _plain(text: str) -> str:
    return " ".join(text.replace("|||", " ").split())


def counts(case: Case) -> tuple[Floats, Floats]:
    """Return METEOR's counts of a case's explanations, and of them as the published code has them.

    The latter are none unless asked for. Both come from one start of the program, which takes
    seconds to read its paraphrases. Raises JavaUnavailableError.
    """
    ours, theirs = (
        [whole_regions(t) for t in texts] for texts in (case.hypotheses, case.references)
    )
    count = len(ours)
    if case.inputs.compat:
        with suppress(JavaUnavailableError):  # which the published measures say themselves
            published = case.once(published_texts)
            ours, theirs = [*ours, *published.ours], [*theirs, *published.theirs]
    found = meteor_statistics(ours, theirs)
    return found[:count], found[count:]


def _meteor(case: Case) -> Results:
    sample = Sample(
        rows=case.true.rows,
        statistics=case.once(counts)[0],
        summary=meteor_score,
        signature=f"tok:{TOKENS}|meteor:1.5",
    )
    return {"meteor": sample}


MEASURES = (
    Measure(
        names=("meteor",),
        labels=("METEOR",),
        needs=(*TEXTS, "METEOR"),
        compute=_meteor,
        paired={"meteor": meteor_score},
        summary="METEOR 1.5, by its Java program",
    ),
)
