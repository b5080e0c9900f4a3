from __future__ import annotations

import pytest

from rex.training.questions import encode_questions, unread

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "is", "the", "cow", "a", "sky", "##lark"]
PIECES += ["?", *"owxyz", *(f"##{letter}" for letter in "cowxyz")]


@pytest.mark.parametrize(
    ("question", "new"),
    [
        ("Is the cow a skylark?", []),
        ("Is a xyz a cow, a xyz?", ["xyz", ","]),  # spelt in letters; unknown
        ("Is the Qä or 🦄 a cow?", ["Qä", "or", "🦄"]),
    ],
)
def test_new_words(question: str, new: list[str]) -> None:
    assert unread(question, PIECES, 30) == (new, None)


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("is the cow a cow", None),
        ("is the cow a cow?", "is the cow a cow"),
        ("is  the cow a skylark", "is  the cow a"),  # half a word is none
        ("xyzxyzxyz", ""),
    ],
)
def test_what_is_read_of_a_long_question(question: str, read: str | None) -> None:
    length = 7  # five pieces, [CLS] and [SEP]
    assert unread(question, PIECES, length)[1] == read
    pieces = int(encode_questions([question], PIECES, 100).lengths[0])
    assert (read is None) == (pieces <= length)
