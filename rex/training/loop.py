"""The training loop: epochs, the choice of the best one, and going on after a kill."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from rex.config import TrainingSettings
from rex.errors import InputError
from rex.logs import Progress
from rex.models.batch import IGNORED
from rex.models.model import ExplainedAnswering
from rex.training.batches import epoch_batches, sorted_batches
from rex.training.checkpoints import load_tensors, save_tensors
from rex.training.dataset import Examples
from rex.training.objectives import Objective, losses
from rex.training.optimisation import autocast, build_optimizer, choose_precision, learning_rate
from rex.training.ragged import Integers

_logger = logging.getLogger("rex.training.loop")

Record = dict[str, float]
"""What is known of one epoch: name to value."""


@dataclass
class State:
    """Where an unfinished run stands; all of it is plain tensors and numbers."""

    epoch: int = 0
    """Epochs that are finished."""
    batch: int = 0
    """Batches of the next epoch that are finished."""
    sums: dict[str, float] = field(default_factory=dict)
    """Of that epoch's losses so far."""
    history: list[Record] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = float("-inf")
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)


class Trainer:
    """Trains one model on examples; `fit` may be called again after a kill and goes on.

    `rows` are the questions to learn, `held_out` those that choose the epoch. The state is kept in
    `resume` every `save_every` steps and after each epoch; `identity` says what run it belongs to:
    a state of another run is not continued.
    """

    def __init__(
        self,
        model: ExplainedAnswering,
        examples: Examples,
        *,
        rows: Integers,
        held_out: Integers,
        objective: Objective,
        settings: TrainingSettings,
        seed: int,
        device: torch.device,
        resume: Path,
        identity: Mapping[str, Any],
        on_epoch: Callable[[Record], None] = lambda record: None,
    ) -> None:
        self.model = model.to(device)
        self.examples = examples
        self.rows = rows
        self.held_out = held_out
        self.objective = objective
        self.settings = settings
        self.seed = seed
        self.device = device
        self.precision = choose_precision(settings.precision, device)
        self.optimizer = build_optimizer(model.parameters(), settings)
        self.resume = resume
        self.identity = dict(identity)
        self.on_epoch = on_epoch
        self.state = State()
        self._lengths = examples.questions.pieces.lengths[rows]
        self._steps_per_epoch = -(-len(rows) // settings.batch_size)

    def fit(self) -> State:
        """Train all epochs, or those that are left, and return the final state."""
        self._restore()
        total = self.settings.epochs * self._steps_per_epoch
        progress = Progress("training", total, "steps")
        progress.start_at(self.state.epoch * self._steps_per_epoch + self.state.batch)
        while self.state.epoch < self.settings.epochs:
            self._train_epoch(progress)
        return self.state

    def _train_epoch(self, progress: Progress) -> None:
        state = self.state
        began, done_before = time.monotonic(), state.batch
        self.model.train()
        batches = epoch_batches(
            self._lengths, self.settings.batch_size, seed=self.seed, epoch=state.epoch
        )
        for batch in batches[state.batch :]:
            values = self._step(self.rows[batch])
            for name, value in values.items():
                state.sums[name] = state.sums.get(name, 0.0) + value
            state.batch += 1
            progress.advance(note=f"loss {values['loss']:.3f}")
            if state.batch % self.settings.save_every == 0 and state.batch < len(batches):
                self._save()
        seconds = time.monotonic() - began
        record = {
            "epoch": state.epoch + 1,
            **{f"train/{name}": value / len(batches) for name, value in state.sums.items()},
            **{f"heldout/{name}": value for name, value in self.evaluate().items()},
            "learning_rate": self._learning_rate(),
            "questions_per_second": len(self.rows) * (1 - done_before / len(batches)) / seconds,
        }
        self._finish_epoch(record)

    def _finish_epoch(self, record: Record) -> None:
        state = self.state
        state.epoch, state.batch, state.sums = state.epoch + 1, 0, {}
        state.history.append(record)
        score = record[f"heldout/{self.criterion}"]
        if score > state.best_score:
            state.best_epoch, state.best_score = state.epoch, score
            state.best_weights = {
                name: value.detach().cpu().clone()
                for name, value in self.model.state_dict().items()
            }
        self._save()
        _logger.info(
            "epoch %d  %s",
            state.epoch,
            "  ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "epoch"),
        )
        self.on_epoch(record)

    def _step(self, rows: Integers) -> dict[str, float]:
        """Learn from one batch; return its losses."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        batch = self.examples.batch(rows).to(self.device)
        with autocast(self.precision, self.device):
            parts = losses(self.model, batch, self.objective, self.settings)
        values = {name: float(value.detach()) for name, value in parts.items()}
        if not values["loss"] < float("inf"):
            raise self._diverged(rows)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(parts["loss"])
        torch.nn.utils.clip_grad_norm_(
            self.model.parameters(), self.settings.gradient_clip, foreach=True
        )
        self.optimizer.step()
        return values

    def _learning_rate(self) -> float:
        step = self.state.epoch * self._steps_per_epoch + self.state.batch
        return learning_rate(step, steps_per_epoch=self._steps_per_epoch, settings=self.settings)

    @property
    def criterion(self) -> str:
        """The held-out measure (higher is better) that chooses the epoch."""
        return "accuracy" if self.objective.answers else "token_accuracy"

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return accuracies on the held-out questions, 0 to 1; tokens follow the true ones."""
        self.model.eval()
        right = answered = tokens_right = tokens = 0
        lengths = self.examples.questions.pieces.lengths[self.held_out]
        for batch_rows in sorted_batches(lengths, 2 * self.settings.batch_size):
            batch = self.examples.batch(self.held_out[batch_rows]).to(self.device)
            with autocast(self.precision, self.device):
                output = self.model(batch, explain=self.objective.explanations)
            right += int((output.answers.argmax(dim=-1) == batch.answers).sum())
            # an answer that the vocabulary lacks can't be given: it counts as wrong
            answered += len(batch)
            if output.explanation is not None:
                chosen = output.explanation.log_probabilities.argmax(dim=-1)
                tokens_right += int((chosen == batch.explanations).sum())
                tokens += int((batch.explanations != IGNORED).sum())
        self.model.train()
        measures = {}
        if self.objective.answers:
            measures["accuracy"] = right / max(answered, 1)
        if self.objective.explanations:
            measures["token_accuracy"] = tokens_right / max(tokens, 1)
        return measures

    def _diverged(self, rows: Integers) -> InputError:
        questions = self.examples.questions
        features = self.examples.batch(rows).features
        broken = ~torch.isfinite(features).flatten(1).all(dim=1)
        if bool(broken.any()):
            image_id = questions.image_ids[int(rows[int(broken.nonzero()[0, 0])])]
            return InputError(
                "features are not finite",
                file=self.examples.store.path,
                place=f"image {image_id}",
                cure="extract its regions again",
            )
        return InputError(
            "the loss is not a number",
            file="training",
            place=f"epoch {self.state.epoch + 1}, batch {self.state.batch + 1}",
            cure="lower training.learning_rate or lengthen training.warmup",
        )

    def _save(self) -> None:
        save_tensors(
            self.resume,
            {
                "identity": self.identity,
                "state": vars(self.state),
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "generator": torch.get_rng_state(),
            },
        )

    def _restore(self) -> None:
        if not self.resume.exists():
            return
        saved = load_tensors(self.resume)
        if saved.get("identity") != self.identity:
            _logger.info("%s belongs to other settings or data: starting anew", self.resume)
            return
        self.state = State(**saved["state"])
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["generator"])
        _logger.info("resuming after epoch %d, batch %d", self.state.epoch, self.state.batch)
