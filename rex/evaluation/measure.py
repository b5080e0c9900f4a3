"""All measures of one run on one split: what `rex evaluate` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rex.evaluation.answers import accuracy_samples, ood_samples
from rex.evaluation.attributes import PAPER_CATEGORIES, attribute_samples, expected_words
from rex.evaluation.captions import caption_samples
from rex.evaluation.compat import (
    PREFIX,
    compat_attributes,
    compat_captions,
    compat_grounding,
)
from rex.evaluation.gqa_scores import (
    choice_samples,
    consistency_sample,
    derive_choices,
    distribution_score,
    kind_samples,
    read_choices,
)
from rex.evaluation.ground_truth import (
    Questions,
    TrueExplanations,
    annotated_boxes,
    predicted_boxes,
    read_explanations,
    read_graphs,
    read_questions,
)
from rex.evaluation.grounding import grounding_samples, object_samples
from rex.evaluation.grounding_by_answer import BY_ANSWER, by_answer_samples
from rex.evaluation.java import JavaUnavailableError
from rex.evaluation.meteor import meteor_sample
from rex.evaluation.predictions import Predictions, match_predictions, read_predictions
from rex.evaluation.reading import (
    agreement_by_detector,
    read_explained,
    readable_sample,
    reading_samples,
)
from rex.evaluation.resampling import intervals
from rex.evaluation.scores import Sample, Score, Single, not_computed
from rex.evaluation.spice import NO_COMPAT_SPICE, NO_SPICE, spice_sample
from rex.gqa.layout import OOD_PARTS

GQA_MEASURES = ("consistency", "validity", "plausibility", "distribution")
CAPTION_MEASURES = ("bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge-l", "cider", "spice")
GROUNDING_MEASURES = (
    "grounding",
    "grounding/bounded",
    "grounding/coverage",
    "grounding/precision",
    "grounding/recall",
    "grounding/f1",
)
READING_MEASURES = ("readable", "agreement", "truth")
ATTRIBUTE_MEASURES = tuple(f"attributes/{name}" for name in PAPER_CATEGORIES)
CIDER_UNIT = "library value x 100"

NO_ANSWERS = "not computed: the predictions hold no answers"
NO_TRUE_ANSWERS = "not computed: the questions file holds no answers"
NO_EXPLANATIONS = "not computed: the predictions hold no explanations"
NO_TRUTH = "not computed: the true explanations of this split are not known (no scene graphs)"
NO_TEXTS = "not computed: the true explanations were built without regions"
NO_BOXES = "not computed: needs regions and scene graphs"
NO_REGIONS = "not computed: needs regions"
NO_SCENES = "not computed: needs scene graphs"
NONE_READABLE = "not computed: no explanation can be read"
ALL_EMPTY = "not computed: all explanations are empty"
LEFT_OUT = "not computed: left out (--without-meteor)"
NO_OOD = "not computed: no GQA-OOD files were given"
TOKENS = "blank"

if TYPE_CHECKING:
    from rex.gqa.scene_graphs import SceneGraph

Integers = npt.NDArray[np.int64]

Found = dict[str, Sample | Single | str]
"""Of each measure the sample or score, or the reason why there is none."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The files that a run is measured against; what is None is not known."""

    questions: Path
    explanations: Path | None = None
    regions: Path | None = None
    scene_graphs: Path | None = None
    choices: Path | None = None
    """GQA's choices file; None: choices are derived from the questions."""
    compat: bool = False
    """Whether explanations are also measured as the published code does."""
    meteor: bool = True
    """Whether METEOR is measured: it takes longer than all the rest."""
    corenlp: Path | None = None
    """The folder of CoreNLP 3.6.0, which SPICE needs."""


@dataclass(frozen=True)
class Measured:
    """The measures of one run: samples or reasons by name, and the questions they are about."""

    questions: Questions
    found: Found
    mode: str | None
    """The mode the true explanations were built in; None: there are none."""

    @property
    def samples(self) -> dict[str, Sample]:
        """The measures that were computed."""
        return {name: found for name, found in self.found.items() if isinstance(found, Sample)}

    def scores(self, *, split: str, mode: str, draws: int, seed: int) -> dict[str, Score]:
        """Return every score under its name, with an interval from `draws` resamples."""
        within = intervals(self.samples, questions=len(self.questions.ids), draws=draws, seed=seed)
        scores = {}
        for name, found in self.found.items():
            if isinstance(found, Sample):
                scores[name] = found.score(within.get(name), mode=mode, split=split)
            elif isinstance(found, Single):
                scores[name] = found.score(mode=mode, split=split)
            else:
                unit = CIDER_UNIT if name == "cider" else "percent"
                scores[name] = not_computed(found, unit=unit, mode=mode, split=split)
        return scores


def measure(path: Path, inputs: Inputs, ood: Mapping[str, Sequence[str]] | None = None) -> Measured:
    """Measure the predictions in the file `path`; `ood` names the questions of GQA-OOD's parts.

    Raises InputError when a file is damaged or the files don't belong together.
    """
    questions = read_questions(inputs.questions)
    predictions = read_predictions(path)
    case = _Case(
        predictions=predictions,
        order=match_predictions(predictions, questions.ids, path),
        questions=questions,
        truth=(
            None
            if inputs.explanations is None
            else read_explanations(inputs.explanations, questions)
        ),
        inputs=inputs,
        graphs=(
            None
            if inputs.scene_graphs is None or not predictions.have_explanations
            else read_graphs(inputs.scene_graphs, questions)
        ),
    )
    found = {**_answers(case, ood), **_captions(case), **_grounding(case), **_reading(case)}
    return Measured(questions, found, None if case.truth is None else case.truth.mode)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """Predictions beside what is known; `order` [n] is the prediction's row of each question."""

    predictions: Predictions
    order: Integers
    questions: Questions
    truth: TrueExplanations | None
    inputs: Inputs
    graphs: Mapping[str, SceneGraph] | None
    """The scene graphs of the questions' images; None: they are not known or not needed."""

    @property
    def answers(self) -> list[str | None]:
        return [self.predictions.answers[row] for row in self.order]

    @property
    def explanations(self) -> list[str | None]:
        return [self.predictions.explanations[row] for row in self.order]

    def no_answers(self) -> str | None:
        """Return why answers cannot be judged, if they can't."""
        if not self.predictions.have_answers:
            return NO_ANSWERS
        return None if any(self.questions.answers) else NO_TRUE_ANSWERS

    def no_captions(self) -> str | None:
        """Return why explanations cannot be compared with true ones, if they can't."""
        if not self.predictions.have_explanations:
            return NO_EXPLANATIONS
        if self.truth is None:
            return NO_TRUTH
        return NO_TEXTS if self.truth.texts is None else None


def _answers(case: _Case, ood: Mapping[str, Sequence[str]] | None) -> Found:
    questions = case.questions
    parts = [f"accuracy/ood-{part}" for part in OOD_PARTS]
    if (reason := case.no_answers()) is not None:
        return dict.fromkeys(("accuracy", *parts, *GQA_MEASURES), reason)
    predicted = case.answers
    found: Found = dict(
        accuracy_samples(predicted, questions.answers, questions.structural, questions.semantic)
    )
    found |= kind_samples(predicted, questions)
    if ood is None:
        found |= dict.fromkeys(parts, NO_OOD)
    else:
        found |= ood_samples(predicted, questions.answers, questions.ids, ood)
    file = case.inputs.choices
    choices = derive_choices(questions) if file is None else read_choices(file, questions)
    found["consistency"] = consistency_sample(predicted, questions)
    found |= choice_samples(predicted, questions, choices)
    found["distribution"] = distribution_score(predicted, questions)
    return found


def _captions(case: _Case) -> Found:
    truth, reason = case.truth, case.no_captions()
    compat = [PREFIX + name for name in CAPTION_MEASURES] if case.inputs.compat else []
    if truth is None or truth.texts is None or reason is not None:
        return dict.fromkeys((*CAPTION_MEASURES, *ATTRIBUTE_MEASURES, *compat), reason or NO_TRUTH)
    predicted = case.explanations
    hypotheses = [predicted[row] or "" for row in truth.rows]
    asked = [case.questions.asked[row] for row in truth.rows]
    expected = expected_words(asked, truth.texts)
    found: Found = dict(caption_samples(truth.rows, hypotheses, truth.texts, tokens=TOKENS))
    try:
        if case.inputs.meteor:
            found["meteor"] = meteor_sample(truth.rows, hypotheses, truth.texts, tokens=TOKENS)
        else:
            found["meteor"] = LEFT_OUT
    except JavaUnavailableError as error:
        found["meteor"] = str(error)
    found["spice"] = NO_SPICE
    if case.inputs.corenlp is not None:
        try:
            found["spice"] = spice_sample(
                truth.rows, hypotheses, truth.texts, corenlp=case.inputs.corenlp, tokens=TOKENS
            )
        except JavaUnavailableError as error:
            found["spice"] = str(error)
    found = {name: found[name] for name in CAPTION_MEASURES}
    found |= attribute_samples(truth.rows, expected, hypotheses)
    if case.inputs.compat:
        found |= dict.fromkeys(compat, LEFT_OUT)
        try:
            found |= compat_captions(truth.rows, hypotheses, truth.texts, meteor=case.inputs.meteor)
        except JavaUnavailableError as error:
            found |= dict.fromkeys(compat, str(error))
        if hypotheses and not any(text.strip() for text in hypotheses):
            found |= dict.fromkeys(compat, ALL_EMPTY)
        found[PREFIX + "spice"] = NO_COMPAT_SPICE
        found |= compat_attributes(truth.rows, expected, hypotheses)
    return found


def _grounding(case: _Case) -> Found:
    truth, inputs, questions = case.truth, case.inputs, case.questions
    names = [*GROUNDING_MEASURES, *BY_ANSWER, *([f"{PREFIX}grounding"] if inputs.compat else [])]
    if not case.predictions.have_explanations:
        return dict.fromkeys(names, NO_EXPLANATIONS)
    if truth is None:
        return dict.fromkeys(names, NO_TRUTH)
    if inputs.regions is None or inputs.scene_graphs is None or case.graphs is None:
        return dict.fromkeys(names, NO_BOXES)
    annotated = annotated_boxes(case.graphs, truth, questions, inputs.scene_graphs)
    predicted = predicted_boxes(
        inputs.regions,
        case.predictions,
        case.order[truth.rows].tolist(),
        [questions.image_ids[row] for row in truth.rows],
    )
    about = np.flatnonzero(annotated.sizes > 0)
    bound = np.nan_to_num(truth.bound[about], nan=0.0)
    boxes = truth.rows[about], predicted.take(about), annotated.take(about), bound
    found: Found = dict(grounding_samples(*boxes))
    found |= object_samples(truth.rows, predicted, annotated)
    found |= _by_answer(case, found["grounding"])
    if inputs.compat:
        found[f"{PREFIX}grounding"] = compat_grounding(*boxes)
    if truth.texts is None:  # without regions there is no bound
        found |= dict.fromkeys(("grounding/bounded", "grounding/coverage"), NO_TEXTS)
    return found


def _by_answer(case: _Case, grounding: Sample | Single | str) -> Found:
    if (reason := case.no_answers()) is not None or not isinstance(grounding, Sample):
        return dict.fromkeys(BY_ANSWER, reason or NO_BOXES)
    answers, true = case.answers, case.questions.answers
    right = [answers[row] == true[row] for row in grounding.rows.tolist()]
    return dict(by_answer_samples(grounding.rows, right, grounding.statistics[:, 0]))


def _reading(case: _Case) -> Found:
    inputs = case.inputs
    if not case.predictions.have_explanations:
        return dict.fromkeys(READING_MEASURES, NO_EXPLANATIONS)
    graphs = case.graphs
    read = read_explained(case.questions, case.answers, case.explanations, graphs or {})
    found: Found = {"readable": readable_sample(read), "agreement": NO_REGIONS, "truth": NO_SCENES}
    if inputs.regions is not None and graphs is not None:
        found |= reading_samples(read, graphs, inputs.regions)
        if not any(read.facts):
            found["truth"] = NONE_READABLE
    elif inputs.regions is not None:
        found["agreement"] = agreement_by_detector(read, inputs.regions)
    if not case.predictions.have_answers:
        found["agreement"] = NO_ANSWERS
    return found
