"""The settings: what a run learns, and the loss that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from rex.config import TrainingSettings
from rex.errors import InputError
from rex.models.batch import Batch
from rex.models.losses import answer_losses, explanation_losses, gate_losses
from rex.models.methods import methods
from rex.models.model import Output


@dataclass(frozen=True)
class Objective:
    """What is learnt, from how much, starting where."""

    answers: bool
    explanations: bool
    percent: int = 100
    """Share of the training questions that are learnt from."""
    start: str | None = None
    """The setting whose run the weights start from; None: from scratch."""

    @property
    def transfer(self) -> bool:
        """Whether few questions are learnt: the paper has hyper-parameters of its own for it."""
        return self.percent < 100


SETTINGS = {
    "answer-only": Objective(answers=True, explanations=False),
    "explanation-only": Objective(answers=False, explanations=True),
    "multi-task": Objective(answers=True, explanations=True),
    **{
        f"transfer-{percent}": Objective(
            answers=True, explanations=True, percent=percent, start="explanation-only"
        )
        for percent in (1, 5, 10)
    },
    **{
        f"transfer-{percent}-scratch": Objective(answers=True, explanations=True, percent=percent)
        for percent in (1, 5, 10)
    },
}
"""Setting name to objective."""


def objective_of(setting: str, method: str, mode: str = "fixed") -> Objective:
    """Return what a run of `setting` with `method` learns; raises InputError for neither/nor.

    A method without decoder learns only the answers of a setting.
    """
    known = methods(mode)
    if setting not in SETTINGS:
        raise InputError(
            f"unknown setting {setting!r}", file="--setting", cure=f"one of {', '.join(SETTINGS)}"
        )
    if method not in known:
        raise InputError(
            f"no method {method!r} in mode {mode}",
            file="--method",
            cure=f"one of {', '.join(known)}",
        )
    objective = SETTINGS[setting]
    if known[method] is None and objective.explanations:
        if setting == "multi-task" or not objective.answers or objective.start:
            raise InputError(
                f"method {method!r} has no decoder, setting {setting!r} trains one",
                file="--method",
                cure="train it answer-only or transfer-N-scratch",
            )
        return replace(objective, explanations=False)
    return objective


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
    objective: Objective,
    settings: TrainingSettings,
) -> dict[str, Tensor]:
    """Return a batch's share of each loss by name; `loss` is the weighted sum, to be minimised."""
    parts: dict[str, Tensor] = {}
    weights: dict[str, float] = {}
    if objective.answers:
        parts["answer_loss"] = answer_losses(output.answers, batch.answers).sum() / counts.answers
        weights["answer_loss"] = 1.0
    if objective.explanations:
        assert output.explanation is not None
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
    first, *others = [weights[name] * part for name, part in parts.items()]
    return {"loss": sum(others, start=first), **parts}
