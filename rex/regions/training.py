"""Training a detector on scene graphs, with Detectron2's training loop."""

# ruff: noqa: E402 (torchvision's operators must be there before detectron2 is imported)

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from rex.operators import register_operators

register_operators()

from detectron2.config import CfgNode
from detectron2.engine import HookBase, SimpleTrainer, hooks
from detectron2.modeling import build_model
from detectron2.solver import build_lr_scheduler
from detectron2.solver.build import get_default_optimizer_params

from rex.errors import InputError
from rex.files import whole_file
from rex.logs import Progress
from rex.regions.annotations import AnnotatedImage
from rex.regions.examples import Example, ExampleMaker
from rex.regions.images import read_image
from rex.regions.team import Team, run_team

GRADIENT_NORM = 5.0
"""Largest norm of the gradient of all weights together."""

METRIC_PERIOD = 10
"""Steps after which losses are looked at."""

CHECKPOINT_PERIOD = 100
"""Steps after which an interrupted training can go on."""

_logger = logging.getLogger("rex.regions.training")


def train(
    cfg: CfgNode,
    images: Sequence[AnnotatedImage],
    *,
    seed: int,
    resume: Path,
    processes: int = 1,
) -> torch.nn.Module:
    """Train a detector from scratch and return it, ready for inference.

    `processes` share each batch. The same arguments give the same weights on a CPU. An interrupted
    training is taken up from the file `resume`, which is removed at the end. Images that cannot be
    read are left out of their batches. Raises InputError when none can.
    """
    images = [image for image in images if len(image.boxes)]
    return run_team(lambda team: _train(cfg, images, seed, resume, team), processes)


def _train(
    cfg: CfgNode, images: Sequence[AnnotatedImage], seed: int, resume: Path, team: Team
) -> torch.nn.Module:
    torch.manual_seed(seed)
    model: torch.nn.Module = build_model(cfg)
    # from here on, members draw different proposals
    torch.manual_seed(seed + team.number)
    # from scratch and in few steps, Adam gets much further than Detectron2's SGD
    optimizer = torch.optim.AdamW(
        get_default_optimizer_params(model, weight_decay_norm=0.0),
        lr=cfg.SOLVER.BASE_LR,
        betas=(0.9, 0.99),
        weight_decay=cfg.SOLVER.WEIGHT_DECAY,
    )
    trainer = SimpleTrainer(model, [], optimizer, gather_metric_period=METRIC_PERIOD)
    checkpoint = _Checkpoint(resume, _fingerprint(cfg, images, seed, team), team)
    trainer.register_hooks(
        [
            _JoinGradients(team),
            hooks.LRScheduler(optimizer, build_lr_scheduler(cfg, optimizer)),
            _Report(cfg.SOLVER.MAX_ITER) if team.number == 0 else None,
            checkpoint,
        ]
    )
    start = checkpoint.load(trainer)
    trainer.data_loader = _batches(cfg, images, seed, start, team)
    trainer.train(start, cfg.SOLVER.MAX_ITER)
    if team.number == 0:
        resume.unlink(missing_ok=True)
    return model.eval()


def _batches(
    cfg: CfgNode, images: Sequence[AnnotatedImage], seed: int, start: int, team: Team
) -> Iterator[list[Example]]:
    """Yield this member's part of each batch without end, from step `start` on."""
    maker = ExampleMaker.of(cfg)
    unreadable: set[Path] = set()
    examples: list[Example] = []
    for part in drawn(len(images), cfg.SOLVER.IMS_PER_BATCH, seed=seed, start=start, team=team):
        read, failed = _readable(maker, [images[number] for number in part])
        # of a part that cannot be read at all, the part before it takes the place
        examples = read or examples or _first_readable(maker, images)
        for path in failed.keys() - unreadable:
            _logger.warning("not learnt from: %s", failed[path])
        unreadable |= failed.keys()
        yield examples


def drawn(count: int, batch_size: int, *, seed: int, start: int, team: Team) -> Iterator[list[int]]:
    """Yield which of `count` images are this member's part of each batch, from step `start` on.

    The parts of all members together go through all images, and then through all in another order.
    """
    # not Detectron2's sampler: it divides the images among the members once more
    generator = torch.Generator().manual_seed(seed)
    order: list[int] = []
    for step in itertools.count():
        while len(order) < batch_size:
            order += torch.randperm(count, generator=generator).tolist()
        batch, order = order[:batch_size], order[batch_size:]
        if step >= start:
            yield batch[team.number :: team.size]


def _first_readable(maker: ExampleMaker, images: Sequence[AnnotatedImage]) -> list[Example]:
    for image in images:
        examples, failed = _readable(maker, [image])
        if examples:
            return examples
    raise failed[images[-1].path]


def _readable(
    maker: ExampleMaker, images: Sequence[AnnotatedImage]
) -> tuple[list[Example], dict[Path, InputError]]:
    """Return the examples of the images that can be read, and why the others cannot."""
    examples, failed = [], {}
    for image in images:
        try:
            examples.append(maker.training_example(read_image(image.path), image))
        except InputError as error:
            failed[image.path] = error
    return examples, failed


class _JoinGradients(HookBase):  # type: ignore[misc]
    """Averages gradients over the team, and keeps one odd batch from undoing what was learnt."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def after_backward(self) -> None:
        self._team.average_gradients(self.trainer.model)
        torch.nn.utils.clip_grad_norm_(self.trainer.model.parameters(), GRADIENT_NORM)


class _Report(HookBase):  # type: ignore[misc]
    def __init__(self, steps: int) -> None:
        self._progress = Progress("detector", steps, "step")

    def before_train(self) -> None:
        self._progress.start_at(self.trainer.start_iter)

    def after_step(self) -> None:
        losses = self.trainer.storage.histories().get("total_loss")
        self._progress.advance(note="" if losses is None else f"loss {losses.latest():.3f}")


def _fingerprint(cfg: CfgNode, images: Sequence[AnnotatedImage], seed: int, team: Team) -> str:
    """Return what tells one training from another."""
    digest = hashlib.sha256(f"{seed}\n{team.size}\n{cfg.dump()}".encode())
    for image in images:
        digest.update(image.image_id.encode() + image.boxes.tobytes())
    return digest.hexdigest()


class _Checkpoint(HookBase):  # type: ignore[misc]
    """Saves all that the next step depends on."""

    def __init__(self, path: Path, fingerprint: str, team: Team) -> None:
        self._path, self._fingerprint, self._team = path, fingerprint, team

    def after_step(self) -> None:
        step = self.trainer.iter + 1
        if step % CHECKPOINT_PERIOD == 0 and step < self.trainer.max_iter:
            random = self._team.gather(torch.get_rng_state())
            if self._team.number > 0:
                return
            state = {
                "model": self.trainer.model.state_dict(),
                "trainer": self.trainer.state_dict(),
                "random": random,
                "fingerprint": self._fingerprint,
            }
            with whole_file(self._path) as temporary:
                torch.save(state, temporary)

    def load(self, trainer: SimpleTrainer) -> int:
        """Put `trainer` where the same training stopped, and return the step to go on with."""
        if not self._path.exists():
            return 0
        state = torch.load(self._path, weights_only=True)
        if state["fingerprint"] != self._fingerprint:
            return 0
        trainer.model.load_state_dict(state["model"])
        trainer.load_state_dict(state["trainer"])
        torch.set_rng_state(state["random"][self._team.number])
        step: int = state["trainer"]["iteration"] + 1
        _logger.info("detector: going on after step %d", step)
        return step
