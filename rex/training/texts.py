"""Questions and explanations as a run reads them: word pieces, tokens, regions by name."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING

from rex.arrays import Ragged
from rex.errors import InputError
from rex.files import parquet_provenance, read_parquet
from rex.models.vocabulary import Vocabulary
from rex.regions.store import RegionStore, comparable_signature
from rex.tokens import is_region, region_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from rex.gqa.questions import Question

File = str | PathLike[str]

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


_NAMELESS = "object"
"""A region that the detector gave no class."""


def check_classes(store: RegionStore) -> None:
    """Raise InputError when the store says of no region what it shows."""
    if store.object_ids.max(initial=-1) < 0:
        raise InputError(
            "its regions have no classes, and this method reads or writes what they are called",
            file=store.path,
            cure="take another method, or set methods.<method>.tags to false where it has tags; "
            "docs/regions.md says which features have classes",
        )


def region_names(store: RegionStore) -> dict[str, list[str]]:
    """Return image id to what each of its regions is called.

    Raises InputError when the store knows its classes by number alone.
    """
    if store.object_ids.max(initial=-1) >= len(store.object_names):
        raise InputError(
            "the regions' classes have no names, and this method writes objects by name",
            file=store.path,
            cure="import the features with --vocabulary (regions.vocabulary in the configuration)",
        )
    names = [*store.object_names, _NAMELESS]  # the class -1 is the last
    return {
        image_id: [names[number] for number in numbers[:count]]
        for image_id, numbers, count in zip(
            store.image_ids, store.object_ids.tolist(), store.num_boxes.tolist(), strict=True
        )
    }


def name_regions(texts: Mapping[str, str], names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return explanations (question id to tokens) with names for `#i`.

    `names` are those of the regions of each question's image; a question without is left out.
    """
    return {
        question_id: " ".join(
            known[region_of(token)] if is_region(token) else token for token in text.split()
        )
        for question_id, text in texts.items()
        if (known := names.get(question_id)) is not None
    }


def add_names(vocabulary: Vocabulary, store: RegionStore) -> Vocabulary:
    """Return the vocabulary with all words of the detector's class names."""
    known = set(vocabulary.words)
    words = {word for name in (*store.object_names, _NAMELESS) for word in name.split()}
    return dataclasses.replace(vocabulary, words=(*vocabulary.words, *sorted(words - known)))


def add_tags(vocabulary: Vocabulary, store: RegionStore) -> Vocabulary:
    """Return the vocabulary with the word pieces of what the detector knows by name.

    Raises InputError when the store knows its classes by number alone.
    """
    if not store.object_names:
        raise InputError(
            "the regions' classes have no names, and this method reads them",
            file=store.path,
            cure="import the features with --vocabulary (regions.vocabulary in the configuration)",
        )
    objects, attributes = (
        tuple(tuple(pieces) for pieces in name_pieces(names, vocabulary.pieces))
        for names in (store.object_names, store.attribute_names)
    )
    return dataclasses.replace(vocabulary, object_pieces=objects, attribute_pieces=attributes)


def read_programs(path: File, asked: Collection[str]) -> dict[str, str]:
    """Return question id to program, as text, of those questions `asked` that have one.

    Raises InputError when no question has any.
    """
    from rex.gqa.parsing import program_text
    from rex.gqa.questions import iter_questions

    programs = {
        question_id: program_text(question.semantic)
        for question_id, question in iter_questions(path)
        if question.semantic and question_id in asked
    }
    if not programs:
        raise InputError(
            "its questions have no programs, and this method learns to write them",
            file=path,
            cure="set methods.<method>.programs to false",
        )
    return programs


def add_programs(vocabulary: Vocabulary, programs: Iterable[str]) -> Vocabulary:
    """Return the vocabulary with the tokens of programs, by falling count, then by spelling."""
    counts = Counter(token for text in programs for token in text.split())
    words = sorted(counts, key=lambda token: (-counts[token], token))
    return dataclasses.replace(vocabulary, program_words=tuple(words))


def find_regions(tokens: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return the region that each token names in an image, -1: none.

    `names` are the regions', best first. The longest name that fits counts; all of its words get
    its region.
    """
    best: dict[tuple[str, ...], int] = {}
    for region, name in enumerate(names):
        best.setdefault(tuple(name.split()), region)
    longest = max(map(len, best), default=0)
    regions = [-1] * len(tokens)
    start = 0
    while start < len(tokens):
        for size in range(min(longest, len(tokens) - start), 0, -1):
            found = best.get(tuple(tokens[start : start + size]))
            if found is not None:
                regions[start : start + size] = [found] * size
                start += size - 1
                break
        start += 1
    return regions


_CURE = "make it with these regions: rex explain build"


def read_explanations(
    path: File, asked: Mapping[str, Question], store: RegionStore
) -> dict[str, str]:
    """Return question id to explanation tokens, of those questions `asked` that have any.

    Raises InputError when the file was made with other regions than the store's, as far as it says,
    or names a region that an image lacks.
    """
    table = read_parquet(path, columns=["question_id", "text"], cure="make it: rex explain build")
    made_with = parquet_provenance(path).get("settings", {}).get("regions_signature")
    if made_with is not None and comparable_signature(made_with) != store.signature:
        raise InputError(f"was made with other regions than {store.path}", file=path, cure=_CURE)
    texts = {
        question_id: text
        for question_id, text in zip(
            table["question_id"].to_pylist(), table["text"].to_pylist(), strict=True
        )
        if text is not None and question_id in asked
    }
    _check_regions(path, texts, asked, store)
    return texts


def _check_regions(
    path: File, texts: Mapping[str, str], asked: Mapping[str, Question], store: RegionStore
) -> None:
    """Raise InputError when an explanation names a region that its image lacks."""
    counts = dict(zip(store.image_ids, store.num_boxes.tolist(), strict=True))
    for question_id, text in texts.items():
        count = counts.get(asked[question_id].image_id, 0)
        for token in text.split():
            if region_of(token) >= count:
                raise InputError(
                    f"names region {token}, image {asked[question_id].image_id} has {count}",
                    file=path,
                    place=f"question {question_id}",
                    cure=_CURE,
                )
