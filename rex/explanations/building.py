"""From questions, scene graphs and regions to the explanation table, streamed."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from rex.errors import InputError
from rex.explanations.modes import OK, CompatMode, FixedMode, Mode
from rex.explanations.question_batch import Explainer
from rex.explanations.table import COMMAND, explanation_table
from rex.files import made_by
from rex.gqa.json_entries import decode_piece, iter_pieces, without_collection
from rex.gqa.parsing import parse_program
from rex.gqa.questions import QUESTION_CURE, ProgramError, ProgramRecord
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.logs import Progress
from rex.programs.errors import Skip
from rex.programs.published.executor import execute_published
from rex.programs.published.polishing import PluralMap, corpus_words

if TYPE_CHECKING:
    import pyarrow as pa

_logger = logging.getLogger("rex.explanations")

File = str | PathLike[str]
Piece = tuple[Path, bytes]
"""A part of a questions file: whole entries."""
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """What an explanation table is made from and how."""

    scene_graphs: Path
    regions: Path | None = None
    mode: str = "fixed"
    threshold: float = 0.5
    """An object whose best region has a lower IoU is written by its name."""


@without_collection()
def build_explanations(
    questions: Sequence[File],
    out: File,
    settings: BuildSettings,
    *,
    processes: int = 1,
    shard: tuple[int, int] = (1, 1),
) -> Counter[str]:
    """Explain all questions of files (a folder: its JSON files) and write one explanation table.

    Rows stand in the order of the files. Neither `processes` nor `shard` changes them: shard
    (i, n) is the i-th of n consecutive parts. Returns how many rows have each status.
    Raises InputError for malformed files and programs, and when no question's image has a scene
    graph, or regions (the wrong file).
    """
    files = question_files(questions)
    worker = _Worker(settings)
    with explanation_table(out, _provenance(files, settings)) as table:
        if settings.mode == "compat":
            worker.mode = CompatMode(_plurals(worker, files, processes))
        parts = pieces(files, shard, report="explain")
        with in_order(worker.explain, parts, processes) as results:
            for rows in results:
                table.add(rows)
        # a shard alone may have none; they are checked where they are gathered
        if shard == (1, 1):
            table.check(files[0], scene_graphs=settings.scene_graphs, regions=settings.regions)
    _report(table.statuses)
    return table.statuses


def question_files(questions: Sequence[File]) -> list[Path]:
    """Return the files that were named, folders replaced by their JSON files, by number and name.

    GQA's `train_all_questions` is such a folder, of ten files. Raises InputError for an empty one.
    """
    files: list[Path] = []
    for path in map(Path, questions):
        if path.is_dir():
            inside = sorted(path.glob("*.json"), key=_by_number)
            if not inside:
                raise InputError("holds no JSON files", file=path, cure="name a questions file")
            files += inside
        else:
            files.append(path)
    return files


def _by_number(path: Path) -> tuple[int, str]:
    digits = path.stem.rpartition("_")[2]
    return (int(digits) if digits.isdigit() else -1, path.name)


def _provenance(files: Sequence[Path], settings: BuildSettings) -> dict[str, Any]:
    store = _store(settings)
    return made_by(
        COMMAND,
        {
            "questions": [file.name for file in files],
            "scene_graphs": settings.scene_graphs.name,
            "regions": None if settings.regions is None else settings.regions.name,
            "regions_signature": None if store is None else store.signature,
            "mode": settings.mode,
            "region_threshold": None if settings.regions is None else settings.threshold,
        },
    )


def pieces(files: Sequence[Path], shard: tuple[int, int], report: str = "") -> Iterator[Piece]:
    """Yield the pieces of all files that belong to the shard, in order."""
    for file in files:
        if not file.exists():
            raise InputError("no such file", file=file, cure="check the path")
    sizes = [file.stat().st_size for file in files]
    total = sum(sizes)
    number, shards = shard
    progress = Progress(report, max(total // shards >> 20, 1), "MB")
    before = read = 0
    for file, size in zip(files, sizes, strict=True):
        for offset, text, _ in iter_pieces(file, msgspec.Raw, entry="question", cure=QUESTION_CURE):
            if (before + offset) * shards // total == number - 1:
                yield file, text
                read += len(text)
                if report and read >> 20 > progress.done:
                    progress.advance((read >> 20) - progress.done)
        before += size


class _Worker:
    """What a process needs to explain pieces of questions."""

    def __init__(self, settings: BuildSettings) -> None:
        _store(settings)  # a missing or damaged store is reported before any work
        self.settings = settings
        self.graphs = SceneGraphIndex(settings.scene_graphs)
        self.mode: Mode = FixedMode()
        self.explainer: Explainer | None = None

    def entries(self, piece: Piece) -> dict[str, ProgramRecord]:
        file, text = piece
        return decode_piece(text, ProgramRecord, file, entry="question", cure=QUESTION_CURE)

    def explain(self, piece: Piece) -> pa.Table:
        """Return the rows of a piece."""
        if self.explainer is None:
            self.explainer = Explainer(
                self.graphs, self.mode, _store(self.settings), self.settings.threshold
            )
        return self.explainer.table(self.entries(piece), piece[0])

    def words(self, piece: Piece) -> list[str]:
        """Return the words of a piece's published raw explanations, in the order of first use."""
        words: dict[str, None] = {}
        for question_id, record in self.entries(piece).items():
            graph = self.graphs.get(record.image_id)
            if graph is None:
                continue
            try:
                parse_program(record.semantic)
                text = execute_published(record.semantic, graph)
            except ProgramError as error:
                raise error.in_file(piece[0], question_id) from None
            except Skip:
                continue
            if "(obj*:direction)" not in text:
                words |= dict.fromkeys(corpus_words(text))
        return list(words)


def _plurals(worker: _Worker, files: Sequence[Path], processes: int) -> PluralMap:
    """Return the plurals of the corpus of explanations, which compat mode needs."""
    corpus: dict[str, None] = {}
    with in_order(worker.words, pieces(files, (1, 1), report="corpus"), processes) as results:
        for words in results:
            corpus |= dict.fromkeys(words)
    return PluralMap.from_corpus(corpus)


def _store(settings: BuildSettings) -> Any:
    if settings.regions is None:
        return None
    from rex.regions.store import RegionStore

    return RegionStore(settings.regions)


@contextmanager
def in_order(
    work: Callable[[Piece], Result], pieces: Iterator[Piece], processes: int
) -> Iterator[Iterator[Result]]:
    """Yield the result of each piece, in order; few are under way in the processes at a time."""
    if processes == 1:
        yield map(work, pieces)
        return
    # forked: what works, with the index of the scene graphs, is shared and not copied
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context("fork"),
        initializer=_Forked.start,
        initargs=(work,),
    )

    def results() -> Iterator[Result]:
        pending: deque[Future[Result]] = deque()
        for piece in pieces:
            pending.append(pool.submit(_Forked.call, piece))
            if len(pending) > 2 * processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    try:
        yield results()
    finally:
        pool.shutdown(cancel_futures=True)


class _Forked:
    """Where a forked process keeps what it does with the pieces that it is sent."""

    work: Any

    @classmethod
    def start(cls, work: Any) -> None:
        cls.work = work

    @classmethod
    def call(cls, piece: Piece) -> Any:
        return cls.work(piece)


def _report(statuses: Counter[str]) -> None:
    kinds: Counter[str] = Counter()
    for status, count in statuses.items():
        kinds[status.partition(":")[0]] += count
    rest = "".join(f"; {count:,} {kind}" for kind, count in sorted(kinds.items()) if kind != OK)
    _logger.info("%s of %s questions explained%s", f"{kinds[OK]:,}", f"{kinds.total():,}", rest)
