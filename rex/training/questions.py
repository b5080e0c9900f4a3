"""Questions as word pieces (WordPiece, Wu et al. 2016, as BERT uses it)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rex.arrays import Ragged

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHUNK = 10_000
"""Questions encoded at once: an encoding takes a hundred times the memory of its ids."""


def encode_questions(questions: Sequence[str], pieces: Sequence[str], length: int) -> Ragged:
    """Return the ids of each question's word pieces, [CLS] and [SEP] around them.

    `pieces` is the WordPiece vocabulary in the order of its ids, with [PAD] first; lower case and
    accents are folded as in BERT's uncased vocabulary. A question keeps at most `length` ids.
    """
    tokenizer = _tokenizer(pieces)
    tokenizer.enable_truncation(length)
    return Ragged.of(
        encoding.ids
        for start in range(0, len(questions), _CHUNK)
        for encoding in tokenizer.encode_batch(list(questions[start : start + _CHUNK]))
    )


def name_pieces(names: Sequence[str], pieces: Sequence[str]) -> list[list[int]]:
    """Return the ids of each name's word pieces, nothing around them."""
    encoded = _tokenizer(pieces).encode_batch(list(names), add_special_tokens=False)
    return [encoding.ids for encoding in encoded]


def unread(question: str, pieces: Sequence[str], length: int) -> tuple[list[str], str | None]:
    """Return what a run with this vocabulary cannot make sense of in a question.

    First the words that no training question held: they are unknown, or spelt in single letters.
    Then the whole words that are read of it, where it has more than `length` pieces (else None).
    """
    encoding = _tokenizer(pieces).encode(question)
    words: dict[int, list[int]] = {}
    for place, word in enumerate(encoding.word_ids):
        if word is not None:
            words.setdefault(word, []).append(place)

    def text(places: Sequence[int]) -> str:
        return question[encoding.offsets[places[0]][0] : encoding.offsets[places[-1]][1]]

    def spelt(places: Sequence[int]) -> bool:
        pieces = [encoding.tokens[place].removeprefix("##") for place in places]
        return pieces[0] == "[UNK]" or (len(pieces) > 1 and all(len(one) == 1 for one in pieces))

    new = [text(places) for places in words.values() if spelt(places)]
    if len(encoding.ids) <= length:
        return list(dict.fromkeys(new)), None
    # the last piece that is kept is [SEP]
    ends = [encoding.offsets[places[-1]][1] for places in words.values() if places[-1] < length - 1]
    return list(dict.fromkeys(new)), question[: max(ends, default=0)]


def _tokenizer(pieces: Sequence[str]) -> Tokenizer:
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing

    ids = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    return tokenizer
