"""From questions, scene graphs and regions to the explanation table, streamed."""

from __future__ import annotations

import gc
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from rex.errors import InputError
from rex.explanations.modes import OK, CompatMode, FixedMode, Mode
from rex.explanations.question_batch import Batch
from rex.explanations.table import COMMAND, Tally, explanation_table
from rex.files import made_by
from rex.gqa.json_entries import decode_piece, iter_pieces
from rex.gqa.questions import QUESTION_CURE, ProgramError, ProgramRecord
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.logs import Progress
from rex.programs.errors import Skip
from rex.programs.parsing import parse_program
from rex.programs.published.executor import execute_published
from rex.programs.published.polishing import PluralMap, corpus_words

if TYPE_CHECKING:
    import pyarrow as pa

_logger = logging.getLogger("rex.explanations")

File = str | PathLike[str]
Piece = tuple[Path, bytes]
"""A part of a questions file: whole entries."""
Result = TypeVar("Result")
Worker = TypeVar("Worker")


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """What an explanation table is made from and how."""

    scene_graphs: Path
    regions: Path | None = None
    mode: str = "fixed"
    threshold: float = 0.5
    """An object whose best region has a lower IoU is written by its name."""


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
    tally = Tally()
    with (
        working(lambda: _Worker.start(settings), processes) as workers,
        explanation_table(out, _provenance(files, settings)) as table,
    ):
        if settings.mode == "compat":
            plurals = _corpus(workers, files)
            workers.close()
            workers.worker.set_plurals(plurals)
        for rows in workers.map(_Worker.explain, pieces(files, shard, report="explain")):
            table.add(rows)
            tally.add(rows)
        # a shard alone may have none; they are checked where they are gathered
        if shard == (1, 1):
            tally.check(files[0], scene_graphs=settings.scene_graphs, regions=settings.regions)
    _report(tally.statuses)
    return tally.statuses


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

    def __init__(self, settings: BuildSettings, graphs: SceneGraphIndex) -> None:
        self.settings = settings
        self.graphs = graphs
        self.mode: Mode = FixedMode()
        self.batch: Batch | None = None

    @classmethod
    def start(cls, settings: BuildSettings) -> _Worker:
        """Return a worker; a missing or damaged store is told before any work."""
        _store(settings)
        return cls(settings, SceneGraphIndex(settings.scene_graphs))

    def set_plurals(self, plurals: PluralMap) -> None:
        """Switch to compat mode, which needs the corpus's plurals."""
        self.mode = CompatMode(plurals)

    def entries(self, piece: Piece) -> dict[str, ProgramRecord]:
        file, text = piece
        return decode_piece(text, ProgramRecord, file, entry="question", cure=QUESTION_CURE)

    def explain(self, piece: Piece) -> pa.Table:
        """Return the rows of a piece."""
        if self.batch is None:
            self.batch = Batch(
                self.graphs, self.mode, _store(self.settings), self.settings.threshold
            )
        for question_id, record in self.entries(piece).items():
            try:
                self.batch.add(question_id, record)
            except ProgramError as error:
                raise error.in_file(piece[0], question_id) from None
        return self.batch.take()

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


def _corpus(workers: Workers[_Worker], files: Sequence[Path]) -> PluralMap:
    corpus: dict[str, None] = {}
    for words in workers.map(_Worker.words, pieces(files, (1, 1), report="corpus")):
        corpus |= dict.fromkeys(words)
    return PluralMap.from_corpus(corpus)


def _store(settings: BuildSettings) -> Any:
    if settings.regions is None:
        return None
    from rex.regions.store import RegionStore

    return RegionStore(settings.regions)


class Workers(Generic[Worker]):
    """This process, or several, that work through pieces in order."""

    def __init__(self, worker: Worker, processes: int) -> None:
        self.worker = worker
        """What works on a piece; other processes that are there already keep the one they have."""
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def map(
        self, work: Callable[[Worker, Piece], Result], pieces: Iterator[Piece]
    ) -> Iterator[Result]:
        """Yield the result of each piece, in order, with few pieces under way at a time."""
        if self._processes == 1:
            yield from (work(self.worker, piece) for piece in pieces)
            return
        if self._pool is None:
            # forked: the worker, with the index of the scene graphs, is shared and not copied
            self._pool = ProcessPoolExecutor(
                self._processes,
                mp_context=get_context("fork"),
                initializer=_Forked.start,
                initargs=(self.worker,),
            )
        pending: deque[Future[Result]] = deque()
        for piece in pieces:
            pending.append(self._pool.submit(_Forked.call, work, piece))
            if len(pending) > 2 * self._processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    def close(self) -> None:
        """End the other processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


class _Forked:
    """Where a forked process keeps its worker between the pieces that it is sent."""

    worker: Any

    @classmethod
    def start(cls, worker: Any) -> None:
        cls.worker = worker

    @classmethod
    def call(cls, work: Callable[[Any, Piece], Result], piece: Piece) -> Result:
        return work(cls.worker, piece)


@contextmanager
def working(start: Callable[[], Worker], processes: int) -> Iterator[Workers[Worker]]:
    """Yield the processes that a worker, which `start` returns, works in."""
    collecting = gc.isenabled()
    # nothing built here refers back to itself, and looking for cycles takes a third of the time
    gc.disable()
    workers = Workers(start(), processes)
    try:
        yield workers
    finally:
        workers.close()
        if collecting:
            gc.enable()


def _report(statuses: Counter[str]) -> None:
    kinds: Counter[str] = Counter()
    for status, count in statuses.items():
        kinds[status.partition(":")[0]] += count
    rest = "".join(f"; {count:,} {kind}" for kind, count in sorted(kinds.items()) if kind != OK)
    _logger.info("%s of %s questions explained%s", f"{kinds[OK]:,}", f"{kinds.total():,}", rest)
