"""Attribute recall: does an explanation say the words that its question is about?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache

import numpy as np
import numpy.typing as npt

from rex.evaluation.case import TEXTS, Case, Measure, Results
from rex.evaluation.reading.asked_words import CATEGORIES, RELATION, AskedWords, asked_words
from rex.evaluation.scores import Sample, mean_percent, mean_sample
from rex.gqa.ontology import CATEGORY_WORDS

PAPER_CATEGORIES = (*CATEGORIES.values(), RELATION)
"""The paper's eight categories."""

Expected = Mapping[str, Set[str]]
"""The words that an explanation should say, by category."""


def expected_words(asked: Iterable[AskedWords], references: Sequence[str]) -> list[Expected]:
    """Return the words that each explanation should say [n], by category.

    `asked` [n] are what the questions' programs name, `references` [n] the true explanations.
    Expected are the words of the categories that a program names, and the relations that it
    follows, as far as the true explanation says them; each once.
    """
    known = {name: _finder(CATEGORY_WORDS[of_gqa]) for of_gqa, name in CATEGORIES.items()}
    relations = cache(_finder)
    found: list[Expected] = []
    for words, reference in zip(asked, references, strict=True):
        text = " ".join(reference.split())
        expected = {name: set(known[name].findall(text)) for name in sorted(words.categories)}
        if words.relations:
            expected[RELATION] = set(relations(words.relations).findall(text))
        found.append({name: wanted for name, wanted in expected.items() if wanted})
    return found


def attribute_samples(
    rows: npt.ArrayLike,
    expected: Sequence[Expected],
    hypotheses: Sequence[str],
    *,
    match: str = "words",
) -> dict[str, Sample]:
    """Return `attributes/<category>`: the recall of the category's words, in percent.

    `rows` [n] are the positions of the questions, `expected` [n] what their explanations
    `hypotheses` [n] should say, by one of `MATCHES`. The signature says how many words there are.
    """
    matches = MATCHES[match]
    found: dict[str, list[tuple[int, int, int]]] = {name: [] for name in PAPER_CATEGORIES}
    places = np.asarray(rows, dtype=np.int64).tolist()
    for row, categories, hypothesis in zip(places, expected, hypotheses, strict=True):
        for name, wanted in categories.items():
            said = sum(matches(hypothesis, phrase) for phrase in wanted)
            found[name].append((row, said, len(wanted)))
    samples = {}
    for name, table in found.items():
        about, hits, counts = np.array(table, dtype=np.int64).reshape(-1, 3).T
        signature = f"match:{match}|words:{counts.sum()}"
        samples[f"attributes/{name}"] = mean_sample(about, hits, counts=counts, signature=signature)
    return samples


MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "words": lambda text, phrase: f" {phrase} " in f" {' '.join(text.split())} ",
    "beside a blank": lambda text, phrase: f" {phrase}" in text or f"{phrase} " in text,
    "letters": lambda text, phrase: phrase in text,
}
"""When an explanation says a phrase: as whole words in a row; with a blank before its letters or
after them (REX's public code); with its letters anywhere (VCIN's)."""


def _finder(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return what finds phrases, as whole words; of two that start together the longer one."""
    longest_first = sorted((" ".join(one.split()) for one in phrases), key=len, reverse=True)
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)")


def case_words(case: Case) -> list[Expected]:
    """Return the words that the explanations of the m explained questions should say."""
    programs = case.questions.programs
    return expected_words((asked_words(programs[row]) for row in case.true.rows), case.references)


def _attributes(case: Case) -> Results:
    return attribute_samples(case.true.rows, case.once(case_words), case.hypotheses)


_NAMES = tuple(f"attributes/{category}" for category in PAPER_CATEGORIES)

MEASURES = (
    Measure(
        names=_NAMES,
        labels=tuple(category.capitalize() for category in PAPER_CATEGORIES),
        needs=TEXTS,
        compute=_attributes,
        paired=dict.fromkeys(_NAMES, mean_percent),
        summary="attribute recall: of the words of the category that an explanation should say, "
        "the share that it does, as whole words in a row",
    ),
)
