"""Regions by name, for a method that has words alone: from `#i` to a name, and back.

A region is called what the detector took it for. A name in a predicted explanation is looked up
the same way: it means the best region of that class, if the image has one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rex.errors import InputError
from rex.models.vocabulary import Vocabulary
from rex.training.questions import name_pieces

if TYPE_CHECKING:
    from rex.regions.store import RegionStore

_NAMELESS = "object"
"""A region that the detector gave no class."""


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
            known[int(token[1:])] if token.startswith("#") else token for token in text.split()
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
