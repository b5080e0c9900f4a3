"""Explanations as the published code tokenises them, by a Java program of pycocoevalcap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rex.evaluation.case import Case
from rex.evaluation.measures.java import package_file, run_java

PUNCTUATION = frozenset(
    {"''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-"}
    | {".", "?", "!", ",", ":", "-", "--", "...", ";"}
)
"""What pycocoevalcap removes after tokenising."""


@dataclass(frozen=True)
class PublishedTexts:
    """Texts of explanations and of true ones, those left out whose explanation is empty."""

    kept: list[int]
    """Which of the `count` explanations are there."""
    ours: list[str]
    theirs: list[str]
    count: int


def published_texts(case: Case) -> PublishedTexts:
    """Tokenise explanations and true ones, for `case.once`. Raises JavaUnavailableError."""
    hypotheses, references = case.hypotheses, case.references
    kept = [i for i, text in enumerate(hypotheses) if text.strip()]
    tokenised = ptb_tokens([*(hypotheses[i] for i in kept), *(references[i] for i in kept)])
    return PublishedTexts(kept, tokenised[: len(kept)], tokenised[len(kept) :], len(hypotheses))


def ptb_tokens(texts: Sequence[str]) -> list[str]:
    """Return texts as pycocoevalcap tokenises them: in lower case, without punctuation.

    Raises JavaUnavailableError.
    """
    if not texts:
        return []
    jar = package_file("tokenizer", "stanford-corenlp-3.4.1.jar")
    tokenizer = "edu.stanford.nlp.process.PTBTokenizer"
    lines = run_java(
        ["-cp", str(jar), tokenizer, "-preserveLines", "-lowerCase"],
        [" ".join(text.split()) for text in texts],
    )
    # the tokeniser leaves out empty lines at the end
    lines += [""] * (len(texts) - len(lines))
    return [" ".join(word for word in line.split() if word not in PUNCTUATION) for line in lines]
