"""Samples a second of training and of decoding at paper size, beside a plain implementation.

VisualBERT-base, 36 regions of 2048 features, 1,840 words, 1,824 answers, questions and explanations
as long as GQA's and GQA-REX's. Both implementations read the same region store in the same run,
loading included; the baseline is `plain_rex.py`, in float32.

    python -m benchmarks.training
    python -m benchmarks.training --device cuda --batch-sizes 128 256 512 1024
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.plain_rex import PlainRex, plain_batch, plain_loss
from rex.config import ModelSettings, TrainingSettings
from rex.models.model import ExplainedAnswering
from rex.models.search import write
from rex.models.vocabulary import END, Vocabulary
from rex.operators import register_operators
from rex.regions.store import ImageRegions, RegionStore, RegionStoreWriter, StoreHeader
from rex.training.batches import epoch_batches
from rex.training.dataset import Examples, QuestionSet
from rex.training.objectives import SETTINGS, Counts, losses
from rex.training.optimisation import autocast, build_optimizer, choose_precision
from rex.training.ragged import Ragged

REGIONS, FEATURES = 36, 2048
WORDS, ANSWERS, PIECES = 1840, 1824, 30_522
STEPS = 12
QUESTION_PIECES = 20
"""What the baseline pads questions to (as the public code does in training)."""
IMAGES = 96
GOALS = {"cpu": {"training": 2.0, "decoding": 2.0}, "cuda": {"training": 4.0, "decoding": 4.0}}
SAMPLES_GOAL = 6000
"""Samples a second of training on one H200-class GPU."""
BASE = ModelSettings(
    hidden_size=768,
    layers=12,
    heads=12,
    intermediate_size=3072,
    initializer_range=0.02,
    dropout=0.1,
    attention_dropout=0.1,
)
PEAK = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense bf16 matrix operations a second (the makers' data sheets)."""


def vocabulary() -> Vocabulary:
    return Vocabulary(
        answers=tuple(f"answer{i}" for i in range(ANSWERS)),
        words=tuple(f"word{i}" for i in range(WORDS - REGIONS)),
        pieces=tuple(f"piece{i}" for i in range(PIECES)),
        regions=REGIONS,
    )


def make_store(path: Path) -> RegionStore:
    """Write a store of random features."""
    generator = np.random.default_rng(0)
    names = [str(i) for i in range(IMAGES)]
    header = StoreHeader(names, REGIONS, FEATURES, {"detector": "random"}, [], [], {})
    with RegionStoreWriter(path, header) as writer:
        for row in range(IMAGES):
            corners = generator.uniform(0, 300, (REGIONS, 2))
            image = ImageRegions(
                features=generator.random((REGIONS, FEATURES), np.float32),
                boxes=np.concatenate([corners, corners + 100], axis=1),
                scores=np.ones(REGIONS),
                object_ids=np.zeros(REGIONS),
                attribute_ids=np.zeros(REGIONS),
                width=640,
                height=480,
            )
            writer.write([row], [image])
    return RegionStore(path)


def make_questions(count: int, words: Vocabulary) -> QuestionSet:
    """Draw questions of 5 to 18 words and explanations of 3 to 11, about a third of it regions."""
    generator = np.random.default_rng(1)
    pieces = [
        [101, *generator.integers(1000, PIECES, length), 102]
        for length in np.clip(generator.normal(9.4, 3.0, count).round(), 5, 18).astype(int)
    ]
    explanations = []
    for length in np.clip(generator.normal(6.5, 2.2, count).round(), 3, STEPS - 1).astype(int):
        tokens = generator.integers(2, words.first_region, length)
        pointed = generator.random(length) < 1 / 3
        tokens[pointed] = words.first_region + generator.integers(0, REGIONS, pointed.sum())
        explanations.append([*tokens, END])
    return QuestionSet(
        question_ids=[str(i) for i in range(count)],
        image_ids=[str(i) for i in generator.integers(0, IMAGES, count)],
        pieces=Ragged.of(pieces),
        answers=generator.integers(0, ANSWERS, count),
        explanations=Ragged.of(explanations),
    )


def speed(step: Callable[[int], int], device: torch.device, repeats: int) -> float:
    """Return samples a second of `step` (number → samples), after one step to warm up."""
    step(0)
    began = _now(device)
    samples = sum(step(number) for number in range(1, repeats + 1))
    return samples / (_now(device) - began)


def _now(device: torch.device) -> float:
    """Return seconds: of this process's CPU time a thread, so that other work counts little."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time() / torch.get_num_threads()


class Ours:
    """This project's model, training step and decoding."""

    def __init__(self, examples: Examples, words: Vocabulary, device: torch.device) -> None:
        torch.manual_seed(0)
        self.examples, self.device = examples, device
        self.words = words
        self.precision = choose_precision("auto", device)
        self.model = ExplainedAnswering(
            "rex", BASE, words, feature_size=FEATURES, question_length=512
        ).to(device)
        self.settings = TrainingSettings()
        self.optimizer = build_optimizer(self.model.parameters(), self.settings)

    def train(self, rows: np.ndarray) -> int:
        """Learn from these questions; return how many."""
        self.model.train()
        batch = self.examples.batch(rows)
        with autocast(self.precision, self.device):
            parts = losses(
                self.model(batch, explain=True),
                batch,
                Counts(len(rows), len(rows)),
                first_region=self.words.first_region,
                compat=False,
                objective=SETTINGS["multi-task"],
                settings=self.settings,
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(parts["loss"])
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 0.1, foreach=True)
        self.optimizer.step()
        return len(rows)

    @torch.no_grad()
    def decode(self, rows: np.ndarray) -> int:
        """Explain these questions; return how many."""
        self.model.eval()
        batch = self.examples.batch(rows)
        assert self.model.decoder is not None
        with autocast(self.precision, self.device):
            encoding, _ = self.model.encode(batch)
            write(self.model.decoder, encoding, length=STEPS)
        return len(rows)


class Plain:
    """The baseline."""

    def __init__(self, examples: Examples, words: Vocabulary, device: torch.device) -> None:
        from transformers import VisualBertConfig, VisualBertModel

        torch.manual_seed(0)
        self.examples, self.device, self.tokens = examples, device, words.tokens
        config = VisualBertConfig(visual_embedding_dim=FEATURES, pad_token_id=0)
        self.model = PlainRex(
            VisualBertModel(config, add_pooling_layer=False),
            features=FEATURES,
            answers=ANSWERS,
            tokens=words.tokens,
        ).to(device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)

    def _batch(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        batch = plain_batch(
            self.examples,
            rows,
            answers=ANSWERS,
            tokens=self.tokens,
            pieces=QUESTION_PIECES,
            steps=STEPS,
        )
        return {name: value.to(self.device) for name, value in batch.items()}

    def train(self, rows: np.ndarray) -> int:
        """Learn from these questions; return how many."""
        self.model.train()
        batch = self._batch(rows)
        outputs = self.model(batch["images"], batch["pieces"], batch["tokens"], STEPS)
        self.optimizer.zero_grad()
        torch.autograd.backward(plain_loss(outputs, batch))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 0.1)
        self.optimizer.step()
        return len(rows)

    @torch.no_grad()
    def decode(self, rows: np.ndarray) -> int:
        """Explain these questions; return how many."""
        self.model.eval()
        batch = self._batch(rows)
        self.model(batch["images"], batch["pieces"], None, STEPS)
        return len(rows)


def operations(pieces: float) -> float:
    """Count the multiplications and additions of one sample's training step.

    Matrix products alone, forward once and backward twice; `pieces` is a question's mean length.
    """
    h, inner, layers = BASE.hidden_size, BASE.intermediate_size, BASE.layers
    length = pieces + REGIONS
    layer = length * (4 * h * h + 2 * h * inner) + 2 * length * length * h
    visual = REGIONS * FEATURES * h * 2  # the projection, and the decoder's
    step = 3 * h * (2 * h + 3 * h + 2 * h) + FEATURES * h + REGIONS * FEATURES + 3 * h * h
    decoder = STEPS * (step + h * (WORDS + 2))
    return 3 * 2 * (layers * layer + visual + decoder + h * ANSWERS)


@contextlib.contextmanager
def data(count: int, device: torch.device) -> Iterator[tuple[Examples, Vocabulary]]:
    words = vocabulary()
    with tempfile.TemporaryDirectory() as folder:
        yield (
            Examples(make_questions(count, words), make_store(Path(folder) / "r.h5"), device),
            words,
        )


def measure(
    make: type[Ours] | type[Plain], size: int, repeats: int, device: torch.device
) -> dict[str, float]:
    """Return samples a second of training and decoding with batches of `size`."""
    with data(size * (repeats + 1), device) as (examples, words):
        lengths = examples.questions.pieces.lengths
        batches = epoch_batches(lengths, size, seed=0, epoch=0)
        system = make(examples, words, device)
        return {
            "training": speed(lambda number: system.train(batches[number]), device, repeats),
            "decoding": speed(lambda number: system.decode(batches[number]), device, repeats),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32])
    parser.add_argument("--repeats", type=int, default=3, help="steps that are timed")
    arguments = parser.parse_args()
    register_operators()
    torch.set_num_threads(arguments.threads)
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU here: nothing is measured for one")
    device = torch.device(arguments.device)
    best: dict[str, dict[str, float]] = {}
    for make in (Plain, Ours):
        name = make.__name__.lower()
        best[name] = {"training": 0.0, "decoding": 0.0}
        for size in arguments.batch_sizes:
            found = measure(make, size, arguments.repeats, device)
            print(
                f"{name:6} batch {size}: "
                + ", ".join(f"{k} {v:.2f} samples/s" for k, v in found.items()),
                flush=True,
            )
            best[name] = {key: max(best[name][key], found[key]) for key in found}
    for what, goal in GOALS[arguments.device].items():
        ratio = best["ours"][what] / best["plain"][what]
        print(f"{what}: {ratio:.2f} times the plain implementation (goal: {goal:g})")
    if device.type == "cuda":
        report_peak(best["ours"]["training"])
    else:
        print(
            f"threads {arguments.threads}, precision {choose_precision('auto', device)}; "
            "no GPU was measured in this run"
        )


def report_peak(samples: float) -> None:
    """Print which share of the GPU's matrix peak training reaches."""
    name = torch.cuda.get_device_name()
    count = operations(pieces=11.4)
    print(f"{samples:.0f} samples/s (goal: {SAMPLES_GOAL}), {count / 1e9:.1f} GFLOP a sample")
    peak = next((value for key, value in PEAK.items() if key in name), None)
    share = (
        "its peak is not known here"
        if peak is None
        else f"{samples * count / peak:.1%} of its peak"
    )
    print(f"{name}: {samples * count / 1e12:.1f} TFLOP/s, {share}")


if __name__ == "__main__":
    main()
