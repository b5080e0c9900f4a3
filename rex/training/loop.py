"""The training loop: epochs, the choice of the best one, and going on after a kill."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rex.arrays import Integers
from rex.config import TrainingSettings
from rex.devices import autocast, choose_precision
from rex.errors import InputError
from rex.experiment import Setting
from rex.logs import Progress
from rex.models.batch import IGNORED
from rex.models.model import ExplainedAnswering
from rex.training.batches import epoch_batches, sorted_batches
from rex.training.checkpoints import TrainingState, read_state, save_tensors
from rex.training.dataset import Examples, LoadedBatch, ahead
from rex.training.objectives import COUNTED, Counts, Ledger, accuracies, hits, losses
from rex.training.observing import Observer, Record
from rex.training.optimisation import (
    build_optimizers,
    generator_state,
    learning_rate,
    restore_generator,
)
from rex.training.processes import Processes

_logger = logging.getLogger("rex.training.loop")

_OBSERVED = 20
"""Every so many steps the observer is told."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained on what."""

    rows: Integers
    """The questions that are learnt."""
    held_out: Integers
    """Those that choose the epoch."""
    objective: Setting
    settings: TrainingSettings
    seed: int
    resume: Path
    """Where the state is kept, every `save_every` steps and at the end."""
    identity: Mapping[str, Any]
    """What run the state belongs to: that of another run is not continued."""


@dataclass(frozen=True)
class _Loaded:
    """What one process learns in one step."""

    rows: Integers
    """The step's questions, of all processes."""
    counts: Counts
    parts: list[LoadedBatch]
    counted: bool
    """Whether the parts are this process's own; if not, they count nothing."""


class Trainer:
    """Trains one model on examples; after a kill, a new one with the same plan goes on."""

    def __init__(
        self,
        model: ExplainedAnswering,
        examples: Examples,
        plan: Plan,
        processes: Processes,
    ) -> None:
        self.model = model.to(processes.device)
        self.examples = examples
        self.plan = plan
        self.processes = processes
        self.observer = Observer()
        self.precision = choose_precision(plan.settings.precision, processes.device)
        self.model.learn(answers=plan.objective.answers, explanations=plan.objective.explanations)
        self._trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizers = build_optimizers(self.model, plan.settings, self.precision)
        self.scaler = torch.amp.GradScaler(
            processes.device.type, enabled=self.precision == torch.float16
        )
        self.shared = processes.share(self.model, unread=self.model.has_unread_weights)
        self.state = TrainingState()
        self._ledger = Ledger(processes)
        self._losses: Record = {}
        self._unsaved = 0
        # on a CPU there is nothing to wait for: a bad loss is found before it is learnt from
        self._settles_at_once = processes.device.type == "cpu"
        self._lengths = examples.questions.pieces.lengths
        self._steps_per_epoch = -(-len(plan.rows) // plan.settings.batch_size)
        self._steps = plan.settings.epochs * self._steps_per_epoch
        if plan.settings.max_steps is not None:
            self._steps = min(self._steps, plan.settings.max_steps)

    def fit(self, observer: Observer) -> TrainingState:
        """Train all epochs, or those that are left, and return the final state.

        Training ends early after `max_steps`, which cut an epoch short, and when `patience` epochs
        from `decay_epoch` on, where the rate is low, have not been better than the best one.
        """
        self.observer = observer
        progress = Progress("training", self._steps, "steps")
        progress.start_at(self._trained_steps)
        while not self._done:
            self._train_epoch(progress)
        return self.state

    @property
    def _trained_steps(self) -> int:
        """Steps so far, of all epochs."""
        return self.state.epoch * self._steps_per_epoch + self.state.step

    @property
    def _done(self) -> bool:
        """Whether all steps are trained, or the last epochs were in vain."""
        settings, state = self.plan.settings, self.state
        in_vain = state.epoch - max(state.best_epoch, settings.decay_epoch - 1)
        trained = state.epoch * self._steps_per_epoch >= self._steps
        return trained or (settings.patience is not None and in_vain >= settings.patience)

    def _train_epoch(self, progress: Progress) -> None:
        state = self.state
        began = time.monotonic()
        self.model.train()
        batches = self._batches(state.epoch)[: self._steps - state.epoch * self._steps_per_epoch]
        left = batches[state.step :]
        for loaded in ahead(self._load, left, threads=self.examples.threads):
            self._step(loaded)
            state.step += 1
            self._unsaved += 1
            observed = state.step % _OBSERVED == 0
            saved = self._save_due and state.step < len(batches)
            if observed or saved:
                self._settle()
            if self.processes.first:
                progress.advance(note=f"loss {self._losses.get('loss', math.nan):.3f}")
                if observed:
                    self.observer.step(self._trained_steps, self._losses | self._learnt_at())
            if saved:
                self._save()
        self._settle()
        seconds = time.monotonic() - began
        self._finish_epoch(
            {
                "epoch": state.epoch + 1,
                **{f"train/{name}": value / len(batches) for name, value in state.sums.items()},
                **{f"heldout/{name}": value for name, value in self.evaluate().items()},
                **self._learnt_at(),
                "questions_per_second": sum(map(len, left)) / seconds,
                **self._memory(),
            }
        )

    def _finish_epoch(self, record: Record) -> None:
        state = self.state
        state.epoch, state.step, state.sums = state.epoch + 1, 0, {}
        state.history.append(record)
        # what chooses the epoch: higher is better
        measure = "accuracy" if self.plan.objective.answers else "token_accuracy"
        score = record[f"heldout/{measure}"]
        if score > state.best_score:
            state.best_epoch, state.best_score = state.epoch, score
            if self.processes.first:
                weights = self.model.state_dict().items()
                state.best_weights = {name: value.cpu().clone() for name, value in weights}
        if self.processes.first:
            measured = (f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
            _logger.info("epoch %d  %s", state.epoch, "  ".join(measured))
            self.observer.epoch(record)
        if self._save_due or self._done:
            self._save()

    def _batches(self, epoch: int) -> list[Integers]:
        """Return the questions of each step of an epoch."""
        plan = self.plan
        batches = epoch_batches(
            self._lengths[plan.rows],
            plan.settings.batch_size,
            seed=plan.seed,
            epoch=epoch,
            images=self.examples.images[plan.rows],
            together=plan.settings.questions_together,
        )
        return [plan.rows[batch] for batch in batches]

    def _load(self, rows: Integers) -> _Loaded:
        """Read what this process learns of a batch; may run in a thread of its own."""
        counts = self._counts(rows)
        mine = self._mine(rows)
        parts = [p for p in np.array_split(mine, self.plan.settings.accumulation) if len(p)]
        # a process without questions takes part all the same, with one that counts nothing
        loaded = [self.examples.load(part) for part in parts or [rows[:1]]]
        return _Loaded(rows, counts, loaded, counted=bool(parts))

    def _mine(self, rows: Integers) -> Integers:
        """Return this process's part of a batch."""
        return rows[self.processes.rank :: self.processes.size]

    def _step(self, loaded: _Loaded) -> None:
        """Learn from one batch, this process from its part of it, and note the losses."""
        settings = self.plan.settings
        rate = learning_rate(
            self._trained_steps, steps_per_epoch=self._steps_per_epoch, settings=settings
        )
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["rate"]
            optimizer.zero_grad(set_to_none=True)
        values = [
            self._learn(part, loaded, last=number == len(loaded.parts))
            for number, part in enumerate(loaded.parts, start=1)
        ]
        self._ledger.note(self.state.step + 1, loaded.rows, values, counted=loaded.counted)
        if self._settles_at_once:
            self._settle()
        for optimizer in self.optimizers:
            self.scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(self._trained, settings.gradient_clip, foreach=True)
        # the scaler skips an optimiser whose gradients overflow; clipping has spoilt the other's
        if not self.scaler.is_enabled() or bool(norm.isfinite()):
            for optimizer in self.optimizers:
                self.scaler.step(optimizer)
        self.scaler.update()

    def _settle(self) -> None:
        """Add the losses noted since last time to the epoch's; raises InputError on a bad one.

        It waits for the device, so on a GPU it is done every few steps, and before a save: what is
        saved has only finite losses behind it.
        """
        sums = self.state.sums
        for number, rows, values in self._ledger.settle():
            if not values["loss"] < math.inf:
                raise self._diverged(number, rows)
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value
            self._losses = values

    def _counts(self, rows: Integers) -> Counts:
        questions = self.examples.questions
        answers = int((questions.answers[rows] != IGNORED).sum())
        texts = (questions.explanations, questions.programs)
        said = [0 if text is None else int((text.lengths[rows] > 0).sum()) for text in texts]
        return Counts(*(max(count, 1) for count in (answers, *said)))

    def _learn(self, part: LoadedBatch, step: _Loaded, *, last: bool) -> Mapping[str, Tensor]:
        """Add the gradient of a part of a step; return its share of the losses.

        The `last` part of a step is the one after which processes exchange their gradients.
        """
        plan, device = self.plan, self.processes.device
        batch = self.examples.place(part)
        with self.processes.exchange(self.shared, last):
            with autocast(self.precision, device):
                output = self.shared(
                    batch, explain=plan.objective.explanations, answers=plan.objective.answers
                )
                parts = losses(
                    output,
                    batch,
                    step.counts,
                    first_region=self.model.first_region,
                    compat=self.model.mode == "compat",
                    objective=plan.objective,
                    settings=plan.settings,
                )
            # several processes average their gradients; the counts are those of all of them
            weight = self.processes.size * step.counted
            torch.autograd.backward(self.scaler.scale(parts["loss"] * weight))
        return {name: value.detach() for name, value in parts.items()}

    def _learnt_at(self) -> Record:
        """Return the learning rate of the last step."""
        return {"learning_rate": self.optimizers[0].param_groups[0]["lr"]}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return accuracies on the held-out questions, 0 to 1; tokens follow the true ones."""
        self.model.eval()
        plan, held_out, processes = self.plan, self.plan.held_out, self.processes
        # without gradients there is room for twice what is learnt at once
        size = max(1, 2 * plan.settings.batch_size // plan.settings.accumulation)
        batches = sorted_batches(self._lengths[held_out], size)
        shares = [rows for batch in batches if len(rows := self._mine(held_out[batch]))]
        counts: dict[str, Tensor] = {}
        for loaded in ahead(self.examples.load, shares, threads=self.examples.threads):
            batch = self.examples.place(loaded)
            with autocast(self.precision, processes.device):
                output = self.model(
                    batch, explain=plan.objective.explanations, answers=plan.objective.answers
                )
            for name, value in hits(output, batch).items():
                counts[name] = counts[name] + value if name in counts else value
        self.model.train()
        sums = processes.total({name: float(counts.get(name, 0)) for name in COUNTED})
        return accuracies(sums, self.plan.objective)

    def _memory(self) -> Record:
        if self.processes.device.type != "cuda":
            return {}
        return {"gpu_memory_gib": torch.cuda.max_memory_allocated(self.processes.device) / 2**30}

    def _diverged(self, step: int, rows: Integers) -> InputError:
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
            place=f"epoch {self.state.epoch + 1}, step {step}",
            cure="lower training.learning_rate or lengthen training.warmup",
        )

    @property
    def _save_due(self) -> bool:
        return self._unsaved >= self.plan.settings.save_every

    def _save(self) -> None:
        self._unsaved = 0
        # a finite loss may have a gradient that is not, which the next loss would show
        if not bool(torch.stack([weight.isfinite().all() for weight in self._trained]).all()):
            raise self._diverged(self.state.step, self.plan.rows[:1])
        generators = self.processes.gather(generator_state(self.processes.device))
        if not self.processes.first:
            return
        self.observer.saving()
        saved: dict[str, Any] = {"identity": dict(self.plan.identity), "state": vars(self.state)}
        if not self._done:  # else there is nothing left to train
            saved |= {
                "model": self.model.state_dict(),
                "optimizers": [each.state_dict() for each in self.optimizers],
                "scaler": self.scaler.state_dict(),
                "generators": generators,
            }
        save_tensors(self.plan.resume, saved)

    def restore(self) -> bool:
        """Take up the state of this run that was saved last; return whether there is one.

        Raises InputError when not all processes see the same.
        """
        found = self._restore()
        places = self.processes.gather((self.state.epoch, self.state.step))
        if len(set(places)) > 1:
            raise InputError(
                "not all processes see the same file",
                file=self.plan.resume,
                cure="put the run's folder on a disk that all machines share",
            )
        return found

    def _restore(self) -> bool:
        saved = read_state(self.plan.resume, self.plan.identity, self.model.state_dict())
        if saved is None:
            return False
        self.state = TrainingState(**saved["state"])
        if not self.processes.first:
            self.state.best_weights = {}
        if self._done:
            _logger.info("training ended already, after %d epochs", self.state.epoch)
            return True
        self.model.load_state_dict(saved["model"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.scaler.load_state_dict(saved["scaler"])
        generators = saved["generators"]
        if len(generators) == self.processes.size:
            restore_generator(generators[self.processes.rank], self.processes.device)
        else:
            _logger.warning("saved by %d processes: dropout is drawn differently", len(generators))
        _logger.info("resuming after epoch %d, step %d", self.state.epoch, self.state.step)
        return True
