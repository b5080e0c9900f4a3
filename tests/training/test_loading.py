from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from rex.training.loading import ahead


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
