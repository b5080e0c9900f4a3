"""The vocabularies of answers, explanations and questions: from the training split alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from rex.errors import InputError
from rex.files import made_by, parquet_provenance, read_parquet, write_json
from rex.gqa.questions import iter_questions
from rex.tokens import is_region

SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LEAST_COUNT = 2
"""A word must be seen this often in the training questions to be a piece of its own."""

_PIECE = re.compile(r"\w+|[^\w\s]")


def build_vocabulary(
    questions: str | PathLike[str],
    explanations: str | PathLike[str],
    out: str | PathLike[str],
) -> dict[str, Any]:
    """Count answers and explanation tokens, make the questions' word pieces, and write them.

    Raises InputError when the explanations have no tokens: no question has a program, or they were
    built without regions.
    """
    answers: Counter[str] = Counter()
    question_words: Counter[str] = Counter()
    for _, record in iter_questions(questions):
        if record.answer:
            answers[record.answer] += 1
        question_words.update(question_tokens(record.question))
    words = _explanation_words(explanations)
    vocabulary = {
        "answers": _by_count(answers),
        "words": _by_count(words),
        "question_pieces": word_pieces(question_words),
    }
    settings = {
        "questions": Path(questions).name,
        "explanations": Path(explanations).name,
        "mode": parquet_provenance(explanations).get("settings", {}).get("mode"),
    }
    write_json(out, vocabulary, provenance=made_by("rex explain vocabulary", settings))
    return vocabulary


def question_tokens(question: str) -> list[str]:
    """Split a question, lower-cased, into words and punctuation, as BERT's tokeniser does first."""
    return _PIECE.findall(question.lower())


def word_pieces(words: Counter[str]) -> list[str]:
    """Return a WordPiece vocabulary in the order of its ids.

    Special pieces, every word seen often enough (by falling count, then spelling), and every
    character of the training questions, at a word's start and inside it (`##x`), with the ASCII
    letters and digits, so that no English word is unknown.
    """
    whole = [word for word, count in _by_count(words).items() if count >= LEAST_COUNT]
    ascii_characters = "abcdefghijklmnopqrstuvwxyz0123456789"
    characters = sorted({character for word in words for character in word} | {*ascii_characters})
    pieces = [*SPECIAL_PIECES, *whole, *characters, *(f"##{character}" for character in characters)]
    return list(dict.fromkeys(pieces))


def _explanation_words(path: str | PathLike[str]) -> Counter[str]:
    table = read_parquet(
        path, columns=["text"], optional=["status"], cure="make it: rex explain build"
    )
    words: Counter[str] = Counter()
    texts: Iterable[str | None] = table.column("text").to_pylist()
    for text in texts:
        if text is not None:
            words.update(token for token in text.split() if not is_region(token))
    if not words:
        problem, cure = "has no explanation tokens", "build the explanations with --regions"
        if "status" in table.column_names and "ok" not in table.column("status").to_pylist():
            problem = "explains no question"
            cure = (
                "give training questions programs (docs/new-data.md); rex explain stats says more"
            )
        raise InputError(problem, file=path, place="column text", cure=cure)
    return words


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
