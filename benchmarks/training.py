"""Samples a second of training and of decoding at paper size, beside a plain implementation.

VisualBERT-base, 36 regions of 2048 features, 1,840 words, 1,824 answers, questions and explanations
as long as GQA's and GQA-REX's. Both implementations read the same region store in the same run,
loading included; the baseline is `plain_rex.py`, in float32. Where there is a GPU it is measured,
with the share of its matrix peak that training reaches; a batch size that does not fit is left out.

    python -m benchmarks.training
    python -m benchmarks.training --device cpu --batch-sizes 16 32 --out benchmark.json
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.plain_rex import PlainRex, plain_batch, plain_loss
from rex.arrays import Ragged
from rex.config import ComputeSettings, ModelSettings, TrainingSettings
from rex.experiment import SETTINGS
from rex.files import write_json
from rex.models.batch import Batch
from rex.models.model import ExplainedAnswering
from rex.models.vocabulary import END, Vocabulary
from rex.regions.store import ImageRegions, RegionStore, RegionStoreWriter, StoreHeader
from rex.training.batches import epoch_batches
from rex.training.dataset import Examples, QuestionSet, ahead
from rex.training.objectives import Counts, losses
from rex.training.optimisation import autocast, build_optimizer, choose_device, choose_precision

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
    boxes=False,
    dropout=0.1,
    attention_dropout=0.1,
)
PEAK = {"H100 PCIe": 756e12, "H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense bf16 matrix operations a second (the maker's data sheets); the first that fits a name."""
WARM_UP = {"cpu": 1, "cuda": 5}
"""Steps before those that are timed."""
MEAN_PIECES = 11.4
"""Mean word pieces of a question below."""

Batches = list[npt.NDArray[np.int64]]


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


def speed(done: Iterator[int], device: torch.device, warm_up: int) -> float:
    """Return samples a second of steps (each yields its samples), after some to warm up."""
    for _ in range(warm_up):
        next(done)
    began = _now(device)
    samples = sum(done)
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
        torch.backends.cuda.matmul.allow_tf32 = True  # as rex train has it
        self.model = ExplainedAnswering(
            "rex", BASE, words, feature_size=FEATURES, question_length=512
        ).to(device)
        self.settings = TrainingSettings()
        self.optimizer = build_optimizer(self.model.parameters(), self.settings)

    def _batches(self, batches: Batches) -> Iterator[Batch]:
        for loaded in ahead(self.examples.load, batches, threads=self.examples.threads):
            yield self.examples.place(loaded)

    def train(self, batches: Batches) -> Iterator[int]:
        """Learn from batch after batch; yield how many questions."""
        self.model.train()
        for batch in self._batches(batches):
            with autocast(self.precision, self.device):
                parts = losses(
                    self.model(batch, explain=True),
                    batch,
                    Counts(len(batch), len(batch)),
                    first_region=self.words.first_region,
                    compat=False,
                    objective=SETTINGS["multi-task"],
                    settings=self.settings,
                )
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(parts["loss"])
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 0.1, foreach=True)
            self.optimizer.step()
            yield len(batch)

    @torch.no_grad()
    def decode(self, batches: Batches) -> Iterator[int]:
        """Explain batch after batch; yield how many questions."""
        self.model.eval()
        for batch in self._batches(batches):
            with autocast(self.precision, self.device):
                self.model.decide(batch)
            yield len(batch)


class Plain:
    """The baseline."""

    def __init__(self, examples: Examples, words: Vocabulary, device: torch.device) -> None:
        from transformers import VisualBertConfig, VisualBertModel

        torch.manual_seed(0)
        self.examples, self.device, self.tokens = examples, device, words.tokens
        torch.backends.cuda.matmul.allow_tf32 = False  # PyTorch's default
        config = VisualBertConfig(
            visual_embedding_dim=FEATURES,
            hidden_size=BASE.hidden_size,
            num_hidden_layers=BASE.layers,
            num_attention_heads=BASE.heads,
            intermediate_size=BASE.intermediate_size,
            pad_token_id=0,
        )
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


def operations(pieces: float, steps: int = STEPS) -> float:
    """Count the multiplications and additions of one sample's training step.

    Matrix products alone, forward once and backward twice. `pieces` is a question's mean length,
    `steps` the longest explanation of a batch, which all are padded to.
    """
    h, inner, layers = BASE.hidden_size, BASE.intermediate_size, BASE.layers
    length = pieces + REGIONS
    layer = length * (4 * h * h + 2 * h * inner) + 2 * length * length * h
    visual = REGIONS * FEATURES * h * 2  # the projection, and the decoder's
    # the question twice, the mean of the regions, and what it adds to the gates
    once = h * ANSWERS + 2 * h * h + REGIONS * h + 3 * h * h
    # the gates of h1 (from h2 and h1) and of h2 (from the regions, h1 and h2), then the attention
    step = 3 * h * (h + h + 2 * h + h) + h * h + FEATURES * h + REGIONS * (h + FEATURES)
    predicted = 3 * h * h + h * (WORDS + 2 + 1) + REGIONS * h  # y; words and gate; similarity
    return 3 * 2 * (layers * layer + visual + once + steps * (step + predicted))


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
    warm_up = WARM_UP[device.type]
    with data(size * (repeats + warm_up), device) as (examples, words):
        lengths = examples.questions.pieces.lengths
        batches = epoch_batches(lengths, size, seed=0, epoch=0)
        system = make(examples, words, device)
        return {
            "training": speed(system.train(batches), device, warm_up),
            "decoding": speed(system.decode(batches), device, warm_up),
        }


def loading(size: int, device: torch.device) -> float:
    """Return samples a second that are read and put on the device, nothing else done."""
    with data(40 * size, device) as (examples, _):
        batches = epoch_batches(examples.questions.pieces.lengths, size, seed=0, epoch=0)
        loaded = ahead(examples.load, batches, threads=examples.threads)
        return speed((len(examples.place(batch)) for batch in loaded), device, 2)


def best_of(
    make: type[Ours] | type[Plain], sizes: list[int], repeats: int, device: torch.device
) -> dict[str, tuple[float, int]]:
    """Print the speeds of all batch sizes; return the best (samples a second, batch size)."""
    name, best = make.__name__.lower(), {"training": (0.0, 0), "decoding": (0.0, 0)}
    for size in sizes:
        try:
            found = measure(make, size, repeats, device)
        except torch.OutOfMemoryError:
            print(f"{name:5}  batch {size:5}  does not fit")
            continue
        for what, speed_found in found.items():
            best[what] = max(best[what], (speed_found, size))
        shown = "  ".join(f"{what} {value:.2f} samples/s" for what, value in found.items())
        print(f"{name:5}  batch {size:5}  {shown}", flush=True)
    return best


def verdict(reached: float, goal: float) -> str:
    return f"(goal: at least {goal:g}, {'reached' if reached >= goal else 'missed'})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU")
    parser.add_argument("--batch-sizes", type=int, nargs="+", help="default: 32; GPU: 128 to 2048")
    parser.add_argument("--repeats", type=int, help="steps that are timed; default: 3; GPU: 20")
    parser.add_argument("--out", type=Path, help="write the figures as JSON, too")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU here: nothing is measured for one")
    device = choose_device(
        ComputeSettings(device=arguments.device, training_threads=arguments.threads)
    )
    gpu = device.type == "cuda"
    sizes = arguments.batch_sizes or ([128, 256, 512, 1024, 2048] if gpu else [32])
    repeats = arguments.repeats or (20 if gpu else 3)
    machine = torch.cuda.get_device_name() if gpu else f"CPU, {arguments.threads} threads"
    precision = str(choose_precision("auto", device)).removeprefix("torch.")
    print(f"{machine}; ours in {precision}, plain in float32; torch {torch.__version__}")
    plain, ours = (best_of(make, sizes, repeats, device) for make in (Plain, Ours))
    figures: dict[str, object] = {"machine": machine, "precision": precision}
    for what, goal in GOALS[device.type].items():
        (fast, size), (slow, other) = ours[what], plain[what]
        if not fast or not slow:
            print(f"{what}: no batch size fits, nothing is compared")
            continue
        print(
            f"{what}: {fast / slow:.2f} times the plain implementation "
            f"{verdict(fast / slow, goal)}; {fast:.2f} samples/s with batches of {size}, "
            f"plain {slow:.2f} with {other}"
        )
        figures[what] = {"ratio": fast / slow, "samples": fast, "batch": size, "plain": slow}
    figures["loading"] = loading(max(sizes), device)
    print(f"loading alone: {figures['loading']:.0f} samples/s")
    if gpu:
        figures["peak"] = report_peak(ours["training"][0])
    else:
        print("no GPU was measured in this run")
    if arguments.out is not None:
        write_json(arguments.out, figures)


def report_peak(samples: float) -> float | None:
    """Print which share of the GPU's matrix peak training reaches, and return it if known."""
    name, count = torch.cuda.get_device_name(), operations(MEAN_PIECES)
    print(
        f"{samples:.0f} samples/s of training {verdict(samples, SAMPLES_GOAL)}; "
        f"{count / 1e9:.1f} GFLOP a sample, {samples * count / 1e12:.1f} TFLOP/s"
    )
    peak = next((value for key, value in PEAK.items() if key in name), None)
    if peak is None:
        print(f"share of the peak: that of {name} is not known here")
        return None
    print(f"share of the peak: {samples * count / peak:.1%} of {peak / 1e12:g} TFLOP/s (bf16)")
    return samples * count / peak


if __name__ == "__main__":
    main()
