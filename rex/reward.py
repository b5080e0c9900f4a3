"""A reward for reinforcement learning: is the answer right, and is the reason one?

    from rex.reward import Reward

    reward = Reward.read("train_questions.json", "train_sceneGraphs.json", format="qwen2.5-vl")
    reward.score("1000000000", "The pants [..] are green. The answer is yes.")

No model is needed: the text is read into facts, and these are held against the question's program
and the scene graph, as `rex evaluate` does. A `Reward` is called as TRL's and ms-swift's GRPO call
theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from typing import Any, TypedDict

from rex.boxes import Box, box_sets, union_ious
from rex.errors import InputError
from rex.evaluation.measures.agreement import agrees
from rex.evaluation.measures.answers import normalised_answer, spellings
from rex.evaluation.measures.facts import shown_by_boxes
from rex.evaluation.measures.relevance import Topic, topic_of
from rex.evaluation.measures.truth import SeenScene, rightly_called
from rex.evaluation.reading.cursor import UnreadableError
from rex.evaluation.reading.english import English
from rex.evaluation.reading.facts import Fact
from rex.evaluation.reading.model_answers import read_text
from rex.evaluation.reading.model_predictions import fits
from rex.evaluation.reading.statements import read_statement
from rex.exchange.formats import FORMATS, Format
from rex.gqa.json_entries import iter_entries
from rex.gqa.parsing import Program, parse_program, parse_program_text
from rex.gqa.questions import QUESTION_CURE, ProgramError, ProgramRecord
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.gqa.scene_graphs import SceneGraph
from rex.programs.errors import Skip
from rex.programs.executor import execute
from rex.programs.rendering import mentioned
from rex.programs.wording import word_statement

File = str | PathLike[str]


class Worth(TypedDict):
    """What a reply is worth, 0 to 1 each."""

    answer: float
    """Whether the answer is right (`accuracy/normalised`)."""
    grounding: float
    """IoU of the boxes with those of the true explanation's objects; where it is about none, 1 for
    a relevant explanation that has none."""
    agreement: float
    """Whether the reply's own answer follows from its explanation."""
    truth: float
    """The share of the explanation's relevant facts that hold in the image and are not said again;
    0 where there are none, or a main clause is false."""


WEIGHTS: Mapping[str, float] = {"answer": 0.4, "grounding": 0.2, "agreement": 0.2, "truth": 0.2}
"""What a reward is made of, unless other weights are given."""


@dataclass(frozen=True)
class Asked:
    """A question, ready to be answered."""

    program: Program
    graph: SceneGraph
    answer: str | None
    """The right one; None: it is not known, and none is right."""
    boxes: list[Box]
    """Of the objects of the true explanation, in pixels; empty where it is about none."""
    topic: Topic


class Reward:
    """Scores replies to the questions of a file."""

    __name__ = "rex"

    def __init__(
        self,
        questions: Mapping[str, ProgramRecord],
        graphs: SceneGraphIndex,
        *,
        format: str = "pixels",
        weights: Mapping[str, float] | None = None,
    ) -> None:
        if format not in FORMATS:
            raise InputError(f"no format {format!r}", cure=f"choose of {', '.join(FORMATS)}")
        self.weights = _checked(WEIGHTS if weights is None else weights)
        self._questions = questions
        self._graphs = graphs
        self._format: Format = FORMATS[format]
        found = [graph for name in graphs if (graph := graphs.get(name)) is not None]
        programs = (record.semantic for record in questions.values())
        self._english = English(found, programs)
        self._asked = lru_cache(maxsize=4096)(self._ask)

    @classmethod
    def read(cls, questions: File, scene_graphs: File, **settings: Any) -> Reward:
        """Read GQA's files; `settings` are `format` and `weights`. Raises InputError."""
        records = dict(iter_entries(questions, ProgramRecord, entry="question", cure=QUESTION_CURE))
        return cls(records, SceneGraphIndex(scene_graphs), **settings)

    def score(
        self, question: str, text: str, *, image_id: str | None = None, answer: str | None = None
    ) -> Worth:
        """Return what a reply is worth.

        `question` is the id of one of the file, or, with an `image_id` and the right `answer`, a
        program as text (`select: dog (11)->query: color [0]`). Raises InputError for others.
        """
        return _scores([self._reply(self._asked(question, image_id, answer), text)])[0]

    def scores(self, questions: Sequence[str], texts: Sequence[str]) -> list[Worth]:
        """Return what replies to questions, by id, are worth: faster than one by one."""
        return _scores(
            [
                self._reply(self._asked(question, None, None), text)
                for question, text in zip(questions, texts, strict=True)
            ]
        )

    def __call__(
        self, completions: Sequence[Any], question_id: Sequence[str | int], **columns: Any
    ) -> list[float]:
        """Return the weighted mean of each completion's scores, 0 to 1.

        `completions` are texts, or lists of messages with `content`; `question_id` is the column of
        that name, which `rex explain export` writes. Other columns are passed over.
        """
        total = math.fsum(self.weights.values())
        found: Sequence[Mapping[str, Any]] = self.scores(
            list(map(str, question_id)), list(map(_text, completions))
        )
        return [
            math.fsum(weight * scores[name] for name, weight in self.weights.items()) / total
            for scores in found
        ]

    def _reply(self, asked: Asked, text: str) -> _Reply:
        written, graph = self._format, asked.graph
        said = read_text(text, boxes_first=written.boxes_first)
        if said.explanation is None:
            return _Reply(asked, said.answer, [], (), ())
        read = self._english.tokens(said.explanation, graph)
        size = graph.width, graph.height
        boxes: list[Box] = [
            written.pixels(one, *size) if fits(written, one, *size) else (0, 0, 0, 0)
            for one in read.boxes
        ]
        return _Reply(asked, said.answer, boxes, self._facts(read.text), read.called)

    def _facts(self, tokens: str) -> Sequence[Fact]:
        try:
            return read_statement(tokens, self._english.lexicon)
        except UnreadableError:
            return ()

    def _ask(self, question: str, image_id: str | None, answer: str | None) -> Asked:
        record = self._questions.get(question)
        try:
            if image_id is not None:
                program = parse_program_text(question)
            elif record is not None:
                program, image_id, answer = (
                    parse_program(record.semantic),
                    record.image_id,
                    record.answer,
                )
            else:
                raise InputError(f"no question {question}", cure="give the file that has it")
        except ProgramError as error:
            raise InputError(f"question {question}: {error}", cure="correct its program") from None
        graph = self._graphs.get(image_id)
        if graph is None:
            raise InputError(
                f"no scene graph of image {image_id}",
                file=self._graphs.path,
                cure="give the scene graphs of the same split",
            )
        try:
            leaves = word_statement(execute(program, graph, answer).statement)
        except Skip as skip:
            raise InputError(
                f"question {question} has no explanation ({skip})",
                cure="train on what rex explain export writes",
            ) from None
        objects = list(dict.fromkeys(mentioned(leaves)))
        boxes = [graph.objects[name].box for name in objects]
        return Asked(program, graph, answer, boxes, topic_of(program, graph, objects))


def _checked(weights: Mapping[str, float]) -> dict[str, float]:
    unknown = sorted(weights.keys() - WEIGHTS.keys())
    if unknown:
        cure = f"give weights of {', '.join(WEIGHTS)}"
        raise InputError(f"no score {unknown[0]!r} to weigh", cure=cure)
    for name, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise InputError(f"the weight of {name} is {weight}", cure="give 0 or more")
    if not any(weights.values()):
        raise InputError("no score has a weight", cure="give one above 0")
    return dict(weights)


def _text(completion: Any) -> str:
    """Return a completion's text: itself, or that of its last message, which may come in parts."""
    content = completion
    if not isinstance(completion, str):
        content = completion[-1].get("content") if completion else None
    if isinstance(content, list):
        return "".join([part.get("text") or "" for part in content])
    return content or ""


@dataclass(frozen=True)
class _Reply:
    """What a model said to a question."""

    asked: Asked
    answer: str | None
    boxes: list[Box]
    facts: Sequence[Fact]
    called: Sequence[Fact]


def _scores(replies: Sequence[_Reply]) -> list[Worth]:
    """Return what replies are worth; geometry is worked out for all together."""
    given = box_sets([reply.boxes for reply in replies])
    overlaps = union_ious(given, box_sets([reply.asked.boxes for reply in replies])).tolist()
    shown = shown_by_boxes([reply.asked.graph for reply in replies], given)
    found: list[Worth] = []
    for reply, overlap, objects in zip(replies, overlaps, shown, strict=True):
        asked, facts = reply.asked, reply.facts
        scene = SeenScene(asked.graph, objects)
        said = spellings(reply.answer) if facts and reply.answer is not None else ()
        agreed = any(agrees(one, facts, asked.program, scene.names) for one in said)
        relevant = [fact for fact in facts if asked.topic.covers(fact, scene)]
        if relevant:
            scene = SeenScene(asked.graph, rightly_called(asked.graph, objects, reply.called))
        found.append(
            {
                "answer": float(_is_right(reply.answer, asked.answer)),
                "grounding": overlap if asked.boxes else float(bool(relevant) and not reply.boxes),
                "agreement": float(agreed),
                "truth": _truth(facts, relevant, scene),
            }
        )
    return found


def _truth(facts: Sequence[Fact], relevant: Sequence[Fact], scene: SeenScene) -> float:
    """Return the share of relevant facts that hold, each once; nothing makes up for a lie."""
    if not relevant or not all(scene.holds(fact) for fact in facts if fact.main):
        return 0.0
    return len(set(filter(scene.holds, relevant))) / len(relevant)


def _is_right(given: str | None, true: str | None) -> bool:
    if given is None or true is None:
        return False
    return normalised_answer(given) == normalised_answer(true)
