"""The settings: what a run learns, and the loss that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from rex.config import TrainingSettings
from rex.errors import InputError
from rex.experiment import METHODS, SETTINGS, Setting, refusal
from rex.models.batch import Batch
from rex.models.decoder import Output
from rex.models.losses import answer_losses, explanation_losses, gate_losses


def objective_of(setting: str, method: str, mode: str = "fixed") -> Setting:
    """Return what a run of `setting` with `method` learns.

    A method without decoder learns only the answers of a setting.
    Raises InputError for an unknown setting or method, and where the two do not go together.
    """
    if setting not in SETTINGS:
        raise InputError(
            f"unknown setting {setting!r}", file="--setting", cure=f"one of {', '.join(SETTINGS)}"
        )
    if method not in METHODS:
        raise InputError(
            f"unknown method {method!r}", file="--method", cure=f"one of {', '.join(METHODS)}"
        )
    if refused := refusal(setting, method, mode):
        raise InputError(refused[0], file="--method", cure=refused[1])
    objective = SETTINGS[setting]
    if METHODS[method].decoder is not None:
        return objective
    return replace(objective, explanations=False)


@dataclass(frozen=True)
class Counts:
    """How many examples of a whole step have an answer, and an explanation, to learn.

    Sums over parts of a step (micro-batches, processes), divided by these, add up to its means.
    """

    answers: int
    explanations: int


def losses(
    output: Output,
    batch: Batch,
    counts: Counts,
    *,
    first_region: int,
    compat: bool,
    objective: Setting,
    settings: TrainingSettings,
) -> dict[str, Tensor]:
    """Return a batch's share of each loss by name; `loss` is the weighted sum, to be minimised."""
    parts: dict[str, Tensor] = {}
    weights: dict[str, float] = {}
    if objective.answers:
        own = output.own.get("answer_loss")
        answer = answer_losses(output.answers, batch.answers) if own is None else own
        parts["answer_loss"] = answer.sum() / counts.answers
        weights["answer_loss"] = 1.0
    if output.explanation is not None:
        parts["explanation_loss"] = (
            explanation_losses(output.explanation.log_probabilities, batch.explanations).sum()
            / counts.explanations
        )
        weights["explanation_loss"] = settings.explanation_weight
        if output.explanation.gate is not None:
            parts["gate_loss"] = (
                gate_losses(
                    output.explanation.gate, batch.explanations, first_region, padding=compat
                ).sum()
                / counts.explanations
            )
            weights["gate_loss"] = settings.gate_weight
    for name, values in output.own.items():
        if name not in parts:
            parts[name], weights[name] = values.sum() / counts.explanations, 1.0
    first, *others = [weights[name] * part for name, part in parts.items()]
    return {"loss": sum(others, start=first), **parts}
