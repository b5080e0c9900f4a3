"""Batches of a question set, and their loading ahead."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rex.errors import InputError
from rex.files import read_json, write_json
from rex.gqa.questions import read_questions
from rex.models.batch import IGNORED
from rex.models.vocabulary import END, UNKNOWN, Vocabulary
from rex.regions.store import RegionStore
from rex.training.dataset import (
    Examples,
    QuestionSet,
    ahead,
    normalised_boxes,
    read_vocabulary,
    tokens_of,
)
from rex.training.run import RunFiles
from rex.training.texts import encode_questions, read_explanations

from .toy import REGIONS, WIDTH

VOCABULARY = Vocabulary(("yes", "no"), ("is", "red", "@7"), ("[PAD]",), regions=3)


def test_tokens_are_numbered_regions_last() -> None:
    assert VOCABULARY.tokens == 8
    assert tokens_of("#2 is red @7", VOCABULARY.token_id, 10) == [7, 2, 3, 4, END]
    assert VOCABULARY.spell([7, 2, 3, 4]) == "#2 is red @7"
    assert [VOCABULARY.region(token) for token in (7, 5, 4, END)] == [2, 0, -1, -1]


def test_what_the_vocabulary_lacks_is_unknown() -> None:
    assert tokens_of("#3 is #x blue", VOCABULARY.token_id, 10) == [
        UNKNOWN,
        2,
        UNKNOWN,
        UNKNOWN,
        END,
    ]


def test_a_long_explanation_is_cut_and_does_not_end() -> None:
    assert tokens_of("#0 is red", VOCABULARY.token_id, 3) == [5, 2, 3]
    assert tokens_of("#0 is red", VOCABULARY.token_id, 4) == [5, 2, 3, END]


def test_word_pieces() -> None:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "is", "play", "##ing", "?", "cafe"]
    ids = encode_questions(["Is playing?", "Café zebra", "is is is is is"], pieces, 5)
    assert [ids.row(i) for i in range(3)] == [[2, 5, 6, 7, 3], [2, 9, 1, 3], [2, 5, 5, 5, 3]]


QUESTIONS = st.text(alphabet="isplayng?caféÉ’-T 漢\u2028\t9#", max_size=30)


@given(st.lists(QUESTIONS, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_word_pieces_are_those_of_the_published_tokeniser(questions: list[str]) -> None:
    from transformers import BertTokenizer

    pieces = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "is", "play", "##ing"]
    pieces += ["?", "cafe", "c", "##a", "##f", "##e", "’", "-", "t", "漢", "9", "#"]
    ours = encode_questions(questions, pieces, 8)
    theirs = BertTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, do_lower_case=True
    )(questions, truncation=True, max_length=8)["input_ids"]
    assert [ours.row(number) for number in range(len(questions))] == theirs


def question_set(toy: RunFiles) -> QuestionSet:
    asked = read_questions(toy.questions)
    return QuestionSet.of(
        asked,
        read_vocabulary(toy.vocabulary, regions=REGIONS),
        explanations=read_explanations(toy.explanations, asked, RegionStore(toy.regions)),
        question_length=10,
        explanation_length=6,
    )


def test_a_question_without_explanation_still_teaches_its_answer(toy: RunFiles) -> None:
    questions = question_set(toy)
    unexplained = np.flatnonzero(questions.explanations.lengths == 0)
    assert 0 < len(unexplained) < len(questions)
    assert (questions.answers != IGNORED).all()
    batch = Examples(questions, RegionStore(toy.regions)).batch(np.array([0, unexplained[0]]))
    assert batch.explanations[0].tolist()[-1] == END
    assert batch.explanations[1].tolist() == [IGNORED] * batch.explanations.shape[1]


def test_an_unknown_answer_is_ignored(toy: RunFiles, tmp_path: Path) -> None:
    value = read_json(toy.vocabulary)
    del value["answers"]["red"]
    write_json(tmp_path / "v.json", value)
    questions = question_set(dataclasses.replace(toy, vocabulary=tmp_path / "v.json"))
    told = [q.answer for q in read_questions(toy.questions).values()]
    assert [a == IGNORED for a in questions.answers] == [answer == "red" for answer in told]


def test_a_batch_holds_each_questions_own_regions(toy: RunFiles) -> None:
    store, questions = RegionStore(toy.regions), question_set(toy)
    rows = np.array([9, 0, 4])
    batch = Examples(questions, store).batch(rows)
    images = [store.index[questions.image_ids[row]] for row in rows]
    assert batch.features.shape == (3, REGIONS, WIDTH)
    assert np.array_equal(batch.features.numpy(), store.features(images))
    assert batch.num_boxes.tolist() == store.num_boxes[images].tolist()
    assert batch.region_mask.sum(dim=1).tolist() == batch.num_boxes.tolist()


@pytest.mark.parametrize("way", ["kept on the device", "each image once"])
def test_features_are_the_same_however_they_are_read(
    toy: RunFiles, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, questions = RegionStore(toy.regions), question_set(toy)
    read, other = Examples(questions, store), Examples(questions, store)
    rows = np.array([3, 0, 1, 9, 4, 3])
    if way == "kept on the device":
        monkeypatch.setattr("rex.training.dataset._BLOCK", 3)
        other.keep_features()
        assert not len(other.load(rows).batch.features)
    else:
        other._reads_once = True
        images = {questions.image_ids[row] for row in rows}
        assert len(other.load(rows).batch.features) == len(images) < len(rows)
    assert torch.equal(read.batch(rows).features, other.batch(rows).features)


def test_compat_computes_all_steps(toy: RunFiles) -> None:
    store, questions = RegionStore(toy.regions), question_set(toy)
    rows = np.array([0, 1])
    batch = Examples(questions, store).batch(rows)
    always = Examples(questions, store, steps=12).batch(rows)
    width = batch.explanations.shape[1]
    assert always.explanations.shape[1] == 12 > width
    assert torch.equal(always.explanations[:, :width], batch.explanations)
    assert bool((always.explanations[:, width:] == IGNORED).all())


def test_boxes_are_shares_of_the_image() -> None:
    boxes = np.array([[[20, 10, 100, 50], [0, 0, 0, 0]]], np.float32)
    normalised = normalised_boxes(boxes, np.array([[200, 100]], np.int32), np.array([1], np.int32))
    assert normalised[0, 0] == pytest.approx([0.1, 0.1, 0.5, 0.5, 0.4, 0.4])
    assert not normalised[0, 1].any()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda value: value.pop("words"), "words"),
        (lambda value: value["answers"].clear(), "answers"),
        (lambda value: value["question_pieces"].pop(0), "PAD"),
    ],
)
def test_a_bad_vocabulary_is_named(
    toy: RunFiles, tmp_path: Path, change: object, problem: str
) -> None:
    value = read_json(toy.vocabulary)
    assert callable(change)
    change(value)
    write_json(tmp_path / "v.json", value)
    with pytest.raises(InputError, match=problem) as caught:
        read_vocabulary(tmp_path / "v.json", regions=REGIONS)
    assert str(tmp_path / "v.json") in str(caught.value)


def test_an_image_without_regions_is_named(toy: RunFiles) -> None:
    questions = question_set(toy)
    stranger = dataclasses.replace(questions, image_ids=["nowhere", *questions.image_ids[1:]])
    with pytest.raises(InputError, match="nowhere"):
        Examples(stranger, RegionStore(toy.regions))


@pytest.mark.parametrize("threads", [1, 3])
def test_items_come_in_order_and_are_made_ahead(threads: int) -> None:
    made: list[int] = []
    proceed = threading.Event()

    def make(item: int) -> tuple[int, str]:
        time.sleep(0.01 * (item % 2))  # the later one is done first, if there are several threads
        made.append(item)
        if item == 2:
            proceed.set()
        return item, threading.current_thread().name

    loaded = ahead(make, range(9), threads=threads)
    first, thread = next(loaded)
    assert first == 0
    assert thread != threading.current_thread().name
    assert proceed.wait(10)  # the third is made while the first is in use
    assert [item for item, _ in loaded] == list(range(1, 9))
    assert sorted(made) == list(range(9))


def test_an_error_comes_at_its_items_turn() -> None:
    def make(item: int) -> int:
        if item == 3:
            raise OSError("disk")
        return item

    loaded = ahead(make, range(9))
    assert [next(loaded) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="disk"):
        next(loaded)


def test_leaving_early_ends_the_threads() -> None:
    def run(loaded: Any) -> None:
        for _ in loaded:
            raise KeyboardInterrupt

    before = threading.active_count()
    loaded = ahead(lambda item: item, range(10**9), threads=2)
    with pytest.raises(KeyboardInterrupt):
        run(loaded)
    loaded.close()
    assert threading.active_count() == before
