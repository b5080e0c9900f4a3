"""What a trained run says about an image: for people, for programs, and to be drawn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rex.asking.sentences import sentence_of
from rex.boxes import Box, cell_box
from rex.evaluation.entailment import entails
from rex.evaluation.measures.agreement import names_of
from rex.experiment import method_label
from rex.gqa.parsing import written_steps
from rex.reporting.examples import Example, MethodOutput, Word
from rex.reporting.gallery import region_colors


@dataclass(frozen=True)
class Reply:
    """The explained answer to one question about one image."""

    question: str
    method: str
    answer: str | None
    """None: the run has not learnt to answer."""
    probability: float | None
    """Of the answer, 0 to 1."""
    words: tuple[Word, ...] | None
    """None: the run has no decoder."""
    boxes: dict[int, Box]
    """The regions that the explanation names, in pixels of the image."""
    names: dict[int, str]
    """What the detector calls them."""
    width: int
    height: int
    notes: tuple[str, ...] = ()
    """What one should know before one believes the answer."""
    objects: Collection[str] = ()
    """All names of objects that the detector knows; the sentence needs them for its articles."""
    attributes: Collection[str] = ()
    """All words that the detector has for what objects are like."""
    program: str | None = None
    """The question's program as the run wrote it; None: it writes none."""

    def example(self) -> Example:
        """Return the reply as an example, to be drawn."""
        method = method_label(self.method)
        output = MethodOutput(method, self.answer, self.probability, None, self.words, None)
        return Example(
            question_id="",
            image_id="",
            question=self.question,
            answer="",
            size=(self.width, self.height),
            operations=(),
            words=(),
            outputs=(output,),
            boxes=self.boxes,
            names=self.names,
            objects=(),
        )

    @property
    def verdict(self) -> str:
        """The answer, and how sure the run is of it."""
        if self.answer is None or self.probability is None:
            return "this run gives no answer"
        # 100 would claim what no model can
        sure = "over 99" if self.probability >= 0.995 else f"{100 * self.probability:.0f}"
        return f"{self.answer} ({sure} % sure)"

    @property
    def sentence(self) -> str | None:
        """The explanation with names instead of regions and cells."""
        if self.words is None:
            return None
        said = sentence_of(self.words, self.names, self.objects, self.attributes)
        supported = self.answer in ("yes", "no") and self.entails_answer is not False
        text = f"{self.answer}, {said}" if said and supported else said
        return f"{text[:1].upper()}{text[1:]}." if text else ""

    @cached_property
    def entails_answer(self) -> bool | None:
        """Whether the answer follows from the explanation; None: one of them is missing."""
        return entails(
            self.answer,
            None if self.words is None else " ".join(word.text for word in self.words),
            names_of(self.names),
            question=self.question,
            semantic=written_steps(self.program or ""),
            objects=self.objects,
            attributes=self.attributes,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the reply for programs; boxes are x1, y1, x2, y2 in pixels."""
        colors = region_colors(self.example())
        size = (self.width, self.height)
        return {
            "question": self.question,
            "method": self.method,
            "answer": self.answer,
            "probability": None if self.probability is None else round(self.probability, 6),
            "explanation": None if self.words is None else " ".join(w.text for w in self.words),
            "sentence": self.sentence,
            "entails_answer": self.entails_answer,
            "verdict": self.verdict,
            "program": self.program,
            "notes": list(self.notes),
            "width": self.width,
            "height": self.height,
            "words": [_word(word, self, colors, size) for word in self.words or ()],
        }


def _word(
    word: Word, reply: Reply, colors: dict[int, str], size: tuple[int, int]
) -> dict[str, Any]:
    box: Box | None = None
    if word.region is not None:
        box = reply.boxes[word.region]
    elif word.cell is not None:
        box = cell_box(word.cell, *size)
    return {
        "text": word.text,
        "region": word.region,
        "name": None if word.region is None else reply.names.get(word.region),
        "color": None if word.region is None else colors[word.region],
        "cell": word.cell,
        "box": None if box is None else list(box),
        "gate": None if word.gate is None else round(word.gate, 4),
    }
