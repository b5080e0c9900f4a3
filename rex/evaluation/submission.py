"""GQA's test submission file (EvalAI): a JSON list of `{"questionId": …, "prediction": …}`."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

from rex.errors import InputError
from rex.evaluation.reading.ground_truth import Questions
from rex.evaluation.reading.model_answers import is_model_answers
from rex.evaluation.reading.model_predictions import read_model_predictions
from rex.evaluation.reading.predictions import match_predictions, read_predictions, refuse
from rex.files import write_text


def write_submission(
    out: str | PathLike[str], predictions: Path, questions: str | PathLike[str]
) -> int:
    """Write the answers of a predictions file in the order of `questions`; return how many.

    The list holds nothing but what GQA's server reads. Raises InputError when there are no
    questions, one has no prediction or no answer, or one is predicted twice.
    """
    from rex.gqa.questions import iter_questions

    question_ids = [question_id for question_id, _ in iter_questions(questions)]
    if not question_ids:
        raise InputError("holds no questions", file=questions, cure="give those to be answered")
    if is_model_answers(predictions):
        found = read_model_predictions(predictions, Questions(ids=question_ids), None, None)
    else:
        found = read_predictions(predictions)
    rows = match_predictions(found, question_ids, predictions)
    answers = {name: found.answers[row] for name, row in zip(question_ids, rows, strict=True)}
    mute = [name for name, answer in answers.items() if not answer]
    cure = "submit predictions of a method that answers"
    refuse(mute, "questions have no answer", predictions, cure=cure)
    entries = [{"questionId": name, "prediction": answer} for name, answer in answers.items()]
    write_text(out, json.dumps(entries, ensure_ascii=False) + "\n")
    return len(entries)
