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
from rex.gqa.records import iter_question_records

SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LEAST_COUNT = 2
"""A word must be seen this often in the training questions to be a piece of its own."""

_REGION = re.compile(r"#\d+\Z")
_PIECE = re.compile(r"\w+|[^\w\s]")


def build_vocabulary(
    questions: str | PathLike[str],
    explanations: str | PathLike[str],
    out: str | PathLike[str],
    *,
    tokenizer: str | None = None,
) -> dict[str, Any]:
    """Count answers and explanation tokens, make the questions' word pieces, and write them.

    With a `tokenizer` (`read_word_pieces`) the word pieces are its own. Raises InputError, also
    when the explanations have no tokens (they were built without regions).
    """
    answers: Counter[str] = Counter()
    question_words: Counter[str] = Counter()
    for _, record in iter_question_records(questions):
        if record.answer:
            answers[record.answer] += 1
        question_words.update(question_tokens(record.question))
    words = _explanation_words(explanations)
    vocabulary = {
        "answers": _by_count(answers),
        "words": _by_count(words),
        "question_pieces": (
            read_word_pieces(tokenizer) if tokenizer else word_pieces(question_words)
        ),
    }
    settings = {
        "tokenizer": tokenizer,
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
    pieces = [*SPECIAL_PIECES, *whole, *characters, *(f"##{one}" for one in characters)]
    return list(dict.fromkeys(pieces))


def read_word_pieces(source: str) -> list[str]:
    """Read a WordPiece vocabulary in the order of its ids, as BERT's authors publish it.

    `source` is a `vocab.txt` (one piece a line), a folder with one, or a hub name. Raises
    InputError.
    """
    path = Path(source)
    if path.is_dir():
        path /= "vocab.txt"
    if not path.is_file():
        path = _from_hub(source)
    try:
        # not splitlines: pieces may be characters that Unicode counts as line ends
        pieces = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except UnicodeDecodeError:
        pieces = []
    missing = [piece for piece in SPECIAL_PIECES if piece not in pieces]
    if missing or pieces[0] != SPECIAL_PIECES[0] or len(set(pieces)) != len(pieces):
        raise InputError(
            "not a WordPiece vocabulary: one piece a line, each once, [PAD] first, and "
            f"{', '.join(SPECIAL_PIECES[1:])} among them",
            file=path,
            cure="use the vocab.txt that belongs to the pretrained backbone",
        )
    return pieces


def _from_hub(name: str) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(name, "vocab.txt"))
    # an unreachable host, an unknown name or file: all are of these
    except (OSError, ValueError) as error:
        raise InputError(
            f"no vocab.txt there ({str(error).strip().splitlines()[0]})",
            file=name,
            place="model.tokenizer",
            cure="name a vocab.txt, a folder with one, or a hub name that is reachable",
        ) from error


def _explanation_words(path: str | PathLike[str]) -> Counter[str]:
    table = read_parquet(path, columns=["text"], cure="make it: rex explain build")
    words: Counter[str] = Counter()
    texts: Iterable[str | None] = table.column("text").to_pylist()
    for text in texts:
        if text is not None:
            words.update(token for token in text.split() if not _REGION.match(token))
    if not words:
        raise InputError(
            "has no explanation tokens",
            file=path,
            place="column text",
            cure="build the explanations with --regions",
        )
    return words


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
