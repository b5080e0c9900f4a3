"""Samples a second of training and decoding at paper size on a CPU, beside a plain program.

Both read the same region store in the same run, loading included (`paper_size.py`); the plain one
is in float32. `benchmarks/gpu.py` measures a GPU.

    python -m benchmarks.training
    python -m benchmarks.training --method vcin --batch-sizes 16 32 --out benchmark.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.paper_size import PAPER, Ours, Plain, Size, batches_of, data, now, speed
from rex.experiment import METHODS
from rex.files import write_json
from rex.training.dataset import Examples, ahead
from rex.training.optimisation import choose_precision

CPU = torch.device("cpu")
GOAL = 3.0
"""Times the plain implementation, in training and in decoding."""
WARM_UP = 1
"""Steps before those that are timed."""


def measure(
    make: Callable[[Examples], Ours | Plain], size: Size, batch: int, repeats: int
) -> dict[str, float]:
    """Return samples a second of training and decoding with batches of `batch`."""
    with data(batch * (repeats + WARM_UP), size, CPU) as examples:
        batches, system = batches_of(examples, batch), make(examples)
        return {
            "training": speed(system.train(batches), CPU, warm_up=WARM_UP, repeats=repeats),
            "decoding": speed(system.decode(batches), CPU, warm_up=WARM_UP, repeats=repeats),
        }


def loading(size: Size, batch: int) -> float:
    """Return samples a second that are read, nothing else done."""
    with data(40 * batch, size, CPU) as examples:
        loaded = ahead(examples.load, batches_of(examples, batch), threads=examples.threads)
        began = now(CPU)
        return sum(len(examples.place(read)) for read in loaded) / (now(CPU) - began)


def best_of(
    name: str,
    make: Callable[[Examples], Ours | Plain],
    size: Size,
    batches: list[int],
    repeats: int,
) -> dict[str, tuple[float, int]]:
    """Print the speeds of all batch sizes; return the best (samples a second, batch size)."""
    best = {"training": (0.0, 0), "decoding": (0.0, 0)}
    for batch in batches:
        found = measure(make, size, batch, repeats)
        for what, samples in found.items():
            best[what] = max(best[what], (samples, batch))
        shown = "  ".join(f"{what} {value:.2f} samples/s" for what, value in found.items())
        print(f"{name:5}  batch {batch:5}  {shown}", flush=True)
    return best


def main(size: Size = PAPER) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--method", choices=METHODS, default="rex")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32])
    parser.add_argument("--repeats", type=int, default=3, help="steps that are timed")
    parser.add_argument("--out", type=Path, help="write the figures as JSON, too")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    precision = choose_precision("auto", CPU)
    name = str(precision).removeprefix("torch.")
    machine = f"CPU, {arguments.threads} threads"
    print(f"{machine}; ours in {name}, plain in float32; torch {torch.__version__}")

    def ours(examples: Examples) -> Ours:
        return Ours(size, examples, precision, method=arguments.method)

    def plain(examples: Examples) -> Plain:
        return Plain(size, examples)

    sizes, repeats = arguments.batch_sizes, arguments.repeats
    slowest = best_of("plain", plain, size, sizes, repeats)
    fastest = best_of("ours", ours, size, sizes, repeats)
    figures: dict[str, object] = {"machine": machine, "precision": name}
    for what, (slow, other) in slowest.items():
        fast, batch = fastest[what]
        reached = "reached" if fast / slow >= GOAL else "missed"
        print(
            f"{what}: {fast / slow:.2f} times the plain implementation "
            f"(goal: at least {GOAL:g}, {reached}); {fast:.2f} samples/s with batches of "
            f"{batch}, plain {slow:.2f} with {other}"
        )
        figures[what] = {"ratio": fast / slow, "samples": fast, "batch": batch, "plain": slow}
    figures["loading"] = loading(size, max(sizes))
    print(f"loading alone: {figures['loading']:.0f} samples/s")
    if arguments.out is not None:
        write_json(arguments.out, figures)


if __name__ == "__main__":
    main()
