"""What a trained run answers, and how it explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rex.config import Config
from rex.devices import autocast, choose_device, choose_precision
from rex.errors import InputError
from rex.experiment import SETTINGS
from rex.logs import Progress
from rex.models.batch import IGNORED
from rex.models.decoder import MASKED, Alternatives, Decision
from rex.models.model import ExplainedAnswering
from rex.models.vocabulary import Vocabulary
from rex.regions.store import comparable_signature
from rex.training.batches import sorted_batches
from rex.training.checkpoints import Checkpoint
from rex.training.dataset import Examples, QuestionSet, ahead
from rex.training.texts import add_tags, find_regions, region_names

if TYPE_CHECKING:
    import pyarrow as pa

    from rex.gqa.questions import Question
    from rex.regions.store import RegionStore


@dataclass(frozen=True)
class Answered:
    """One question's prediction."""

    answer: str
    probability: float
    """Of the answer, 0 to 1."""
    explanation: str | None
    """Blank-separated tokens; None: the run has no decoder."""
    regions: list[int] | None
    """Region of each token, -1: a word."""
    gates: list[float] | None
    """Probability, at each token, that a word is written; None: the method has no gate."""
    program: str | None = None
    """The question's program as the model wrote it; None: it writes none."""


def check_store(checkpoint: Checkpoint, store: RegionStore) -> None:
    """Raise InputError when features are not of the kind that the model was trained on."""
    check_features(
        checkpoint,
        store.path,
        feature_size=store.feature_size,
        regions=store.regions,
        signature=store.signature,
    )
    words = checkpoint.words()
    if words.object_pieces and words != add_tags(words, store):
        raise InputError(
            "has other names of classes than the regions of training, and the run reads them",
            file=store.path,
            cure="import both with one --vocabulary, and train again",
        )


def check_features(
    checkpoint: Checkpoint,
    file: Path,
    *,
    feature_size: int,
    regions: int,
    signature: Mapping[str, Any],
) -> None:
    """The same for features that are not in a store yet; `file` is what makes or holds them."""
    if feature_size != checkpoint.feature_size:
        raise InputError(
            f"features are {feature_size} wide, the run was trained on {checkpoint.feature_size}",
            file=file,
            cure="use regions of the run's detector",
        )
    known = checkpoint.vocabulary["regions"]
    if regions > known:
        raise InputError(
            f"has {regions} regions an image, the run was trained on {known}",
            file=file,
            cure="use regions of the run's selection",
        )
    signature, theirs = map(comparable_signature, (signature, checkpoint.signature))
    for key in sorted(signature.keys() | theirs.keys()):
        if signature.get(key) != theirs.get(key):
            raise InputError(
                f"features differ from those of training: {key} is {signature.get(key)!r}, "
                f"was {theirs.get(key)!r}",
                file=file,
                place="signature",
                cure="use regions of the run's detector, or train on these",
            )


@torch.no_grad()
def predict(
    model: ExplainedAnswering,
    checkpoint: Checkpoint,
    config: Config,
    asked: Mapping[str, Question],
    store: RegionStore,
) -> list[Answered]:
    """Answer and explain all questions, in their order, with the model of a checkpoint.

    `config` says on which device, with how many beams, and how many questions at a time.
    """
    trained, learnt = checkpoint.settings().training, SETTINGS[checkpoint.setting]
    device, beams = choose_device(config.compute), config.evaluation.beams
    precision = choose_precision(trained.precision, device)
    vocabulary = checkpoint.words()
    questions = QuestionSet.of(asked, vocabulary, question_length=trained.question_length)
    examples = Examples(questions, store, device)
    model = model.to(device).eval()
    named = model.decoder is not None and model.decoder.names_objects
    names = region_names(store) if named else None
    found: list[Answered | None] = [None] * len(questions)
    progress = Progress("predicting", len(found), "questions")
    batches = sorted_batches(questions.pieces.lengths, config.evaluation.batch_size)
    loading = ahead(examples.load, batches, threads=examples.threads)
    for rows, loaded in zip(batches, loading, strict=True):
        batch = examples.place(loaded)
        with autocast(precision, device):
            decision = model.decide(
                batch, beams=beams, answers=learnt.answers, explain=learnt.explanations
            )
        programs = _programs(decision, vocabulary)
        if programs is not None and decision.alternatives is not None:
            images = examples.images[rows].tolist()
            decision = choose_supported(
                decision, decision.alternatives, programs, vocabulary, store, images
            )
        logits, written = decision.answers, decision.explanations
        # read as a whole: each value by itself would wait for the device
        probabilities, classes = (part.tolist() for part in logits.float().softmax(-1).max(-1))
        texts = None if written is None else written.tokens.tolist()
        shares = None if written is None or written.gates is None else written.gates.tolist()
        for i, row in enumerate(rows.tolist()):
            explanation = regions = gates = None
            if texts is not None:
                tokens = [token for token in texts[i] if token != IGNORED]
                explanation = vocabulary.spell(tokens)
                regions = [vocabulary.region(token) for token in tokens]
                if names is not None:
                    regions = find_regions(explanation.split(), names[questions.image_ids[row]])
                if shares is not None:
                    gates = shares[i][: len(tokens)]
            answer = vocabulary.answers[classes[i]]
            program = None if programs is None else programs[i]
            found[row] = Answered(answer, probabilities[i], explanation, regions, gates, program)
        progress.advance(len(rows))
    return [prediction for prediction in found if prediction is not None]


def _programs(decision: Decision, vocabulary: Vocabulary) -> list[str] | None:
    if decision.programs is None:
        return None
    return [
        vocabulary.spell_program([number for number in numbers if number != IGNORED])
        for numbers in decision.programs.tolist()
    ]


def choose_supported(
    decision: Decision,
    alternatives: Alternatives,
    programs: Sequence[str],
    vocabulary: Vocabulary,
    store: RegionStore,
    images: Sequence[int],
) -> Decision:
    """Return a decision for the likeliest answer that follows from its own explanation.

    Likelier ones are ruled out. Where none follows, or the program is malformed, nothing changes.
    `images` are the questions' rows of the store, which says what the detector calls regions.
    """
    from rex.evaluation.entailment import entails
    from rex.evaluation.measures.agreement import detected_names
    from rex.gqa.parsing import written_steps

    objects, attributes = store.class_names
    scores = alternatives.scores.clone()
    ranking = scores.argsort(dim=1, descending=True, stable=True).tolist()
    candidates = alternatives.candidates.tolist()
    texts = alternatives.explanations.tokens.tolist()
    count = scores.shape[1]
    for row, ranked in enumerate(ranking):
        steps = written_steps(programs[row])
        if not steps:
            continue
        names = detected_names(store, images[row])
        for better, place in enumerate(ranked):
            tokens = [token for token in texts[row * count + place] if token != IGNORED]
            answer = vocabulary.answers[candidates[row][place]]
            text = vocabulary.spell(tokens)
            if entails(answer, text, names, semantic=steps, objects=objects, attributes=attributes):
                scores[row, torch.tensor(ranked[:better], dtype=torch.int64)] = MASKED
                break
    chosen = alternatives._replace(scores=scores).decision(decision.answers.shape[1])
    return decision._replace(answers=chosen.answers, explanations=chosen.explanations)


def predictions_table(
    question_ids: list[str], predictions: list[Answered], *, answers: bool = True
) -> pa.Table:
    """Return predictions as a table (columns as in docs/data.md).

    `answers`: whether the run has learnt to answer; otherwise the answers are null.
    """
    from rex.evaluation.reading.predictions import prediction_table

    columns: dict[str, Any] = {
        "answer": [p.answer if answers else None for p in predictions],
        "probability": [p.probability if answers else None for p in predictions],
        "explanation": [p.explanation for p in predictions],
        "regions": [p.regions for p in predictions],
        "gates": [p.gates for p in predictions],
    }
    if any(p.program is not None for p in predictions):
        columns["program"] = [p.program for p in predictions]
    return prediction_table(question_id=question_ids, **columns)
