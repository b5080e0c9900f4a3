"""Reading a large JSON object entry by entry, in bounded memory.

GQA's files are one JSON object of up to a million entries. A file is read in blocks; each block is
cut after the last entry that ends in it, and what stands before the cut is decoded at once. The cut
is found by counting braces and proven by decoding: put between braces, a piece is a JSON object
only if it holds whole entries.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any, TypeVar

import msgspec

from rex.errors import InputError, readable

Entry = TypeVar("Entry")
Decoder = msgspec.json.Decoder[Any]

BLOCK_SIZE = 1 << 20
"""Bytes read at a time: large enough to decode fast, small enough to stay in the cache."""

_TAIL = 1 << 14
"""Bytes at the end of a block in which its last boundary is looked for first."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError)
_UNDECODABLE = (*_NOT_JSON, RecursionError)
_OPENING = re.compile(rb"\s*\{")
_CLOSING = re.compile(rb"\}\s*\Z")
_BOUNDARY = re.compile(rb'\}\s*,\s*(?=")')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*\{', re.DOTALL)
_BRACES_TO_BLANKS = bytes.maketrans(b"{}", b"  ")


def iter_pieces(
    path: str | PathLike[str],
    kind: type[Entry],
    *,
    entry: str,
    cure: str,
    block_size: int = BLOCK_SIZE,
) -> Iterator[tuple[int, bytes, dict[str, Entry]]]:
    """Yield the JSON object in the file `path` in pieces: offset in the file, text, entries.

    Each value is decoded as `kind`; `decode_piece` decodes such a text again, in another process
    perhaps. `entry` says in messages what an entry is ("question"). Raises InputError when the file
    is missing or truncated, or when an entry is not of this kind (named, with the field).
    """
    decoder = _decoder(kind)
    try:
        with readable(path, folder="name a JSON file"):
            file = open(path, "rb")  # noqa: SIM115 (the error is about opening alone)
    except PermissionError:
        raise InputError("may not be read", file=path, cure="check its permissions") from None
    with file:
        pending = file.read(block_size)
        offset = len(_BYTE_ORDER_MARK) if pending.startswith(_BYTE_ORDER_MARK) else 0
        pending = pending[offset:]
        opening = _OPENING.match(pending)
        if opening is None:
            raise InputError(_what_else(pending), file=path, cure=cure)
        if _are_lines(pending):
            problem = "seems to be JSON Lines, an object a line; one object of all entries is read"
            raise InputError(problem, file=path, cure=cure)
        pending = pending[opening.end() :]
        offset += opening.end()
        try:
            size = block_size
            while more := file.read(size):
                pending += more
                decoded = _decode_start(pending, decoder)
                if decoded is None:
                    # an entry larger than a block: read as much again, so that time stays linear
                    size = max(block_size, len(pending))
                    continue
                text, entries, taken = decoded
                yield offset, text, entries
                offset += taken
                pending, size = pending[taken:], block_size
            closing = _CLOSING.search(pending)
            if closing is None:
                raise msgspec.DecodeError("it ends too early")
            pending = pending[: closing.start()]
            yield offset, pending, decoder.decode(b"{" + pending + b"}")
        except _UNDECODABLE as error:
            raise _problem(error, pending, kind, path, entry, cure) from None


def decode_piece(
    text: bytes, kind: type[Entry], path: str | PathLike[str], *, entry: str, cure: str
) -> dict[str, Entry]:
    """Decode a text that `iter_pieces` gave. Raises InputError as it does."""
    try:
        entries: dict[str, Entry] = _decoder(kind).decode(b"{" + text + b"}")
    except _UNDECODABLE as error:
        raise _problem(error, text, kind, path, entry, cure) from None
    return entries


def _decoder(kind: type[Entry]) -> Decoder:
    return msgspec.json.Decoder(dict[str, kind])  # type: ignore[valid-type]


def _what_else(start: bytes) -> str:
    """Say what a file that does not begin as a JSON object does seems to be."""
    if start.startswith(b"\x1f\x8b"):
        return "seems to be compressed with gzip: decompress it first"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "seems to be UTF-16 text; UTF-8 is read"
    return "is not a JSON object" if start.strip() else "is empty"


def _are_lines(start: bytes) -> bool:
    """Return whether a text holds several JSON objects, one a line."""
    first, _, rest = start.partition(b"\n")
    return first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")


def iter_entries(
    path: str | PathLike[str], kind: type[Entry], *, entry: str, cure: str
) -> Iterator[tuple[str, Entry]]:
    """Yield (key, value) of the JSON object in the file `path`; see `iter_pieces`."""
    for _, _, entries in iter_pieces(path, kind, entry=entry, cure=cure):
        yield from entries.items()


def _decode_start(pending: bytes, decoder: Decoder) -> tuple[bytes, dict[str, Any], int] | None:
    """Decode the entries that end in `pending`; return their text, them, and the bytes they take.

    Returns None when none ends there. Raises DecodeError when the text is not JSON.
    """
    quick = _last_boundary(pending, max(0, len(pending) - _TAIL))
    if quick is None:
        quick = _last_boundary(pending, 0)
    if quick is not None:
        text = pending[: quick[0]]
        try:
            return text, decoder.decode(b"{" + text + b"}"), quick[1]
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            pass  # a string holds a brace: count again, without the strings
    exact = _last_boundary(_without_braces_in_strings(pending), 0)
    if exact is None:
        return None
    text = pending[: exact[0]]
    return text, decoder.decode(b"{" + text + b"}"), exact[1]


def _last_boundary(pending: bytes, start: int) -> tuple[int, int] | None:
    """Return where the last whole entry of `pending` ends and where the next one starts.

    Only boundaries from `start` on are looked at.
    """
    depth = pending.count(b"{", 0, start) - pending.count(b"}", 0, start)
    position = start
    last = None
    for found in _BOUNDARY.finditer(pending, start):
        end = found.start() + 1
        depth += pending.count(b"{", position, end) - pending.count(b"}", position, end)
        position = end
        if depth == 0:
            last = (end, found.end())
    return last


def _without_braces_in_strings(pending: bytes) -> bytes:
    """Return `pending` with the braces inside strings blanked, up to a string that is cut off."""
    strings_end = 0

    def blank(string: re.Match[bytes]) -> bytes:
        nonlocal strings_end
        strings_end = string.end()
        return string.group().translate(_BRACES_TO_BLANKS)

    kept = _STRING.sub(blank, pending)
    cut_off = kept.find(b'"', strings_end)
    return kept if cut_off < 0 else kept[:cut_off]


def _problem(
    error: Exception,
    pending: bytes,
    kind: type[Entry],
    path: str | PathLike[str],
    entry: str,
    cure: str,
) -> InputError:
    """Return the error that names the first wrong entry of `pending`, and its field."""
    if isinstance(error, msgspec.ValidationError):
        try:
            wrong = _wrong_entry(pending, kind, path, entry, cure)
        except RecursionError as deep:
            error, wrong = deep, None
        if wrong is not None:
            return wrong
    problem = f"not valid JSON ({str(error).partition(' (byte')[0]})"
    if isinstance(error, RecursionError):
        problem = "nested too deeply"
    else:
        cure = "the file may be truncated: make or fetch it again"
    return InputError(problem, file=path, place=_last_key(pending, entry), cure=cure)


def _wrong_entry(
    pending: bytes, kind: type[Entry], path: str | PathLike[str], entry: str, cure: str
) -> InputError | None:
    raw = _decoder(msgspec.Raw)
    try:
        entries = raw.decode(b"{" + pending + b"}")
    except _NOT_JSON:
        try:
            start = _decode_start(pending, raw)
        except _NOT_JSON:
            return None
        entries = start[1] if start else {}
    for key, value in entries.items():
        try:
            msgspec.json.decode(value, type=kind)
        except msgspec.ValidationError as wrong:
            problem, _, field = str(wrong).partition(" - at `$")
            place = f"{entry} {key}"
            if field:
                place += f": field {field.rstrip('`').lstrip('.')}"
            return InputError(problem[:1].lower() + problem[1:], file=path, place=place, cure=cure)
        except _NOT_JSON:
            break
    return None


def _last_key(pending: bytes, entry: str) -> str | None:
    """Say which entry is the last that begins in `pending`: what is wrong is most often there."""
    whole = _last_boundary(_without_braces_in_strings(pending), 0)
    found = _KEY.search(pending, whole[1] if whole else 0)
    return f"near {entry} {found[1].decode('utf-8', 'replace')}" if found else None


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep the garbage collector away from millions of entries, which hold no cycles.

    Looking through them again and again would take up to a third of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
