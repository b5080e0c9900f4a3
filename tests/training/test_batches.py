"""Batches, held-out images, and small subsets."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rex.training.batches import epoch_batches, sorted_batches

LENGTHS = st.lists(st.integers(3, 30), min_size=1, max_size=200).map(np.array)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 3), st.integers(0, 3))
def test_an_epoch_holds_each_question_once(
    lengths: np.ndarray, batch_size: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(lengths, batch_size, seed=seed, epoch=epoch)
    again = epoch_batches(lengths, batch_size, seed=seed, epoch=epoch)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert max(map(len, batches)) <= batch_size
    assert len(batches) == -(-len(lengths) // batch_size)
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))


def test_epochs_and_seeds_differ() -> None:
    lengths = np.arange(100)
    orders = {
        tuple(np.concatenate(epoch_batches(lengths, 10, seed=seed, epoch=epoch)))
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len(orders) == 4


def test_similar_lengths_share_a_batch() -> None:
    lengths = np.random.default_rng(0).integers(5, 30, 6400)
    batches = epoch_batches(lengths, 64, seed=0, epoch=0)
    padding = sum(int((lengths[rows].max() - lengths[rows]).sum()) for rows in batches)
    assert padding < 0.25 * lengths.sum()  # unsorted: 0.7


@given(
    st.lists(st.tuples(st.integers(3, 30), st.integers(0, 9)), min_size=1, max_size=200),
    st.integers(1, 40),
    st.integers(2, 6),
    st.integers(0, 3),
)
def test_questions_of_an_image_stay_together(
    questions: list[tuple[int, int]], batch_size: int, together: int, seed: int
) -> None:
    lengths, images = (np.array(column) for column in zip(*questions, strict=True))
    batches, again, later = (
        epoch_batches(lengths, batch_size, seed=seed, epoch=epoch, images=images, together=together)
        for epoch in (0, 0, 1)
    )
    for found in (batches, later):
        assert sorted(np.concatenate(found)) == list(range(len(lengths)))
        assert len(found) == -(-len(lengths) // batch_size)
        assert max(map(len, found)) <= batch_size
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))
    # as few groups as there can be, and each but those at a batch's end in one batch
    groups = sum(-(-int(count) // together) for count in np.bincount(images))
    read = sum(len(set(images[rows].tolist())) for rows in batches)
    assert read <= groups + len(batches) - 1


def test_together_fewer_regions_are_read_and_lengths_stay_similar() -> None:
    generator = np.random.default_rng(0)
    lengths, images = generator.integers(5, 30, 6400), generator.integers(0, 640, 6400)

    def measures(together: int) -> tuple[int, float]:
        batches = epoch_batches(lengths, 64, seed=0, epoch=0, images=images, together=together)
        padding = sum(int((lengths[rows].max() - lengths[rows]).sum()) for rows in batches)
        return sum(len(set(images[rows].tolist())) for rows in batches), padding / lengths.sum()

    (alone, least), (four, some) = measures(1), measures(4)
    assert alone > 6000
    assert four < 2400
    assert least < some < 0.4  # unsorted: 0.7


@given(LENGTHS, st.integers(1, 40))
def test_sorted_batches_hold_all(lengths: np.ndarray, batch_size: int) -> None:
    rows = np.concatenate(sorted_batches(lengths, batch_size))
    assert sorted(rows) == list(range(len(lengths)))
    assert np.all(np.diff(lengths[rows]) >= 0)
