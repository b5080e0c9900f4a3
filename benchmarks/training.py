"""Samples a second of training and decoding at paper size on a CPU, beside a plain program.

Both read the same region store in the same run, loading included (`paper_size.py`); the plain one
is in float32. `benchmarks/gpu.py` measures a GPU.

    python -m benchmarks.training
    python -m benchmarks.training --methods rex vcin reader --batch-sizes 16 32 --out benchmark.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from benchmarks.paper_size import (
    PAPER,
    Ours,
    Plain,
    Size,
    batches_of,
    data,
    matrix_speed,
    now,
    speed,
)
from rex.devices import choose_precision
from rex.experiment import METHODS
from rex.files import write_json
from rex.training.dataset import Examples, ahead

CPU = torch.device("cpu")
GOAL = 3.0
"""Times the plain implementation, in training and in decoding."""
WIDTH = 1024
"""Of the product that the speed of matrices is measured by."""
WARM_UP = 1
"""Steps before those that are timed."""
_PHASES = ("training", "decoding")


@dataclass(frozen=True)
class Speed:
    """Samples a second, with batches of which size, and operations a sample, where counted."""

    samples: float
    batch: int
    operations: float | None = None


def measure(
    make: Callable[[Examples], Ours | Plain], size: Size, batch: int, repeats: int
) -> dict[str, Speed]:
    """Return the speed of training and of decoding with batches of `batch`."""
    with data(batch * (repeats + WARM_UP), size, CPU) as examples:
        batches, system = batches_of(examples, batch), make(examples)
        learning = decoding = None
        if isinstance(system, Ours):
            learning, decoding = system.operations(batches), system.operations_of_decoding(batches)
        learnt = speed(system.train(batches), CPU, warm_up=WARM_UP, repeats=repeats)
        decoded = speed(system.decode(batches), CPU, warm_up=WARM_UP, repeats=repeats)
        return {
            "training": Speed(learnt, batch, learning),
            "decoding": Speed(decoded, batch, decoding),
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
) -> dict[str, Speed]:
    """Print the speeds with all batch sizes; return the best of training and of decoding."""
    found = []
    for batch in batches:
        found.append(measure(make, size, batch, repeats))
        shown = "  ".join(
            f"{what} {each.samples:.2f} samples/s" for what, each in found[-1].items()
        )
        print(f"{name:15}  batch {batch:5}  {shown}", flush=True)
    return {
        what: max((each[what] for each in found), key=lambda each: each.samples)
        for what in found[0]
    }


def table(plain: dict[str, Speed], ours: dict[str, dict[str, Speed]], peak: float) -> str:
    """Return the best speeds in Markdown; the limit is `peak` operations a second."""
    titles = (f" {what}, samples/s | times plain | share of the matrix speed |" for what in _PHASES)
    lines = [
        f"| |{''.join(titles)}",
        f"|---|{'--:|' * 6}",
        "| plain |" + "".join(f" {plain[what].samples:.2f} | | |" for what in _PHASES),
    ]
    for name, each in ours.items():
        shown = []
        for what in _PHASES:
            samples, operations = each[what].samples, each[what].operations or 0.0
            times, share = samples / plain[what].samples, samples * operations / peak
            shown.append(f" {samples:.2f} | {times:.2f} | {share:.0%} |")
        lines.append(f"| {name} |{''.join(shown)}")
    return "\n".join(lines)


def main(size: Size = PAPER) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--methods", choices=METHODS, nargs="+", default=["rex"], metavar="METHOD")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32])
    parser.add_argument("--repeats", type=int, default=3, help="steps that are timed")
    parser.add_argument("--out", type=Path, help="write the figures as JSON, too")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    precision = choose_precision("auto", CPU)
    name = str(precision).removeprefix("torch.")
    machine = f"CPU, {arguments.threads} threads"
    print(f"{machine}; ours in {name}, plain in float32; torch {torch.__version__}")
    peak = matrix_speed(CPU, precision, WIDTH)
    print(f"matrix speed {peak / 1e9:.0f} GFLOP/s ({WIDTH}³); goal: {GOAL:g} times plain")

    def ours(method: str) -> Callable[[Examples], Ours]:
        return lambda examples: Ours(size, examples, precision, method=method)

    sizes, repeats = arguments.batch_sizes, arguments.repeats
    slow = best_of("plain", lambda examples: Plain(size, examples), size, sizes, repeats)
    fast = {
        method: best_of(method, ours(method), size, sizes, repeats) for method in arguments.methods
    }
    read = loading(size, max(sizes))
    print(f"loading alone: {read:.0f} samples/s\n\n{table(slow, fast, peak)}")
    if arguments.out is not None:
        speeds = {
            method: {what: asdict(each) for what, each in found.items()}
            for method, found in {"plain": slow, **fast}.items()
        }
        figures = {"machine": machine, "precision": name, "matrix_speed": peak, "loading": read}
        write_json(arguments.out, {**figures, "speeds": speeds})


if __name__ == "__main__":
    main()
