"""What is measured at paper size: the model, its data, and a plain implementation beside it.

VisualBERT-base, 36 regions of 2048 features, 1,840 words, 1,824 answers, questions, programs and
explanations as long as GQA's and GQA-REX's. What has learnt nothing ends programs by chance: here
it does not, and writes all the tokens that it may, more than GQA's programs have.

Both implementations read the same region store, loading included; the plain one is `plain_rex.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain_rex import PlainRex, plain_batch, plain_loss
from rex.arrays import Ragged
from rex.config import ModelSettings, TrainingSettings
from rex.devices import autocast
from rex.experiment import METHODS
from rex.models.batch import Batch
from rex.models.methods import decoder_class
from rex.models.model import ExplainedAnswering
from rex.models.vocabulary import END, Vocabulary
from rex.regions.store import ImageRegions, RegionStore
from rex.regions.store_writer import RegionStoreWriter, StoreHeader
from rex.training.batches import epoch_batches
from rex.training.dataset import Examples, QuestionSet, ahead
from rex.training.objectives import Counts, losses, objective_of
from rex.training.optimisation import build_optimizers

REGIONS = 36
STEPS = 12
"""Tokens of the longest explanation, END included."""
QUESTION_PIECES = 20
"""What the plain implementation pads questions to (as the public code does in training)."""

Batches = list[npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Size:
    """How large the model and its data are."""

    model: ModelSettings
    features: int = 2048
    words: int = 1840
    answers: int = 1824
    pieces: int = 30_522
    program_words: int = 2_000
    images: int = 96


PAPER = Size(
    ModelSettings(
        hidden_size=768,
        layers=12,
        heads=12,
        intermediate_size=3072,
        initializer_range=0.02,
        boxes=False,
        dropout=0.1,
        attention_dropout=0.1,
    )
)
TINY = Size(
    ModelSettings(
        hidden_size=16, layers=1, heads=2, intermediate_size=16, boxes=False, dropout=0.1
    ),
    features=8,
    words=100,
    answers=10,
    pieces=2000,
    program_words=20,
    images=4,
)
"""So small that its figures mean nothing: for tests."""


def vocabulary(size: Size) -> Vocabulary:
    """Return as many words as a size asks for, and 1,600 objects and 400 attributes of a piece.

    The first word of programs ends a step, the second takes the results of one.
    """
    return Vocabulary(
        answers=tuple(f"answer{i}" for i in range(size.answers)),
        words=tuple(f"word{i}" for i in range(size.words - REGIONS)),
        pieces=tuple(f"piece{i}" for i in range(size.pieces)),
        regions=REGIONS,
        object_pieces=tuple((100 + i,) for i in range(1600)),
        attribute_pieces=tuple((1000 + i,) for i in range(400)),
        program_words=("->", "[0]", *(f"operation{i}" for i in range(size.program_words - 2))),
    )


def make_store(path: Path, size: Size) -> RegionStore:
    """Write a store of random features."""
    generator = np.random.default_rng(0)
    names = [str(i) for i in range(size.images)]
    header = StoreHeader(names, REGIONS, size.features, {"detector": "random"}, [], [], {})
    with RegionStoreWriter(path, header) as writer:
        for row in range(size.images):
            corners = generator.uniform(0, 300, (REGIONS, 2))
            image = ImageRegions(
                features=generator.random((REGIONS, size.features), np.float32),
                boxes=np.concatenate([corners, corners + 100], axis=1),
                scores=np.ones(REGIONS),
                object_ids=generator.integers(0, 1600, REGIONS),
                attribute_ids=generator.integers(0, 400, REGIONS),
                width=640,
                height=480,
            )
            writer.write([row], [image])
    return RegionStore(path)


def make_questions(count: int, size: Size) -> QuestionSet:
    """Draw questions of 5 to 18 words and explanations of 3 to 11, about a third of it regions.

    Programs have 8 to 36 tokens, as those of 1,358 questions of GQA (15.7 ± 6.6), six a step.
    """
    generator, words = np.random.default_rng(1), vocabulary(size)
    pieces = [
        [101, *generator.integers(1000, size.pieces, length), 102]
        for length in np.clip(generator.normal(9.4, 3.0, count).round(), 5, 18).astype(int)
    ]
    explanations = []
    for length in np.clip(generator.normal(6.5, 2.2, count).round(), 3, STEPS - 1).astype(int):
        tokens = generator.integers(2, words.first_region, length)
        pointed = generator.random(length) < 1 / 3
        tokens[pointed] = words.first_region + generator.integers(0, REGIONS, pointed.sum())
        explanations.append([*tokens, END])
    programs, generator = [], np.random.default_rng(2)
    for length in np.clip(generator.normal(15.7, 6.6, count).round(), 8, 36).astype(int):
        tokens = generator.integers(3, 2 + size.program_words, length)
        tokens[5::6] = words.program_id("->")
        programs.append([*tokens, END])
    return QuestionSet(
        question_ids=[str(i) for i in range(count)],
        image_ids=[str(i) for i in generator.integers(0, size.images, count)],
        pieces=Ragged.of(pieces),
        answers=generator.integers(0, size.answers, count),
        explanations=Ragged.of(explanations),
        programs=Ragged.of(programs),
    )


@contextlib.contextmanager
def data(count: int, size: Size, device: torch.device) -> Iterator[Examples]:
    """Yield so many questions about the images of a store that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(Path(folder) / "r.h5", size)
        yield Examples(make_questions(count, size), store, device)


def batches_of(examples: Examples, batch: int) -> Batches:
    """Return the batches of an epoch: whole ones, so that all steps cost alike."""
    made = epoch_batches(examples.questions.pieces.lengths, batch, seed=0, epoch=0)
    return [rows for rows in made if len(rows) == batch]


def now(device: torch.device) -> float:
    """Return seconds: of this process's CPU time a thread, so that other work counts little."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time() / torch.get_num_threads()


def speed(
    done: Iterator[int],
    device: torch.device,
    *,
    warm_up: int,
    repeats: int,
    seconds: float = math.inf,
) -> float:
    """Return samples a second of steps (each yields its samples), after some to warm up.

    `repeats` steps are timed, or as many, three at least, as take about so many `seconds`.
    """
    for _ in range(warm_up):
        next(done)
    began = now(device)
    samples = next(done)
    if seconds < math.inf:
        repeats = max(3, min(repeats, int(seconds / (now(device) - began))))
    samples += sum(next(done) for _ in range(repeats - 1))
    return samples / (now(device) - began)


def matrix_speed(device: torch.device, precision: torch.dtype, width: int) -> float:
    """Return operations a second of a large product, `width` x `width` x `width`."""
    one, other = (torch.randn(width, width, device=device, dtype=precision) for _ in range(2))
    for _ in range(3):
        one @ other
    began = now(device)
    for _ in range(10):
        one @ other
    return 10 * 2 * width**3 / max(now(device) - began, 1e-9)


class Ours:
    """This project's model, training step and decoding; `cudnn`: with cuDNN's attention."""

    def __init__(
        self,
        size: Size,
        examples: Examples,
        precision: torch.dtype,
        *,
        method: str = "rex",
        backbone: str = "visualbert",
        cudnn: bool = False,
    ) -> None:
        torch.manual_seed(0)
        self.device, self.precision, self.examples = examples.device, precision, examples
        torch.backends.cuda.matmul.allow_tf32 = True  # as rex train has it
        torch.backends.cuda.enable_cudnn_sdp(cudnn)  # False there
        self.words = vocabulary(size)
        self.setting = "multi-task" if METHODS[method].decoder else "answer-only"
        self.objective = objective_of(self.setting, method)
        self.settings = TrainingSettings(optimizer="adam")  # as config/gqa.yaml has it
        settings = dataclasses.replace(size.model, backbone=backbone)  # type: ignore[arg-type]
        self.model = ExplainedAnswering(
            method,
            settings,
            self.words,
            feature_size=size.features,
            question_length=512,
            explanation_length=STEPS,
        ).to(self.device)
        if self.model.programs is not None:
            with torch.no_grad():
                self.model.programs.output.bias[END] = -20
        (self.optimizer,) = build_optimizers(self.model, self.settings, precision)
        decoder = decoder_class(method)
        self._named = decoder is not None and decoder.names_objects

    def load(self, batches: Batches) -> Iterator[Batch]:
        """Yield batch after batch on the device; they are read ahead."""
        for loaded in ahead(self.examples.load, batches, threads=self.examples.threads):
            batch = self.examples.place(loaded)
            if self._named:  # a method that knows no region tokens writes words in their place
                words = batch.explanations.clamp(max=self.words.first_region - 1)
                batch = dataclasses.replace(batch, explanations=words)
            yield batch

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        with autocast(self.precision, self.device):
            parts = losses(
                self.model(batch, explain=self.objective.explanations),
                batch,
                Counts(len(batch), len(batch), len(batch)),
                first_region=self.words.first_region,
                compat=False,
                objective=self.objective,
                settings=self.settings,
            )
        return parts["loss"]

    def update(self) -> None:
        """Clip the gradient and follow it."""
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 0.1, foreach=True)
        self.optimizer.step()

    def train(self, batches: Batches) -> Iterator[int]:
        """Learn from batch after batch; yield how many questions."""
        self.model.train()
        for batch in self.load(batches):
            loss = self.loss(batch)
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            self.update()
            yield len(batch)

    @torch.no_grad()
    def decode(self, batches: Batches) -> Iterator[int]:
        """Answer and explain batch after batch; yield how many questions."""
        self.model.eval()
        for batch in self.load(batches):
            with autocast(self.precision, self.device):
                self.model.decide(batch, explain=self.objective.explanations)
            yield len(batch)

    def operations(self, batches: Batches) -> float:
        """Count the operations of a sample's training step as PyTorch does, padding included."""
        [batch] = self.load(batches[:1])
        with FlopCounterMode(display=False) as counter:
            torch.autograd.backward(self.loss(batch))
        return float(counter.get_total_flops()) / len(batch)

    def operations_of_decoding(self, batches: Batches) -> float:
        """Count the operations of a sample's decoding likewise."""
        with FlopCounterMode(display=False) as counter:
            [count] = self.decode(batches[:1])
        return float(counter.get_total_flops()) / count


class Plain:
    """The plain implementation of REX; `tf32`: whether a GPU may round float32 products so."""

    def __init__(self, size: Size, examples: Examples, *, tf32: bool = False) -> None:
        from transformers import VisualBertConfig, VisualBertModel

        torch.manual_seed(0)
        self.examples, self.device, self.size = examples, examples.device, size
        torch.backends.cuda.matmul.allow_tf32 = tf32  # not PyTorch's default
        config = VisualBertConfig(
            vocab_size=size.pieces,
            visual_embedding_dim=size.features,
            hidden_size=size.model.hidden_size,
            num_hidden_layers=size.model.layers,
            num_attention_heads=size.model.heads,
            intermediate_size=size.model.intermediate_size,
            pad_token_id=0,
        )
        self.model = PlainRex(
            VisualBertModel(config, add_pooling_layer=False),
            features=size.features,
            answers=size.answers,
            tokens=size.words + 2,
        ).to(self.device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)
        self._rows: npt.NDArray[np.int64] | None = None
        self._read: dict[str, Tensor] = {}

    def _batch(self, rows: npt.NDArray[np.int64]) -> dict[str, Tensor]:
        """Read a batch; the same again is not read again, so that a step can be timed alone."""
        if rows is not self._rows:
            batch = plain_batch(
                self.examples,
                rows,
                answers=self.size.answers,
                tokens=self.size.words + 2,
                pieces=QUESTION_PIECES,
                steps=STEPS,
            )
            self._rows = rows
            self._read = {name: value.to(self.device) for name, value in batch.items()}
        return self._read

    def train(self, batches: Batches) -> Iterator[int]:
        """Learn from batch after batch; yield how many questions."""
        self.model.train()
        for rows in batches:
            batch = self._batch(rows)
            outputs = self.model(batch["images"], batch["pieces"], batch["tokens"], STEPS)
            self.optimizer.zero_grad()
            torch.autograd.backward(plain_loss(outputs, batch))
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 0.1)
            self.optimizer.step()
            yield len(rows)

    @torch.no_grad()
    def decode(self, batches: Batches) -> Iterator[int]:
        """Explain batch after batch; yield how many questions."""
        self.model.eval()
        for rows in batches:
            batch = self._batch(rows)
            self.model(batch["images"], batch["pieces"], None, STEPS)
            yield len(rows)
