"""What a run learns: its losses, the record of them, and the measures that choose the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rex.arrays import Integers
from rex.config import TrainingSettings
from rex.errors import InputError
from rex.experiment import METHODS, SETTINGS, Setting, refusal
from rex.models.batch import IGNORED, Batch
from rex.models.decoder import Output
from rex.models.losses import answer_losses, explanation_losses, gate_losses
from rex.training.processes import Processes


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
    """How many examples of a whole step have an answer, an explanation, a program, to learn.

    Sums over parts of a step (micro-batches, processes), divided by these, add up to its means.
    """

    answers: int
    explanations: int
    programs: int


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
    """Return a batch's share of each loss by name; `loss` is the weighted sum, to be minimised.

    Raises InputError where a loss of the method's own is not one number a question.
    """
    _check_own(output.own, len(batch), answers=objective.answers)
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
    if output.program is not None and batch.programs is not None:
        program = explanation_losses(output.program.log_probabilities, batch.programs)
        parts["program_loss"], weights["program_loss"] = program.sum() / counts.programs, 1.0
    first, *others = [weights[name] * part for name, part in parts.items()]
    return {"loss": sum(others, start=first), **parts}


_COMMON = ("loss", "explanation_loss", "gate_loss", "program_loss")


def _check_own(own: Mapping[str, Tensor], questions: int, *, answers: bool) -> None:
    """Raise InputError where a method's own losses would not be learnt as they are meant."""
    for name, values in own.items():
        problem = cure = None
        if name in _COMMON:
            problem, cure = "is the name of a common loss", "give its own loss another"
        elif name == "answer_loss" and not answers:
            problem, cure = "no answers are learnt here", "return it where `answers` is true"
        elif values.shape != (questions,):
            shape = list(values.shape)
            problem = f"has the shape {shape}, where the batch has {questions} questions"
            cure = "return one number for each question, [B]"
        if problem:
            raise InputError(problem, file="the method's learn", place=name, cure=cure)


COUNTED = ("answers", "answers_right", "tokens", "tokens_right")
"""What `hits` counts."""


def hits(output: Output, batch: Batch) -> dict[str, Tensor]:
    """Count what a batch got right: answers, and tokens of explanations after the true ones.

    Counts stay on the device: reading them would wait for it.

    An answer that the vocabulary lacks can't be given: it counts as wrong.
    """
    right = output.answers.argmax(dim=-1) == batch.answers
    counts = {"answers": torch.tensor(len(batch)), "answers_right": right.sum()}
    if output.explanation is not None:
        chosen = output.explanation.log_probabilities.argmax(dim=-1)
        counts["tokens"] = (batch.explanations != IGNORED).sum()
        counts["tokens_right"] = (chosen == batch.explanations).sum()
    return counts


def accuracies(counts: dict[str, float], objective: Setting) -> dict[str, float]:
    """Return the shares of right answers and tokens (0 to 1), of what is learnt."""
    measures = {}
    if objective.answers:
        measures["accuracy"] = counts["answers_right"] / max(counts["answers"], 1)
    if counts["tokens"]:
        measures["token_accuracy"] = counts["tokens_right"] / max(counts["tokens"], 1)
    return measures


class Ledger:
    """Notes losses as they are computed; reading them waits for the device: do it rarely."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._noted: list[tuple[int, Integers, list[Mapping[str, Tensor]], bool]] = []

    def note(
        self, number: int, rows: Integers, parts: list[Mapping[str, Tensor]], *, counted: bool
    ) -> None:
        """Note the losses of a step's parts, scalars on the device.

        `number` and `rows` (the questions) say which step it was; `counted`: whether this process
        had questions of its own.
        """
        self._noted.append((number, rows, parts, counted))

    def settle(self) -> Iterator[tuple[int, Integers, dict[str, float]]]:
        """Return number, rows and losses, summed over parts and processes, of all steps noted."""
        noted, self._noted = self._noted, []
        if not noted:
            return
        scalars = [value for *_, parts, _ in noted for part in parts for value in part.values()]
        values = iter(torch.stack(scalars).tolist())
        sums: dict[tuple[int, str], float] = {}
        for number, _, parts, counted in noted:
            for part in parts:
                for name in part:
                    sums[number, name] = sums.get((number, name), 0.0) + next(values) * counted
        sums = self._processes.total(sums)
        for number, rows, parts, _ in noted:
            yield number, rows, {name: sums[number, name] for name in parts[0]}
