"""Training a detector on scene graphs, with Detectron2's training loop."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.engine import HookBase, SimpleTrainer, hooks
from detectron2.modeling import build_model
from detectron2.solver import build_lr_scheduler
from detectron2.solver.build import get_default_optimizer_params

from rex.config import Config
from rex.devices import product_format
from rex.errors import InputError
from rex.files import made_by, whole_file, write_json
from rex.gqa.layout import Layout
from rex.gqa.scene_graphs import read_scene_graphs
from rex.images import read_image
from rex.logs import Progress
from rex.muon import Muon
from rex.regions.annotations import AnnotatedImage, ClassLists, annotated_images
from rex.regions.architectures import detector_config
from rex.regions.detector import Detector, Example, ExampleMaker, prepare_device
from rex.regions.distributed import Member, run_together
from rex.regions.extraction import ImageFile, detect_each, workers_beside
from rex.regions.inspection import warn_unreadable
from rex.regions.report import report as report_of
from rex.regions.weights import save_checkpoint

GRADIENT_NORM = 5.0
"""Largest norm of the gradient of all weights together."""

MUON_RATE = 20.0
"""Muon's learning rate as a multiple of Adam's."""

METRIC_PERIOD = 10
"""Steps after which losses are looked at."""

CHECKPOINT_PERIOD = 100
"""Steps after which an interrupted training can go on."""

_logger = logging.getLogger("rex.regions.training")


def train_detector(
    config: Config, data: Path, out: Path, report: Path | None = None
) -> dict[str, Any] | None:
    """Train a detector on the scene graphs of a data set in GQA's layout and write it to `out`.

    With `report`, a JSON file, it is measured on val (`rex.regions.report.report`), and the
    measures are returned. Images that cannot be read are left out, with a warning. Raises
    InputError for bad input.
    """
    settings = config.regions
    device = prepare_device(config)
    layout = Layout(data)
    scene_graphs = read_scene_graphs(layout.scene_graphs("train"))
    classes = ClassLists.of(scene_graphs.values())
    model = train(
        detector_config(settings, classes, device),
        annotated_images(scene_graphs, layout.images(), classes),
        seed=settings.seed,
        resume=out.with_name(f".{out.name}.resume"),
        processes=1 if device == "cuda" else config.compute.detector_threads,
    )
    save_checkpoint(out, model, asdict(settings), classes)
    if report is None:
        return None
    val = annotated_images(read_scene_graphs(layout.scene_graphs("val")), layout.images(), classes)
    measures = _measured(Detector.load(out, settings, device), val, config)
    write_json(report, measures, provenance=made_by("rex regions train", asdict(settings)))
    return measures


def _measured(
    detector: Detector, images: Sequence[AnnotatedImage], config: Config
) -> dict[str, Any]:
    """Return how good a detector is on those of the images of val that can be read."""
    detected = detect_each(
        detector, [ImageFile(image.path) for image in images], workers_beside(config)
    )
    warn_unreadable(regions for regions in detected if isinstance(regions, InputError))
    found, seen = [], []
    for image, regions in zip(images, detected, strict=True):
        if not isinstance(regions, InputError):
            found.append(regions)
            seen.append(image.within(regions.width, regions.height))
    measures = report_of(seen, found, detector.classes)
    return {"split": "val", "signature": detector.signature, **measures}


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
    # one more than there are images in a batch would have nothing to do
    processes = min(processes, cfg.SOLVER.IMS_PER_BATCH)
    return run_together(lambda member: _train(cfg, images, seed, resume, member), processes)


def _train(
    cfg: CfgNode, images: Sequence[AnnotatedImage], seed: int, resume: Path, member: Member
) -> torch.nn.Module:
    torch.manual_seed(seed)
    model: torch.nn.Module = build_model(cfg)
    # from here on, members draw different proposals
    torch.manual_seed(seed + member.rank)
    optimizer = MuonAndAdam(model, cfg)
    trainer = SimpleTrainer(model, [], optimizer, gather_metric_period=METRIC_PERIOD)
    checkpoint = _Checkpoint(resume, _fingerprint(cfg, images, seed, member), member)
    trainer.register_hooks(
        [
            _JoinGradients(member, cfg.SOLVER.IMS_PER_BATCH),
            hooks.LRScheduler(optimizer, build_lr_scheduler(cfg, optimizer)),
            _Report(cfg.SOLVER.MAX_ITER) if member.rank == 0 else None,
            checkpoint,
        ]
    )
    start = checkpoint.load(trainer)
    trainer.data_loader = _batches(cfg, images, seed, start, member)
    trainer.train(start, cfg.SOLVER.MAX_ITER)
    if member.rank == 0:
        resume.unlink(missing_ok=True)
    return model.eval()


def _batches(
    cfg: CfgNode, images: Sequence[AnnotatedImage], seed: int, start: int, member: Member
) -> Iterator[list[Example]]:
    """Yield this member's part of each batch without end, from step `start` on."""
    maker = ExampleMaker.of(cfg)
    unreadable: set[Path] = set()
    examples: list[Example] = []
    for part in drawn(len(images), cfg.SOLVER.IMS_PER_BATCH, seed=seed, start=start, member=member):
        read, failed = _readable(maker, [images[number] for number in part])
        # of a part that cannot be read at all, the part before it takes the place
        examples = read or examples or _first_readable(maker, images)
        for path in failed.keys() - unreadable:
            _logger.warning("skipped in training: %s", failed[path])
        unreadable |= failed.keys()
        yield examples


def drawn(
    count: int, batch_size: int, *, seed: int, start: int, member: Member
) -> Iterator[list[int]]:
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
            yield batch[member.rank :: member.size]


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


class MuonAndAdam(torch.optim.Optimizer):
    """Muon for matrices and convolutions, AdamW for the rest.

    From scratch and in few steps these get much further than Detectron2's SGD. Weights that are
    Muon's do not decay.
    """

    def __init__(self, model: torch.nn.Module, cfg: CfgNode) -> None:
        matrices = [w for w in model.parameters() if w.requires_grad and w.dim() > 1]
        taken = {id(weight) for weight in matrices}
        rest = get_default_optimizer_params(model, weight_decay_norm=0.0)
        for group in rest:
            group["params"] = [weight for weight in group["params"] if id(weight) not in taken]
        rate, decay = cfg.SOLVER.BASE_LR, cfg.SOLVER.WEIGHT_DECAY
        self._parts = (
            torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.99), weight_decay=decay),
            Muon(matrices, lr=MUON_RATE * rate, precision=product_format(matrices[0].device)),
        )
        super().__init__(self._groups(), {})

    def _groups(self) -> list[dict[str, Any]]:
        return [group for part in self._parts for group in part.param_groups]

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move all weights."""
        for part in self._parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Return what the next step depends on."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = self._groups()


class _JoinGradients(HookBase):  # type: ignore[misc]
    """Averages gradients over the images of a batch, and clips what one odd batch asks for."""

    def __init__(self, member: Member, batch_size: int) -> None:
        self._member = member
        # of this member's part, which may be larger than others
        part = len(range(member.rank, batch_size, member.size))
        self._weight = part * member.size / batch_size

    def after_backward(self) -> None:
        self._member.average_gradients(self.trainer.model, self._weight)
        torch.nn.utils.clip_grad_norm_(self.trainer.model.parameters(), GRADIENT_NORM)


class _Report(HookBase):  # type: ignore[misc]
    def __init__(self, steps: int) -> None:
        self._progress = Progress("detector", steps, "step")

    def before_train(self) -> None:
        self._progress.start_at(self.trainer.start_iter)

    def after_step(self) -> None:
        losses = self.trainer.storage.histories().get("total_loss")
        self._progress.advance(note="" if losses is None else f"loss {losses.latest():.3f}")


def _fingerprint(cfg: CfgNode, images: Sequence[AnnotatedImage], seed: int, member: Member) -> str:
    """Return what tells one training from another."""
    learnt = f"muon {MUON_RATE} {product_format(torch.device(cfg.MODEL.DEVICE))}"
    digest = hashlib.sha256(f"{learnt}\n{seed}\n{member.size}\n{cfg.dump()}".encode())
    for image in images:
        digest.update(image.image_id.encode() + image.boxes.tobytes())
    return digest.hexdigest()


class _Checkpoint(HookBase):  # type: ignore[misc]
    """Saves all that the next step depends on."""

    def __init__(self, path: Path, fingerprint: str, member: Member) -> None:
        self._path, self._fingerprint, self._member = path, fingerprint, member

    def after_step(self) -> None:
        step = self.trainer.iter + 1
        if step % CHECKPOINT_PERIOD == 0 and step < self.trainer.max_iter:
            random = self._member.gather(torch.get_rng_state())
            if self._member.rank > 0:
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
        state = torch.load(self._path, map_location="cpu", weights_only=True)
        if state["fingerprint"] != self._fingerprint:
            return 0
        trainer.model.load_state_dict(state["model"])
        trainer.load_state_dict(state["trainer"])
        torch.set_rng_state(state["random"][self._member.rank])
        step: int = state["trainer"]["iteration"] + 1
        _logger.info("detector: resuming after step %d", step)
        return step
