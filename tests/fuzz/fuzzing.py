"""How readers are tried: with damaged files, within a time and a memory, answers checked.

Whatever is read, a reader returns, or raises InputError with one line, and takes at most `MEMORY`
more than there was. `REX_FUZZ_SECONDS` is the time of all readers together (default: 10),
`REX_FUZZ_SEED` where the drawing starts.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from rex.errors import InputError

SECONDS = float(os.environ.get("REX_FUZZ_SECONDS", "10"))
SEED = int(os.environ.get("REX_FUZZ_SEED", "0"))
READERS = 39
"""About how many readers share the time."""
MEMORY = 1 << 30
"""Bytes that a reader may take."""
OLD = Path(__file__).parents[1] / "data" / "version-0.1"
"""Whole files of every kind."""

# Arrow reserves more addresses than are allowed here, once
_RESERVED = pa.allocate_buffer(1 << 20)

_ROUND = 25
"""Inputs tried before the clock is looked at."""
_HUGE = (0, 1, 0x7F, 0xFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


def fuzz(strategy: st.SearchStrategy[Any], read: Callable[[Any], object]) -> int:
    """Give a reader inputs until its share of the time is over, and return how many it were.

    Raises for the first bad answer.
    """
    end = time.monotonic() + SECONDS / READERS
    tried = 0

    def check(value: Any) -> None:
        nonlocal tried
        tried += 1
        answer(read, value)

    number = SEED
    while time.monotonic() < end:
        number += 1
        round_of = settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )(hypothesis.given(strategy)(check))
        hypothesis.seed(number)(round_of)()
    return tried


def answer(read: Callable[[Any], object], value: Any) -> None:
    """Let a reader read; raises unless it returns, or says in one line what is wrong."""
    try:
        with limited_memory(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(value)
    except InputError as error:
        line = str(error)
        assert line
        assert "\n" not in line
        assert "Traceback" not in line
    except OSError as error:
        # the command line prints those that name a file in one line, too
        if error.filename is None:
            raise


@contextlib.contextmanager
def limited_memory() -> Iterator[None]:
    """Allow `MEMORY` more bytes of addresses than there are now; more is a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Return a file with bytes changed, cut, repeated, or put into it."""
    place = st.integers(0, max(len(content) - 1, 0))
    number = st.sampled_from(_HUGE).flatmap(
        lambda value: st.sampled_from([4, 8]).map(
            lambda size: (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        )
    )
    change = st.one_of(
        st.tuples(st.just("put"), place, st.binary(min_size=1, max_size=8) | number),
        st.tuples(st.just("insert"), place, st.binary(max_size=40)),
        st.tuples(st.just("cut"), place, place),
        st.tuples(st.just("repeat"), place, place),
    )
    return st.lists(change, min_size=1, max_size=6).map(lambda changes: _changed(content, changes))


def _changed(content: bytes, changes: list[tuple[str, int, Any]]) -> bytes:
    for kind, place, more in changes:
        if kind == "put":
            content = content[:place] + more + content[place + len(more) :]
        elif kind == "insert":
            content = content[:place] + more + content[place:]
        else:
            first, last = sorted((place, more))
            kept = content[first:last]
            content = content[:first] + (kept * 2 if kind == "repeat" else b"") + content[last:]
    return content


_PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([*_HUGE, -1, 10**400]),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["", "yes", "nan", "../../etc/passwd", "=1+1", "#3", "@17", "\x00", "\ud800"]),
)
values = st.recursive(
    _PLAIN,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below),
    max_leaves=6,
)
"""Whatever JSON can hold."""


def replaced(document: Any) -> st.SearchStrategy[Any]:
    """Return a document in which a few values, deep or shallow, are something else."""
    places = list(_places(document))
    change = st.tuples(st.sampled_from(places), values, st.booleans())
    changes = st.lists(change, min_size=1, max_size=3)
    return changes.map(lambda chosen: _replaced(document, chosen))


def _places(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    below: Any = ()
    if isinstance(document, dict):
        below = document.items()
    elif isinstance(document, list):
        below = enumerate(document)
    for key, value in below:
        yield from _places(value, (*above, key))


def _replaced(document: Any, changes: list[tuple[tuple[Any, ...], Any, bool]]) -> Any:
    for place, value, gone in changes:
        document = _with(document, place, value, gone)
    return document


def _with(document: Any, place: tuple[Any, ...], value: Any, gone: bool) -> Any:
    if not place:
        return value
    key, *rest = place
    if isinstance(document, dict) and key in document:
        if gone and not rest:
            return {name: kept for name, kept in document.items() if name != key}
        return {**document, key: _with(document[key], tuple(rest), value, gone)}
    if isinstance(document, list) and isinstance(key, int) and key < len(document):
        changed = _with(document[key], tuple(rest), value, gone)
        return [*document[:key], changed, *document[key + 1 :]]
    return document
