"""`rex explain export`: from questions and scene graphs to training files, streamed."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import msgspec

from rex.errors import InputError
from rex.exchange.formats import FORMATS
from rex.exchange.layouts import LISTS, PREFERENCES, ROWS, RowSource, dataset_info
from rex.exchange.negatives import negative
from rex.exchange.parquet import parquet_folder
from rex.exchange.record import Explained, ExportedQuestion, explain
from rex.explanations.building import Piece, in_order, pieces, question_files
from rex.files import check_outputs, read_json, whole_file, write_json
from rex.gqa.json_entries import decode_piece, without_collection
from rex.gqa.operations import ATOMIC_OPERATIONS
from rex.gqa.questions import QUESTION_CURE, ProgramError
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Skip

_logger = logging.getLogger("rex.explanations")


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """What is exported, and how."""

    scene_graphs: Path
    format: str = "jsonl"
    layout: str | None = None
    """None: the format's."""
    template: str = "explanation-answer"
    images: str = "images/{}.jpg"
    split: str = "train"
    operations: frozenset[str] = frozenset()
    """Only questions with one of these; empty: all."""
    longest: int | None = None
    """Only programs of at most so many steps."""
    share: float = 100
    """Percent of the questions; a smaller share lies within a larger one."""
    only_clean: bool = False
    preference: str | None = None
    """`dpo` or `kto`: false replies, too."""
    seed: int = 0

    @property
    def with_steps(self) -> bool:
        """Whether rows hold the steps of programs."""
        return self.template == "steps" or self.laid_out in ("records", "parquet")

    @property
    def laid_out(self) -> str:
        """The layout."""
        return self.layout or FORMATS[self.format].layout


@dataclass(frozen=True)
class Exported:
    """What became of a piece of a questions file."""

    rows: Any
    """Text, or records for Parquet."""
    count: int
    dropped: list[tuple[str, str]]
    """Question id and why."""


class _DroppedError(Exception):
    """A question that is left out for its own sake, and why."""


class Exporter:
    """What a process needs to export pieces of questions."""

    def __init__(self, settings: ExportSettings) -> None:
        self.settings = settings
        self.graphs = SceneGraphIndex(settings.scene_graphs)

    def export(self, piece: Piece) -> Exported:
        """Return the rows of a piece."""
        file, text = piece
        entries = decode_piece(text, ExportedQuestion, file, entry="question", cure=QUESTION_CURE)
        layout = self.settings.laid_out
        encode = msgspec.json.Encoder().encode
        rows: list[Any] = []
        dropped: list[tuple[str, str]] = []
        count = 0
        for question_id, asked in entries.items():
            try:
                found = self._rows(question_id, asked)
            except ProgramError as error:
                raise error.in_file(file, question_id) from None
            except (Skip, _DroppedError) as reason:
                dropped.append((question_id, str(reason)))
            else:
                count += bool(found)
                rows += found if layout == "parquet" else map(encode, found)
        return Exported(rows if layout == "parquet" else _joined(rows, layout), count, dropped)

    def _rows(self, question_id: str, asked: ExportedQuestion) -> Sequence[Any]:
        """Return the rows of a question; none where no such question is asked for."""
        settings = self.settings
        drawn = crc32(f"{settings.seed}/{question_id}".encode()) / 2**32
        too_long = settings.longest is not None and len(asked.semantic) > settings.longest
        if too_long or drawn * 100 >= settings.share:
            return ()
        graph = self.graphs.get(asked.image_id)
        explained = explain(question_id, asked, graph, with_steps=settings.with_steps)
        if settings.operations and settings.operations.isdisjoint(explained.operations):
            return ()
        if settings.only_clean and explained.flags:
            raise _DroppedError(", ".join(explained.flags))
        if settings.laid_out not in ROWS:
            return (explained,)
        rejected = None
        if settings.preference is not None and graph is not None:
            rejected = self._rejected(explained, asked, graph)
        source = RowSource(
            explained=explained,
            format=FORMATS[settings.format],
            template=settings.template,
            images=settings.images,
            split=settings.split,
            seed=settings.seed,
            rejected=rejected,
            is_kto=settings.preference == "kto",
        )
        return ROWS[settings.laid_out](source)

    def _rejected(
        self, explained: Explained, asked: ExportedQuestion, graph: SceneGraph
    ) -> Explained:
        """Return a false explanation."""
        found = negative(explained, asked, graph, self.settings.seed)
        alike = self.settings.template == "answer"
        if found is None or (alike and found.explained.answer == explained.answer):
            raise _DroppedError("no false explanation")
        return found.explained


def _joined(lines: Sequence[bytes], layout: str) -> bytes:
    if layout in LISTS:
        return b",\n".join(lines)
    return b"".join([line + b"\n" for line in lines])


@without_collection()
def export_explanations(
    questions: Sequence[str | PathLike[str]],
    out: Path,
    settings: ExportSettings,
    *,
    dropped: Path | None = None,
    processes: int = 1,
    shard: tuple[int, int] = (1, 1),
) -> Counter[str]:
    """Export all questions of files to `out`, a file, or a folder for Parquet.

    `dropped` gets a line of JSON for each question that is left out for its own sake: its id, and
    why. Returns how many rows were written (`rows`) and how many questions dropped, by reason.
    Raises InputError for malformed files, and when nothing is left to write.
    """
    files = question_files(questions)
    _check(settings)
    check_outputs(
        {**dict.fromkeys(files, "QUESTIONS"), settings.scene_graphs: "--scene-graphs"},
        {"--out": out, "--dropped": dropped},
    )
    exporter = Exporter(settings)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        write = stack.enter_context(_sink(out, settings, shard))
        listed = None if dropped is None else stack.enter_context(_opened(dropped))
        parts = pieces(files, shard, report="export")
        for part in stack.enter_context(in_order(exporter.export, parts, processes)):
            write(part.rows)
            counts["rows"] += part.count
            for question_id, reason in part.dropped:
                counts[reason.partition(":")[0]] += 1
                if listed is not None:
                    line = {"question_id": question_id, "reason": reason}
                    listed.write(json.dumps(line).encode() + b"\n")
        # a shard alone may have none
        if not counts["rows"] and shard == (1, 1):
            raise InputError(
                "no question is left to export",
                file=files[0],
                cure=f"ask for more, or correct what is dropped: {_told(counts) or 'filters'}",
            )
    if settings.laid_out == "llama-factory":
        info = out.parent / "dataset_info.json"
        # others' data sets may be listed there
        listing = read_json(info) if info.exists() else {}
        entry = dataset_info(out.stem, out.name, preference=settings.preference)
        write_json(info, {**listing, **entry})
    rest = _told(counts)
    _logger.info(
        "%s questions in %s%s", f"{counts['rows']:,}", out, f"; dropped: {rest}" * bool(rest)
    )
    return counts


def _told(counts: Counter[str]) -> str:
    return ", ".join(
        f"{count:,} {name}" for name, count in sorted(counts.items()) if name != "rows"
    )


def _check(settings: ExportSettings) -> None:
    """Raise InputError that names the first option whose value makes no sense."""
    for option, problem, cure in _problems(settings):
        raise InputError(problem, file=option, cure=cure)


def _problems(settings: ExportSettings) -> Iterator[tuple[str, str, str]]:
    """Yield option, problem and cure."""
    layout, preference = settings.laid_out, settings.preference
    for name in sorted(settings.operations.difference(ATOMIC_OPERATIONS)):
        yield "--operation", f"no operation {name!r}", f"choose of {', '.join(ATOMIC_OPERATIONS)}"
    if not re.fullmatch(r"\w+", settings.split):
        yield "--split", f"{settings.split!r} is not a name of a split", "use letters, digits and _"
    if "{}" not in settings.images:
        problem = f"{settings.images!r} does not say where the image's id stands"
        yield "--images", problem, "write {} there: images/{}.jpg"
    if not 0 < settings.share <= 100:
        yield "--share", f"a share of {settings.share:g} percent", "give one above 0, to 100"
    if settings.format == "swift" and layout != "swift":
        yield "--layout", f"format swift has no layout {layout}", "leave --layout out"
    if layout == "swift" and settings.format != "swift":
        yield "--layout", f"layout swift has no format {settings.format}", "use --format swift"
    if preference is not None and preference not in PREFERENCES.get(layout, ()):
        known = [name for name, kinds in PREFERENCES.items() if preference in kinds]
        problem = f"layout {layout} holds no false replies of kind {preference}"
        yield "--preference", problem, f"choose --layout {' or '.join(known)}"


@contextmanager
def _sink(
    out: Path, settings: ExportSettings, shard: tuple[int, int]
) -> Iterator[Callable[[Any], None]]:
    """Open a Parquet folder, JSON Lines or one JSON list; yields what writes rows to it."""
    if settings.laid_out == "parquet":
        with parquet_folder(out, settings.split, shard) as add:
            yield add
        return
    is_list = settings.laid_out in LISTS
    with _opened(out) as file:

        def write(rows: bytes) -> None:
            if rows:
                if is_list:
                    file.write(b",\n" if file.tell() else b"[\n")
                file.write(rows)

        yield write
        if is_list:
            file.write(b"\n]\n" if file.tell() else b"[]\n")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with whole_file(path) as temporary, temporary.open("wb") as file:
        yield file
