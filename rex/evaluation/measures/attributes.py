"""Attribute recall: does an explanation say the words that its question is about?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache

import numpy as np
import numpy.typing as npt

from rex.evaluation.case import TEXTS, Case, Measure, Results
from rex.evaluation.reading.asked_words import CATEGORIES, RELATION, AskedWords
from rex.evaluation.scores import Floats, Sample, mean_percent

PAPER_CATEGORIES = (*CATEGORIES.values(), RELATION)
"""The paper's eight categories."""

Phrase = tuple[str, ...]
Expected = Mapping[str, Set[Phrase]]
"""The words that an explanation should say, by category."""


def expected_words(asked: Sequence[AskedWords], references: Sequence[str]) -> list[Expected]:
    """Return the words that each explanation should say [n], by category.

    `asked` [n] are what the questions' programs name, `references` [n] the true explanations.
    Expected are the words of the categories that a program names, and the relations that it
    follows, as far as the true explanation says them; each once.
    """
    phrases = {name: _by_first_word(_category_words(name)) for name in CATEGORIES.values()}
    relations = cache(_by_first_word)
    found: list[Expected] = []
    for words, reference in zip(asked, references, strict=True):
        true = reference.split()
        expected = {name: _within(true, phrases[name]) for name in sorted(words.categories)}
        if words.relations:
            expected[RELATION] = _within(true, relations(words.relations))
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
            hits = sum(matches(hypothesis, phrase) for phrase in wanted)
            found[name].append((row, hits, len(wanted)))
    return {f"attributes/{name}": _sample(found[name], match) for name in PAPER_CATEGORIES}


def says(words: Sequence[str], phrase: Phrase) -> bool:
    """Return whether the words of `phrase` stand in `words`, in a row."""
    size = len(phrase)
    if size == 1:
        return phrase[0] in words
    return any(tuple(words[i : i + size]) == phrase for i in range(len(words) - size + 1))


def _beside_a_blank(text: str, phrase: Phrase) -> bool:
    letters = " ".join(phrase)
    return f" {letters}" in text or f"{letters} " in text


MATCHES: Mapping[str, Callable[[str, Phrase], bool]] = {
    "words": lambda text, phrase: says(text.split(), phrase),
    "beside a blank": _beside_a_blank,
    "letters": lambda text, phrase: " ".join(phrase) in text,
}
"""When an explanation says a phrase: as whole words in a row; with a blank before its letters or
after them (REX's public code); with its letters anywhere (VCIN's)."""


def _sample(found: Sequence[tuple[int, int, int]], match: str) -> Sample:
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Sample(
        rows=table[:, 0],
        statistics=table[:, 1:].astype(np.float64),
        summary=_recall,
        signature=f"match:{match}|words:{int(table[:, 2].sum())}",
    )


def _recall(sums: Floats) -> Floats:
    return 100 * sums[..., 0] / sums[..., 1]


def _category_words(name: str) -> Iterable[str]:
    from rex.gqa.ontology import CATEGORY_WORDS

    (gqa_name,) = [key for key, paper_name in CATEGORIES.items() if paper_name == name]
    return CATEGORY_WORDS[gqa_name]


def _by_first_word(texts: Iterable[str]) -> dict[str, list[Phrase]]:
    """Return phrases by their first word, the longest first."""
    phrases: dict[str, list[Phrase]] = {}
    for text in sorted(texts):
        phrase = tuple(text.split())
        phrases.setdefault(phrase[0], []).append(phrase)
    return {word: sorted(some, key=len, reverse=True) for word, some in phrases.items()}


def _within(words: Sequence[str], phrases: dict[str, list[Phrase]]) -> set[Phrase]:
    """Return the phrases that stand in `words`; of two that start together the longer one."""
    found = set()
    place = 0
    while place < len(words):
        for phrase in phrases.get(words[place], ()):
            if tuple(words[place : place + len(phrase)]) == phrase:
                found.add(phrase)
                place += len(phrase) - 1
                break
        place += 1
    return found


def case_words(case: Case) -> list[Expected]:
    """Return the words that the explanations of the m explained questions should say."""
    return expected_words([case.questions.asked[row] for row in case.true.rows], case.references)


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
