"""The settings: what a run learns, and the loss that says so."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from rex.config import TrainingSettings
from rex.errors import InputError
from rex.models.batch import Batch
from rex.models.losses import answer_loss, explanation_loss, gate_loss
from rex.models.methods import METHODS
from rex.models.model import ExplainedAnswering


@dataclass(frozen=True)
class Objective:
    """What is learnt."""

    answers: bool
    explanations: bool


SETTINGS = {
    "answer-only": Objective(answers=True, explanations=False),
    "multi-task": Objective(answers=True, explanations=True),
}
"""Setting name to objective."""


def objective_of(setting: str, method: str) -> Objective:
    """Return what a run of `setting` with `method` learns; raises InputError for neither/nor."""
    if setting not in SETTINGS:
        raise InputError(
            f"unknown setting {setting!r}", file="--setting", cure=f"one of {', '.join(SETTINGS)}"
        )
    if method not in METHODS:
        raise InputError(
            f"unknown method {method!r}", file="--method", cure=f"one of {', '.join(METHODS)}"
        )
    objective = SETTINGS[setting]
    if objective.explanations and METHODS[method] is None:
        raise InputError(
            f"method {method!r} has no decoder, setting {setting!r} trains one",
            file="--method",
            cure="train it answer-only",
        )
    return objective


def losses(
    model: ExplainedAnswering, batch: Batch, objective: Objective, settings: TrainingSettings
) -> dict[str, Tensor]:
    """Return the losses of a batch by name; `loss` is their weighted sum, the one to minimise."""
    output = model(batch, explain=objective.explanations)
    parts: dict[str, Tensor] = {}
    total = output.answers.new_zeros((), dtype=output.answers.float().dtype)
    if objective.answers:
        parts["answer_loss"] = answer_loss(output.answers, batch.answers)
        total = total + parts["answer_loss"]
    if output.explanation is not None:
        parts["explanation_loss"] = explanation_loss(
            output.explanation.log_probabilities, batch.explanations
        )
        total = total + settings.explanation_weight * parts["explanation_loss"]
        if output.explanation.gate is not None:
            decoder = model.decoder
            assert decoder is not None
            parts["gate_loss"] = gate_loss(
                output.explanation.gate, batch.explanations, decoder.sizes.words
            )
            total = total + settings.gate_weight * parts["gate_loss"]
    return {"loss": total, **parts}
