"""From questions, scene graphs and regions to the explanation table."""

from __future__ import annotations

import logging
from collections import Counter
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from rex.errors import InputError
from rex.explanations.explanation import OK, explain
from rex.explanations.table import explanation_table
from rex.files import made_by
from rex.gqa.records import iter_question_records
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.programs.errors import ProgramError

if TYPE_CHECKING:
    from rex.explanations.matching import RegionMatcher

_logger = logging.getLogger("rex.explanations")

File = str | PathLike[str]


def build_explanations(
    questions: File,
    scene_graphs: File,
    out: File,
    *,
    regions: File | None = None,
    mode: str = "fixed",
    threshold: float = 0.5,
) -> Counter[str]:
    """Explain every question of a file and write the explanation table; return status counts.

    Raises InputError for malformed files and programs, and when no question's image has a scene
    graph (the wrong file).
    """
    if mode != "fixed":
        raise InputError("mode compat is not there yet", place="--mode", cure="use fixed")
    index = SceneGraphIndex(scene_graphs)
    matcher = _matcher(regions, threshold)
    settings = {
        "mode": mode,
        "questions": Path(questions).name,
        "scene_graphs": Path(scene_graphs).name,
        "region_threshold": threshold if regions is not None else None,
    }
    statuses: Counter[str] = Counter()
    found = False
    with explanation_table(out, mode, made_by("rex explain build", settings)) as rows:
        for question_id, record in iter_question_records(questions):
            graph = index.get(record.image_id)
            match = None
            if graph is not None:
                found = True
                if matcher is not None:
                    match = matcher.match(record.image_id, graph)
            try:
                explanation = explain(record.semantic, graph, record.answer, match)
            except ProgramError as error:
                raise InputError(
                    error.problem,
                    file=questions,
                    place=f"question {question_id}: semantic step {error.step}",
                    cure="mend the program; docs/programs.md lists the operations",
                ) from None
            statuses[explanation.status.partition(":")[0]] += 1
            rows.add(question_id, record.image_id, record.answer, explanation)
        if not found:
            raise InputError(
                "has no scene graph of any question's image",
                file=scene_graphs,
                place=f"{len(index)} images",
                cure=f"give the scene graphs of the same split as {questions}",
            )
    _logger.info(
        "%d of %d questions explained%s",
        statuses[OK],
        statuses.total(),
        "".join(
            f"; {count} {status}" for status, count in sorted(statuses.items()) if status != OK
        ),
    )
    return statuses


def _matcher(regions: File | None, threshold: float) -> RegionMatcher | None:
    if regions is None:
        return None
    from rex.explanations.matching import RegionMatcher
    from rex.regions.store import RegionStore

    return RegionMatcher(RegionStore(regions), threshold)
