"""The order in which a detector's training images are drawn."""

from __future__ import annotations

import itertools

import pytest
import torch

from rex.regions.distributed import Member, run_together
from rex.regions.training import drawn

COUNT, BATCH = 12, 4


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_parts_of_a_team_go_through_all_images_before_any_comes_again(size: int) -> None:
    def draw(member: Member) -> list[list[int]]:
        parts = drawn(COUNT, BATCH, seed=5, start=0, member=member)
        mine = [number for part in itertools.islice(parts, 2 * COUNT // BATCH) for number in part]
        # members may have parts of different sizes: -1 fills them up
        filled = torch.tensor(mine + [-1] * (2 * COUNT - len(mine)))
        return [[n for n in theirs.tolist() if n >= 0] for theirs in member.gather(filled)]

    together = run_together(draw, size)
    assert sorted(itertools.chain(*together)) == sorted(2 * list(range(COUNT)))
    alone = itertools.islice(
        drawn(COUNT, BATCH, seed=5, start=0, member=Member(0, 1)), COUNT // BATCH
    )
    first_pass = [batch[number::size] for batch in alone for number in range(size)]
    assert sorted(itertools.chain(*first_pass)) == list(range(COUNT))
    assert first_pass[:size] == [
        mine[: len(first_pass[number])] for number, mine in enumerate(together)
    ]


def test_a_later_start_leaves_out_what_was_drawn_before() -> None:
    member = Member(1, 2)
    whole = itertools.islice(drawn(7, BATCH, seed=3, start=0, member=member), 9)
    later = itertools.islice(drawn(7, BATCH, seed=3, start=5, member=member), 4)
    assert list(whole)[5:] == list(later)


def test_another_seed_draws_another_order() -> None:
    first, second = (
        next(drawn(50, 50, seed=seed, start=0, member=Member(0, 1))) for seed in (1, 2)
    )
    assert first != second
