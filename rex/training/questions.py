"""Questions as word pieces (WordPiece, Wu et al. 2016, as BERT uses it)."""

from __future__ import annotations

from collections.abc import Sequence

from rex.training.ragged import Ragged

_CHUNK = 10_000
"""Questions encoded at once: an encoding takes a hundred times the memory of its ids."""


def encode_questions(questions: Sequence[str], pieces: Sequence[str], length: int) -> Ragged:
    """Return the ids of each question's word pieces, [CLS] and [SEP] around them.

    `pieces` is the WordPiece vocabulary in the order of its ids, with [PAD] first; lower case and
    accents are folded as in BERT's uncased vocabulary. A question keeps at most `length` ids.
    """
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
    tokenizer.enable_truncation(length)
    return Ragged.of(
        encoding.ids
        for start in range(0, len(questions), _CHUNK)
        for encoding in tokenizer.encode_batch(list(questions[start : start + _CHUNK]))
    )
