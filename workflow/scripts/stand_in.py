"""Answers of a rule-based stand-in for a vision-language model, in the style of Qwen2.5-VL.

It looks up the annotations and goes wrong by rule, so that a file of such answers can be measured
where no such model is at hand. Of five questions it answers one with a false explanation, one with
boxes beside the objects, one with a word alone, and one in words that no grammar reads.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec

from rex.boxes import Box
from rex.exchange.formats import FORMATS
from rex.exchange.negatives import negative
from rex.exchange.record import Explained, ExportedQuestion, explain
from rex.exchange.templates import ANSWER, reply
from rex.files import write_text
from rex.gqa.json_entries import iter_entries
from rex.gqa.scene_graphs import SceneGraph, read_scene_graphs
from rex.programs.errors import Skip

FORMAT = FORMATS["qwen2.5-vl"]
BESIDE = 0.5
"""Of its width, by which a misplaced box lies to the left or to the right of its object."""


def main() -> None:
    """Write the answers, JSON Lines of `question_id` and `text`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--scene-graphs", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True, help="questions that it answers")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    graphs = read_scene_graphs(arguments.scene_graphs)
    rows = answers(arguments.questions, graphs, arguments.count)
    write_text(arguments.out, "".join(json.dumps(row) + "\n" for row in rows))


def answers(questions: Path, graphs: dict[str, SceneGraph], count: int) -> Iterator[dict[str, str]]:
    """Yield what it says to `count` questions, drawn by their ids."""
    entries = dict(
        iter_entries(questions, ExportedQuestion, entry="question", cure="give GQA's questions")
    )
    drawn = sorted(entries, key=lambda name: (crc32(name.encode()), name))
    place = 0
    for question_id in drawn:
        if place == count:
            return
        asked = entries[question_id]
        graph = graphs[asked.image_id]
        try:
            explained = explain(question_id, asked, graph)
        except Skip:
            continue
        yield {"question_id": question_id, "text": say(explained, asked, graph, place % 5)}
        place += 1


def say(explained: Explained, asked: ExportedQuestion, graph: SceneGraph, rule: int) -> str:
    """Return its answer to a question, by the rule of this number."""
    if rule == 1 and (false := negative(explained, asked, graph, seed=0)):
        return written(false.explained)
    if rule == 2:
        moved = [
            msgspec.structs.replace(thing, box=beside(thing.box, explained.width))
            for thing in explained.objects
        ]
        return written(msgspec.structs.replace(explained, objects=tuple(moved)))
    if rule == 3:
        return f"{explained.answer.capitalize()}."
    if rule == 4:
        return f"Judging by what can be seen here. {ANSWER.format(explained.answer)}"
    return written(explained)


def beside(box: Box, width: float) -> Box:
    """Return a box of the same size, moved within the image's width."""
    left, top, right, bottom = box
    step = BESIDE * (right - left)
    step = step if right + step <= width else -min(step, left)
    return left + step, top, right + step, bottom


def written(explained: Explained) -> str:
    """Return explanation and answer, with boxes as Qwen2.5-VL writes them."""
    said = reply(explained, "explanation-answer")
    return FORMAT.text(said, explained.boxes(), explained.width, explained.height)


if __name__ == "__main__":
    main()
