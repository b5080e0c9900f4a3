"""Making batches ahead of their use."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_AHEAD = 2
"""Items under way for each thread: one in the making, one that waits."""


def ahead(
    make: Callable[[Item], Made], items: Iterable[Item], *, threads: int = 1
) -> Generator[Made, None, None]:
    """Yield `make(item)` for each item, in order, while threads make the next ones.

    What `make` raises is raised where its item's turn comes. Threads, not processes: what they do
    (copying memory, reading files) does not hold Python's lock, and nothing has to be sent.
    """
    waiting: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="loading")
    try:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > _AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
