"""The training loop: epochs, the choice of the best one, and going on after a kill."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rex.config import TrainingSettings
from rex.errors import InputError
from rex.logs import Progress
from rex.models.batch import IGNORED
from rex.models.model import ExplainedAnswering
from rex.training.batches import epoch_batches, sorted_batches
from rex.training.checkpoints import load_tensors, save_tensors
from rex.training.dataset import Examples
from rex.training.objectives import Counts, Objective, losses
from rex.training.optimisation import (
    autocast,
    build_optimizer,
    choose_precision,
    generator_state,
    learning_rate,
    restore_generator,
)
from rex.training.processes import Processes
from rex.training.ragged import Integers
from rex.training.selection import accuracies, copied, criterion, hits

_logger = logging.getLogger("rex.training.loop")

Record = dict[str, float]
"""What is known of one epoch: name to value."""

_OBSERVED = 20
"""Every so many steps the observer is told."""


class Observer:
    """Is told how training goes; does nothing with it."""

    def data(self, facts: Mapping[str, str]) -> None:
        """Take note of what is learnt from."""

    def step(self, number: int, record: Record) -> None:
        """Take note of a step (counted over all epochs): its losses and learning rate."""

    def epoch(self, record: Record) -> None:
        """Take note of an epoch."""


@dataclass
class State:
    """Where an unfinished run stands; all of it is plain tensors and numbers."""

    epoch: int = 0
    """Epochs that are finished."""
    step: int = 0
    """Steps of the next epoch that are finished."""
    sums: dict[str, float] = field(default_factory=dict)
    """Of that epoch's losses so far."""
    history: list[Record] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = float("-inf")
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained on what."""

    rows: Integers
    """The questions that are learnt."""
    held_out: Integers
    """Those that choose the epoch."""
    objective: Objective
    settings: TrainingSettings
    seed: int
    resume: Path
    """Where the state is kept, every `save_every` steps and after each epoch."""
    identity: Mapping[str, Any]
    """What run the state belongs to: that of another run is not continued."""


class Trainer:
    """Trains one model on examples; after a kill, a new one with the same plan goes on."""

    def __init__(
        self,
        model: ExplainedAnswering,
        examples: Examples,
        plan: Plan,
        processes: Processes,
        observer: Observer,
    ) -> None:
        self.model = model.to(processes.device)
        self.examples = examples
        self.plan = plan
        self.processes = processes
        self.observer = observer
        self.precision = choose_precision(plan.settings.precision, processes.device)
        self._trained = [part for part in self._parts() if part.requires_grad]
        self.optimizer = build_optimizer(self._trained, plan.settings)
        self.scaler = torch.amp.GradScaler(
            processes.device.type, enabled=self.precision == torch.float16
        )
        self.shared = processes.share(self.model)
        self.state = State()
        self._lengths = examples.questions.pieces.lengths
        self._steps_per_epoch = -(-len(plan.rows) // plan.settings.batch_size)

    def fit(self) -> State:
        """Train all epochs, or those that are left, and return the final state."""
        self._restore()
        epochs = self.plan.settings.epochs
        progress = Progress("training", epochs * self._steps_per_epoch, "steps")
        progress.start_at(self.state.epoch * self._steps_per_epoch + self.state.step)
        while self.state.epoch < epochs:
            self._train_epoch(progress)
        return self.state

    def _parts(self) -> list[torch.nn.Parameter]:
        # what is not learnt must have no gradient: several processes would wait for it for ever
        self.model.answer_head.requires_grad_(self.plan.objective.answers)
        if self.model.decoder is not None:
            self.model.decoder.requires_grad_(self.plan.objective.explanations)
        return list(self.model.parameters())

    def _train_epoch(self, progress: Progress) -> None:
        state, plan = self.state, self.plan
        began, skipped = time.monotonic(), state.step
        self.model.train()
        batches = epoch_batches(
            self._lengths[plan.rows], plan.settings.batch_size, seed=plan.seed, epoch=state.epoch
        )
        for batch in batches[state.step :]:
            values = self._step(plan.rows[batch])
            for name, value in values.items():
                state.sums[name] = state.sums.get(name, 0.0) + value
            state.step += 1
            if self.processes.first:
                progress.advance(note=f"loss {values['loss']:.3f}")
                if state.step % _OBSERVED == 0:
                    number = state.epoch * self._steps_per_epoch + state.step
                    self.observer.step(number, values | {"learning_rate": self._learning_rate()})
            if state.step % plan.settings.save_every == 0 and state.step < len(batches):
                self._save()
        seconds = time.monotonic() - began
        questions = len(plan.rows) * (1 - skipped / len(batches))
        self._finish_epoch(
            {
                "epoch": state.epoch + 1,
                **{f"train/{name}": value / len(batches) for name, value in state.sums.items()},
                **{f"heldout/{name}": value for name, value in self.evaluate().items()},
                "learning_rate": self._learning_rate(),
                "questions_per_second": questions / seconds,
                **self._memory(),
            }
        )

    def _finish_epoch(self, record: Record) -> None:
        state = self.state
        state.epoch, state.step, state.sums = state.epoch + 1, 0, {}
        state.history.append(record)
        score = record[f"heldout/{criterion(self.plan.objective)}"]
        if score > state.best_score:
            state.best_epoch, state.best_score = state.epoch, score
            state.best_weights = copied(self.model.state_dict())
        self._save()
        if self.processes.first:
            measured = (f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
            _logger.info("epoch %d  %s", state.epoch, "  ".join(measured))
            self.observer.epoch(record)

    def _step(self, rows: Integers) -> dict[str, float]:
        """Learn from one batch, this process from its part of it; return the batch's losses."""
        settings = self.plan.settings
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        counts = self._counts(rows)
        # the decoder computes the rows up to the last that goes on: long explanations first
        rows = rows[np.argsort(-self.examples.questions.explanations.lengths[rows], kind="stable")]
        mine = rows[self.processes.rank :: self.processes.size]
        parts = [part for part in np.array_split(mine, settings.accumulation) if len(part)]
        values: dict[str, float] = {}
        for number, part in enumerate(parts or [rows[:1]], start=1):
            last = number >= len(parts)
            # a process without questions takes part all the same, with one that counts nothing
            for name, value in self._learn(part, counts, last=last, count=bool(parts)).items():
                values[name] = values.get(name, 0.0) + value
        values = self.processes.total(values)
        if not values["loss"] < float("inf"):
            raise self._diverged(rows)
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self._trained, settings.gradient_clip, foreach=True)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return values

    def _counts(self, rows: Integers) -> Counts:
        questions = self.examples.questions
        return Counts(
            answers=max(int((questions.answers[rows] != IGNORED).sum()), 1),
            explanations=max(int((questions.explanations.lengths[rows] > 0).sum()), 1),
        )

    def _learn(
        self, rows: Integers, counts: Counts, *, last: bool, count: bool
    ) -> dict[str, float]:
        """Add the gradient of these questions; return their share of the losses.

        The `last` part of a step is the one after which processes exchange their gradients.
        """
        plan, device = self.plan, self.processes.device
        batch = self.examples.batch(rows)
        with self.processes.exchange(self.shared, last):
            with autocast(self.precision, device):
                output = self.shared(batch, explain=plan.objective.explanations)
                parts = losses(
                    output,
                    batch,
                    counts,
                    first_region=self.model.first_region,
                    compat=self.model.mode == "compat",
                    objective=plan.objective,
                    settings=plan.settings,
                )
            # several processes average their gradients; the counts are those of all of them
            weight = self.processes.size * count
            torch.autograd.backward(self.scaler.scale(parts["loss"] * weight))
        return {name: float(value.detach()) * count for name, value in parts.items()}

    def _learning_rate(self) -> float:
        step = self.state.epoch * self._steps_per_epoch + self.state.step
        return learning_rate(
            step, steps_per_epoch=self._steps_per_epoch, settings=self.plan.settings
        )

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return accuracies on the held-out questions, 0 to 1; tokens follow the true ones."""
        self.model.eval()
        held_out, processes = self.plan.held_out, self.processes
        counts: dict[str, float] = {}
        batches = sorted_batches(self._lengths[held_out], 2 * self.plan.settings.batch_size)
        for rows in batches:
            mine = held_out[rows][processes.rank :: processes.size]
            batch = self.examples.batch(mine)
            with autocast(self.precision, processes.device):
                output = self.model(batch, explain=self.plan.objective.explanations)
            for name, value in hits(output, batch).items():
                counts[name] = counts.get(name, 0) + value
        self.model.train()
        return accuracies(processes.total(counts), self.plan.objective)

    def _memory(self) -> Record:
        if self.processes.device.type != "cuda":
            return {}
        return {"gpu_memory_gib": torch.cuda.max_memory_allocated(self.processes.device) / 2**30}

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
            place=f"epoch {self.state.epoch + 1}, step {self.state.step + 1}",
            cure="lower training.learning_rate or lengthen training.warmup",
        )

    def _save(self) -> None:
        generators = self.processes.gather(generator_state(self.processes.device))
        if not self.processes.first:
            return
        save_tensors(
            self.plan.resume,
            {
                "identity": dict(self.plan.identity),
                "state": vars(self.state),
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
                "generators": generators,
            },
        )

    def _restore(self) -> None:
        if not self.plan.resume.exists():
            return
        saved = load_tensors(self.plan.resume)
        if saved.get("identity") != self.plan.identity:
            _logger.info("%s belongs to other settings or data: starting anew", self.plan.resume)
            return
        self.state = State(**saved["state"])
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        restore_generator(saved["generators"][self.processes.rank], self.processes.device)
        _logger.info("resuming after epoch %d, step %d", self.state.epoch, self.state.step)
