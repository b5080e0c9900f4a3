"""`rex gqa fetch`: downloading GQA's parts and laying them out.

A broken download goes on where it was, and a whole one is kept until what it holds is in place.
No checksums are published: the first download's size and sha256 are recorded and hold ever after;
a user who knows better can give the expected sha256.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import logging
import lzma
import re
import shutil
import struct
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rex.errors import InputError
from rex.files import FULL_DISK, full_disk_told, made_by, read_json, whole_file, write_json
from rex.gqa.layout import OOD_PARTS, OOD_SPLITS, Layout
from rex.locks import locked
from rex.logs import Progress

_logger = logging.getLogger("rex.gqa")

_STANFORD = "https://downloads.cs.stanford.edu/nlp/data/gqa"
_LXMERT = "https://nlp.cs.unc.edu"
_GITHUB = "https://raw.githubusercontent.com"
_CHUNK = 1 << 20
_MB = 1_000_000
_SWELLING = 100
"""How many times its size an archive may hold: GQA's hold some 15 times."""
_NAME = re.compile(r"[\w-]{1,100}\.(json|jpg)", re.ASCII)
"""What GQA's files are called."""
_TIMEOUT = 60.0
"""Seconds without a byte after which a download counts as broken."""
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error),
    # a compression that zipfile does not know, a password, names that are not text
    *(RuntimeError, ValueError),
)
"""What zipfile raises for an archive that is not as it should be."""


@dataclass(frozen=True)
class Part:
    """Something that can be fetched: files, and where what they hold belongs."""

    address: str
    """The folder on the web that has them."""
    files: Sequence[str]
    most: int
    """Bytes of a file that are taken, about three times the published: no server fills a disk."""
    folder: str | None = None
    """Where the files are kept as they are; none: unpacked to their places in GQA's layout."""


PARTS: dict[str, Part] = {
    "scene-graphs": Part(_STANFORD, ["sceneGraphs.zip"], 200 * _MB),
    "questions": Part(_STANFORD, ["questions1.2.zip"], 5_000 * _MB),
    "ood": Part(
        f"{_GITHUB}/gqa-ood/GQA-OOD/master/data",
        [f"ood_{split}_{part}.json" for split in OOD_SPLITS for part in OOD_PARTS],
        100 * _MB,
        folder="ood",
    ),
    "images": Part(_STANFORD, ["images.zip"], 60_000 * _MB),
    "features": Part(
        f"{_LXMERT}/data/lxmert_data/vg_gqa_imgfeat",
        ["vg_gqa_obj36.zip", "gqa_testdev_obj36.zip"],
        100_000 * _MB,
        folder="features",
    ),
    "class-names": Part(
        f"{_GITHUB}/peteanderson80/bottom-up-attention/master/data/genome/1600-400-20",
        ["objects_vocab.txt", "attributes_vocab.txt"],
        _MB,
        folder="detector",
    ),
    "detector": Part(
        f"{_LXMERT}/models", ["faster_rcnn_from_caffe_attr.pkl"], 2_000 * _MB, folder="detector"
    ),
}
"""GQA's parts, the public detector's and its features; the addresses published may move."""


def fetch_parts(
    folder: Path,
    parts: Sequence[str],
    *,
    addresses: Mapping[str, str] | None = None,
    checksums: Mapping[str, str] | None = None,
) -> None:
    """Download `parts` and lay them out below `folder`; what is there already is left.

    `addresses` replaces the published base address of a part, `checksums` gives the expected
    sha256 of files by their names. Raises InputError when a download fails or is not what it was,
    when the disk is full, for an address or a checksum of something unknown, and when another
    process fetches to `folder`.
    """
    _refuse_unknown("--address", "part", addresses or {}, list(PARTS))
    files = [file for name in parts for file in PARTS[name].files]
    _refuse_unknown("--sha256", "file to be fetched", checksums or {}, files)
    layout = Layout(folder)
    kept = layout.folder / ".fetched"
    kept.mkdir(parents=True, exist_ok=True)
    with locked(kept, wait=False):  # two would add to the same half-fetched files
        for name in parts:
            base = (addresses or {}).get(name, PARTS[name].address).rstrip("/")
            for file in PARTS[name].files:
                checksum = (checksums or {}).get(file)
                with full_disk_told(folder, place=file):
                    _fetch_file(layout, PARTS[name], file, f"{base}/{file}", checksum)


def _refuse_unknown(option: str, kind: str, given: Iterable[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise InputError(
                f"{name!r} is no {kind}", file=option, cure=f"one of {', '.join(known)}"
            )


def _fetch_file(layout: Layout, part: Part, file: str, address: str, checksum: str | None) -> None:
    folder, kept = part.folder, layout.folder / ".fetched"
    record = kept / f"{file}.json"
    known: Any = read_json(record) if record.exists() else {}
    if not (isinstance(known, dict) and isinstance(known.get("holds"), list)):
        known = {}
    download = kept / f"{file}.part"
    checksum = checksum and checksum.lower()
    expected = checksum or known.get("sha256")
    holds = known.get("holds", [])
    here = bool(holds) and all((layout.folder / str(path)).is_file() for path in holds)
    if here and checksum in (None, known.get("sha256")):
        # left when a run was stopped at its very end
        _forget(download)
        _logger.info("%s is here already", file)
        return
    _download(address, download, file, part.most)
    with open(download, "rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if expected is not None and found != expected:
        _forget(download)
        raise InputError(
            f"sha256 {found}, expected {expected}",
            file=address,
            place=file,
            cure=f"fetch again, or, if the file has changed for good, delete {record}",
        )
    size = download.stat().st_size
    holds = _unpack(layout, file, download) if folder is None else [f"{folder}/{file}"]
    target = None if folder is None else layout.folder / folder / file
    if target is not None:
        # the record comes before the move, so that a run stopped between them finds the download
        # where it looks for it; an older file must not pass for what is recorded
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
    write_json(
        record,
        {"address": address, "size": size, "sha256": found, "holds": holds},
        provenance=made_by("rex gqa fetch"),
    )
    if target is not None:
        download.replace(target)
    _forget(download)
    _logger.info("%s: %d files below %s", file, len(holds), layout.folder)


def _mark(download: Path) -> Path:
    """Return the file that says of what address, version and whole size a download is."""
    return download.with_name(f"{download.name}.json")


def _read_mark(download: Path) -> dict[str, Any]:
    """Return what the mark says; nothing without a download, or where the mark is damaged."""
    try:
        mark = json.loads(_mark(download).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return mark if isinstance(mark, dict) and download.exists() else {}


def _forget(download: Path) -> None:
    download.unlink(missing_ok=True)
    _mark(download).unlink(missing_ok=True)


def _download(address: str, path: Path, file: str, most: int) -> None:
    """Download to `path`, going on after what is there of the same version of the file.

    The mark stays, also after the last byte: whoever has used the download forgets both.
    """
    mark = _read_mark(path)
    start = path.stat().st_size if mark.get("address") == address else 0
    if start and start == mark.get("size"):
        _logger.info("%s is downloaded already", file)
        return
    version = mark.get("version")
    if not (isinstance(version, str) and version and version.isprintable()):
        # what is there can't be told from another version's bytes, or the server not be asked
        start = 0
    headers = {"User-Agent": "rex"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": str(version)}
    with _plain_failures(address, file):
        if "://" not in address:
            # urllib would take the host of `host:80/path` for a scheme
            raise ValueError(address)
        request = urllib.request.Request(address, headers=headers)
        try:
            opener = urllib.request.build_opener(_Redirects)
            with opener.open(request, timeout=_TIMEOUT) as response:
                _take(response, path, address, start, file, most)
        except urllib.error.HTTPError as error:
            if error.code != 416 or not start:
                raise
            # nothing comes after what is here: either it is all, or it is of no use
            if error.headers.get("Content-Range") != f"bytes */{start}":
                _forget(path)
                _download(address, path, file, most)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server that names another, but not from a secure address to one that is not."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        fp.close()  # what else it says is not read: it may be endless
        schemes = ("https",) if req.full_url.startswith("https:") else ("http", "https")
        if urlsplit(newurl).scheme not in schemes:
            raise urllib.error.HTTPError(newurl, code, f"and leads to {newurl}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _take(response: Any, path: Path, address: str, start: int, file: str, most: int) -> None:
    """Write what the server sends: from byte `start` on, or the whole file."""
    resumed = response.status == 206
    if resumed and not (response.headers.get("Content-Range") or "").startswith(f"bytes {start}-"):
        _forget(path)
        raise OSError("other bytes came than those asked for")
    start = start if resumed else 0
    length = response.headers.get("Content-Length") or ""
    total = start + int(length) if length.isdecimal() and len(length) < 16 else None
    version = response.headers.get("ETag") or response.headers.get("Last-Modified")
    if not resumed:
        # the old bytes go first: they must never lie beside the new version's mark
        _forget(path)
        write_json(_mark(path), {"address": address, "version": version, "size": total})
    progress = Progress(f"fetch {file}", max((total or 0) >> 20, 1), "MB")
    progress.start_at(start >> 20)
    received = start
    with open(path, "ab" if start else "wb") as out:
        while block := response.read(_CHUNK):
            received += len(block)
            if max(received, total or 0) > most:
                _forget(path)
                raise InputError(
                    f"larger than {most // _MB:,} MB", file=file, cure="check the address"
                )
            out.write(block)
            if received >> 20 > progress.done:
                progress.advance((received >> 20) - progress.done)
    if total is not None and received < total:
        raise OSError(f"{received} of {total} bytes")


@contextmanager
def _plain_failures(address: str, file: str) -> Iterator[None]:
    """Turn what goes wrong with a network, not with the disk, into an InputError."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise InputError(
            f"the server answers {error.code} {str(error.reason)[:200]}",
            file=address,
            cure="the address may have moved: give another with --address",
        ) from None
    except (ValueError, http.client.InvalidURL):
        raise InputError(
            "not an address",
            file=address,
            place=file,
            cure="give a whole one, such as https://example.org/gqa, with --address",
        ) from None
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and (error.errno in FULL_DISK or error.filename is not None):
            # the disk's fault, not the network's
            raise
        # of an answer that http.client cannot read the kind alone: its text is the server's
        kind = type(error).__name__
        reason = getattr(error, "reason", error) if isinstance(error, OSError) else kind
        raise InputError(
            f"the download broke off ({reason})",
            file=address,
            cure="run the command again: it goes on where it was",
        ) from None


def _unpack(layout: Layout, file: str, download: Path) -> list[str]:
    """Put what a ZIP file holds in its place; return the paths below the data folder."""
    holds = []
    try:
        with zipfile.ZipFile(download) as archive:
            held = sum(member.file_size for member in archive.infolist())
            if held > _SWELLING * max(download.stat().st_size, _CHUNK):
                raise zipfile.BadZipFile(f"it would swell to {held:,} bytes")
            for member, target in _members(archive, layout):
                with (
                    archive.open(member) as source,
                    whole_file(target) as temporary,
                    open(temporary, "wb") as out,
                ):
                    shutil.copyfileobj(source, out, _CHUNK)
                holds.append(str(target.relative_to(layout.folder)))
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            # the disk's; what bz2 says of damage has no number, a false place is not valid
            raise
        _forget(download)
        raise InputError(
            f"not a whole ZIP file ({error})", file=file, cure="run the command again"
        ) from None
    if not holds:
        _forget(download)
        raise InputError("holds none of GQA's files", file=file, cure="check the address")
    return holds


def _members(archive: zipfile.ZipFile, layout: Layout) -> Iterator[tuple[str, Path]]:
    """Yield the members that belong to GQA's layout and where; names alone decide, not folders."""
    for member in archive.namelist():
        path = Path(member)
        if not _NAME.fullmatch(path.name):
            continue
        if path.name.endswith("_sceneGraphs.json"):
            yield member, layout.folder / "sceneGraphs" / path.name
        elif path.parent.name == "train_all_questions" and path.suffix == ".json":
            yield member, layout.folder / "questions" / "train_all_questions" / path.name
        elif path.name.endswith("_questions.json"):
            yield member, layout.folder / "questions" / path.name
        elif path.suffix == ".jpg":
            yield member, layout.images() / path.name
