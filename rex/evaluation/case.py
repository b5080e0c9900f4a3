"""What a measure is, and what it is given: predictions beside what is known of the questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from rex.errors import InputError
from rex.evaluation.reading.ground_truth import (
    Questions,
    TrueExplanations,
    read_explanations,
    read_graphs,
    read_questions,
)
from rex.evaluation.reading.model_answers import is_model_answers
from rex.evaluation.reading.model_predictions import read_model_predictions
from rex.evaluation.reading.predictions import Predictions, match_predictions, read_predictions
from rex.evaluation.scores import Floats, Sample, Score

if TYPE_CHECKING:
    from rex.gqa.scene_graphs import SceneGraph
    from rex.regions.store import RegionStore

NO_ANSWERS = "not computed: the predictions hold no answers"
NO_EXPLANATIONS = "not computed: the predictions hold no explanations"

Results = Mapping[str, Sample | Score | str]
"""Of each score the sample, or the score itself where it is no function of sums over questions (and
has no interval), or the reason why there is none."""
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The files that a run is measured against; what is None is not known."""

    questions: Path
    explanations: Path | None = None
    regions: Path | None = None
    scene_graphs: Path | None = None
    choices: Path | None = None
    """GQA's choices file; None: choices are derived from the questions."""
    upper_bound: Path | None = None
    """The public code's `grounding_upper_bound.json`, for `compat/grounding`; None: our bound."""
    compat: bool = False
    """Whether explanations are also measured as the published code does."""
    meteor: bool = True
    """Whether METEOR is measured: it takes longer than all the rest."""
    corenlp: Path | None = None
    """The folder of CoreNLP 3.6.0, which SPICE needs."""
    ood: Mapping[str, Sequence[str]] | None = None
    """The question ids of GQA-OOD's parts."""
    convention: str | None = None
    """What the numbers of boxes in a model's text mean (`rex.exchange.formats`)."""
    partial: bool = False
    """Whether questions without a prediction are left out."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The predictions of one run, and what they are measured against; each file is read once.

    Everything is in the order of the questions file [n]; `order` [n] is the row of each question's
    prediction.
    """

    predictions: Predictions
    order: npt.NDArray[np.int64]
    questions: Questions
    truth: TrueExplanations | None
    inputs: Inputs
    asked: int
    """How many questions the file holds, measured or not."""
    _known: dict[Callable[[Case], Any], Any] = field(default_factory=dict)
    _graphs: Mapping[str, SceneGraph] | None = None

    @classmethod
    def read(cls, path: Path, inputs: Inputs) -> Case:
        """Read the predictions `path` and the questions.

        Raises InputError when a file is damaged or the files don't belong together.
        """
        questions, graphs = read_questions(inputs.questions), None
        if is_model_answers(path):
            if inputs.scene_graphs is not None:
                graphs = read_graphs(inputs.scene_graphs, questions)
            predictions = read_model_predictions(path, questions, graphs, inputs.convention)
        else:
            predictions = read_predictions(path)
        asked = len(questions.ids)
        if inputs.partial:
            questions = questions.only(predictions.question_ids)
            if not predictions.question_ids:
                raise InputError("answers no question", file=path, cure="check the file")
        cure = "predict them all, or leave the others out: --partial"
        order = match_predictions(predictions, questions.ids, path, cure=cure)
        file = inputs.explanations
        truth = None if file is None else read_explanations(file, questions)
        return cls(
            predictions=predictions,
            order=order,
            questions=questions,
            truth=truth,
            inputs=inputs,
            asked=asked,
            _graphs=graphs,
        )

    def missing(self, needs: Sequence[str]) -> str | None:
        """Return why a measure with these needs can't be computed; None: it can."""
        return next((NEEDS[need][1] for need in needs if not NEEDS[need][0](self)), None)

    def once(self, compute: Callable[[Case], Value]) -> Value:
        """Return `compute(self)`, computed once: what several measures are made of."""
        if compute not in self._known:
            self._known[compute] = compute(self)
        return self._known[compute]

    @cached_property
    def answers(self) -> list[str | None]:
        """The predicted answers [n]."""
        return [self.predictions.answers[row] for row in self.order]

    @cached_property
    def explanations(self) -> list[str | None]:
        """The predicted explanations [n]: blank-separated tokens."""
        return [self.predictions.explanations[row] for row in self.order]

    @cached_property
    def programs(self) -> list[str | None]:
        """The predicted programs [n]; for measures that need them."""
        written = self.predictions.programs or []
        return [written[row] for row in self.order]

    @cached_property
    def graphs(self) -> Mapping[str, SceneGraph] | None:
        """The scene graphs of the questions' images; None: they are not known."""
        path = self.inputs.scene_graphs
        if path is None or self._graphs is not None:
            return self._graphs
        return read_graphs(path, self.questions)

    @cached_property
    def store(self) -> RegionStore:
        """The region store; for measures that need regions, of predictions without boxes."""
        from rex.regions.store import RegionStore

        assert self.inputs.regions is not None, "a measure reads regions that it does not need"
        return RegionStore(self.inputs.regions)

    @property
    def true(self) -> TrueExplanations:
        """The true explanations of m questions; for measures that need them."""
        assert self.truth is not None, "a measure reads explanations that it does not need"
        return self.truth

    @property
    def references(self) -> list[str]:
        """The texts of the true explanations [m]; for measures that need them."""
        assert self.true.texts is not None, "a measure reads true texts that it does not need"
        return self.true.texts

    @cached_property
    def hypotheses(self) -> list[str]:
        """The predicted explanations of the m questions with a true one; "" where there is none."""
        return [self.explanations[row] or "" for row in self.true.rows]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One kind of measure, declared once: files, tables, tests and docs follow from it.

    `compute` returns each of `names` (and may return more: parts by type of question) as a sample,
    a number, or the reason why there is none.
    """

    names: tuple[str, ...]
    """The scores; without what it `needs` they are null, with the reason."""
    labels: tuple[str, ...]
    """One for each name, for tables."""
    compute: Callable[[Case], Results]
    summary: str
    """What it is, for docs/measures.md."""
    needs: tuple[str, ...] = ()
    """Keys of `NEEDS`; the first that is missing gives the reason."""
    unit: str = "percent"
    lower_is_better: bool = False
    paired: Mapping[str, Callable[[Floats], Floats]] = field(default_factory=dict)
    """The scores that methods are compared by, and how each comes from sums over questions."""
    compat: bool = False
    """Whether it is a measure of the published code, left out unless asked for."""


def parts(compute: Callable[[Case], Results], *names: str) -> Callable[[Case], Results]:
    """Return what takes `names`, also by structural type, from what `compute` gives a case once."""
    return lambda case: {
        name: result
        for name, result in case.once(compute).items()
        if name.partition("/structural/")[0] in names
    }


def _has_regions(case: Case) -> bool:
    return case.inputs.regions is not None or case.predictions.boxes is not None


NEEDS: dict[str, tuple[Callable[[Case], object], str]] = {
    "answers": (lambda case: case.predictions.have_answers, NO_ANSWERS),
    "true answers": (
        lambda case: any(case.questions.answers),
        "not computed: the questions file holds no answers",
    ),
    "GQA-OOD": (
        lambda case: case.inputs.ood is not None,
        "not computed: no GQA-OOD files were given",
    ),
    "explanations": (lambda case: case.predictions.have_explanations, NO_EXPLANATIONS),
    "true explanations": (
        lambda case: case.truth is not None,
        "not computed: the true explanations of this split are not known (no scene graphs)",
    ),
    "true texts": (
        lambda case: (
            case.truth is not None
            and case.truth.texts is not None
            and case.predictions.boxes is None
        ),
        "not computed: the explanations, or the true ones, were made without regions",
    ),
    "boxes": (
        lambda case: _has_regions(case) and case.inputs.scene_graphs is not None,
        "not computed: needs scene graphs, and regions or boxes",
    ),
    "pointing": (
        lambda case: case.predictions.point,
        "not computed: no explanation names a region or a box",
    ),
    "parameters": (
        lambda case: case.predictions.parameters is not None,
        "not computed: the predictions do not say how large their model is",
    ),
    "programs": (
        lambda case: (
            case.predictions.programs is not None
            and any(program is not None for program in case.predictions.programs)
            and any(case.questions.programs)
        ),
        "not computed: the predictions hold no programs",
    ),
    "regions": (lambda case: _has_regions(case), "not computed: needs regions or boxes"),
    "scene graphs": (
        lambda case: _has_regions(case) and case.inputs.scene_graphs is not None,
        "not computed: needs scene graphs",
    ),
    "METEOR": (lambda case: case.inputs.meteor, "not computed: left out (--without-meteor)"),
    "CoreNLP": (
        lambda case: case.inputs.corenlp is not None,
        "not computed: needs CoreNLP 3.6.0",
    ),
}
"""What measures may need: whether it is there, and what is said where it is not."""
TEXTS = ("explanations", "true explanations", "true texts")
"""What measures need that compare explanations with true ones."""
