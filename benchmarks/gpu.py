"""All that a GPU is asked for, in one command and within a time: speed, profile, memory, equality.

Needs torch, transformers, numpy and h5py; makes its own data. Prints each figure as it comes and
writes all of them as JSON after each, so that a run that is cut short leaves what it found. What
does not fit the time is skipped, and said. The plain implementation's batches lie on the device
before they are timed; ours are loaded.

    python -m benchmarks.gpu --out gpu.json
    python -m benchmarks.gpu --device cpu --tiny      the program alone: its figures mean nothing
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import itertools
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_checks import differences, kernels, phases, repeats_itself
from benchmarks.paper_size import (
    PAPER,
    TINY,
    Ours,
    Plain,
    Size,
    batches_of,
    data,
    matrix_speed,
    speed,
)
from rex.devices import choose_precision
from rex.experiment import METHODS
from rex.files import write_json
from rex.training.dataset import Examples

GOALS = {"samples": 6000.0, "ratio": 4.0, "share": 0.35}
"""Of the best batch of `rex`: samples a second, times the plain implementation in float32, share of
the matrix peak."""
TOLERANCES = {"answers": 1e-4, "explanation": 1e-4, "gradient": 1e-4, "rounded": 0.1}
"""Of the differences from a CPU (`gpu_checks.differences`). Rounding alone moves the results of
`rex` on a CPU at paper size by 5e-6 at most in float32, and its logits by 0.012 in bf16."""
SECONDS = 2.0
"""What one figure is timed for, at most 20 steps."""


class Report:
    """The figures so far: printed, and written whole after each."""

    def __init__(self, out: Path, budget: float) -> None:
        self.out, self.budget, self.began = out, budget, time.monotonic()
        self.figures: dict[str, Any] = {}
        self.skipped: list[str] = []

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def note(self, part: str, line: str, figure: Any) -> None:
        """Print a line, and keep its figure: in the list of its part, or as the part."""
        print(f"{self.spent:5.0f} s  {part}: {line}", flush=True)
        if isinstance(figure, list):
            self.figures.setdefault(part, []).extend(figure)
        else:
            self.figures[part] = figure
        self.write()

    def write(self) -> None:
        """Write all figures so far."""
        made = {"seconds": round(self.spent, 1), "skipped": self.skipped}
        write_json(self.out, {**made, **self.figures})

    def attempt(self, what: str, needs: float, action: Callable[..., None], *given: Any) -> None:
        """Do what takes about so many seconds, if they are left; say so where it is not done."""
        if self.spent + needs > self.budget:
            self.skipped.append(what)
            print(f"{self.spent:5.0f} s  {what}: skipped, no time is left for it", flush=True)
            return
        try:
            action(*given)
        except Exception as error:  # one figure that cannot be had must not cost the others
            reason = f"{type(error).__name__}, {str(error).partition(chr(10))[0][:160]}"
            self.skipped.append(f"{what}: {reason}")
            print(f"{self.spent:5.0f} s  {what}: failed, {reason}", flush=True)
        finally:
            gc.collect()
            torch.cuda.empty_cache()


class Bench:
    """Measures on one device; each method of it is a part of the report."""

    def __init__(self, size: Size, examples: Examples, report: Report, batches: list[int]) -> None:
        self.size, self.examples, self.report, self.batches = size, examples, report, batches
        self.device = examples.device
        self.precision = choose_precision("auto", self.device)
        self.gpu = self.device.type == "cuda"
        self.warm_up = 5 if self.gpu else 1
        self.peak = 0.0
        self.best: dict[tuple[str, str], tuple[float, int]] = {}
        """Samples a second and batch, of training or decoding by a system."""

    def matrix_peak(self) -> None:
        """Time one large product in the precision of training."""
        width = 8192 if self.gpu else 256
        self.peak = matrix_speed(self.device, self.precision, width)
        name = str(self.precision).removeprefix("torch.")
        self.report.note(
            "peak", f"{self.peak / 1e12:.1f} TFLOP/s, {width}³ in {name}", self.peak / 1e12
        )

    def ours(self, method: str, backbone: str = "visualbert") -> Ours:
        """Return this project's system, in the precision of training."""
        return Ours(self.size, self.examples, self.precision, method=method, backbone=backbone)

    def training(self, name: str, make: Callable[[], Ours | Plain], batch: int) -> None:
        """Note samples a second of training, the share of the peak, and memory."""
        with self._memory() as memory:
            system = make()
            batches = self._batches(system, batch)
            found = speed(system.train(batches), self.device, **self._timing)
        work = None
        if isinstance(system, Ours) and self.peak:
            work = system.operations(batches_of(self.examples, batch))
        share = found * work / self.peak if work else None
        self._note("training", name, batch, found, memory, share)

    def decoding(self, name: str, make: Callable[[], Ours | Plain], batch: int) -> None:
        """Note samples a second of answering and explaining."""
        with self._memory() as memory:
            system = make()
            found = speed(system.decode(self._batches(system, batch)), self.device, **self._timing)
        self._note("decoding", name, batch, found, memory, None)

    @property
    def _timing(self) -> dict[str, Any]:
        return {"warm_up": self.warm_up, "repeats": 20 if self.gpu else 3, "seconds": SECONDS}

    def _batches(self, system: Ours | Plain, batch: int) -> Any:
        made = batches_of(self.examples, batch)
        # the plain implementation keeps the batch that it has just read
        return itertools.repeat(made[0]) if isinstance(system, Plain) else itertools.cycle(made)

    @contextlib.contextmanager
    def _memory(self) -> Iterator[list[float]]:
        """Yield a list that holds the peak memory in GiB afterwards; without a GPU, nothing."""
        found: list[float] = []
        if self.gpu:
            torch.cuda.reset_peak_memory_stats()
        yield found
        if self.gpu:
            found.append(torch.cuda.max_memory_allocated() / 2**30)

    def _note(
        self,
        part: str,
        name: str,
        batch: int,
        samples: float,
        memory: list[float],
        share: float | None,
    ) -> None:
        found = samples, batch
        self.best[part, name] = max(self.best.get((part, name), found), found)
        row = {"system": name, "batch": batch, "samples": samples, "share_of_peak": share}
        row["memory_gib"] = memory[0] if memory else None
        line = f"{name:18} batch {batch:5}  {samples:9.1f} samples/s"
        line += "" if share is None else f"  {share:6.1%} of the peak"
        line += "".join(f"  {gib:6.1f} GiB" for gib in memory)
        self.report.note(part, line, [row])

    def checks(self) -> None:
        """Note where a step's time goes, and whether steps repeat themselves bit for bit."""
        batch = self.best.get(("training", "rex"), (0.0, min(self.batches)))[1]
        report = self.report

        def profile() -> None:
            for what, found in (("phases", phases), ("kernels", kernels)):
                shares = found(self.ours("rex"), batches_of(self.examples, batch))
                line = ", ".join(f"{name} {value:.3g}" for name, value in shares.items())
                report.note(what, f"milliseconds of a step of {batch}: {line}", shares)

        def repeatable() -> None:
            least = batches_of(self.examples, min(self.batches))[:4]
            found = repeats_itself(lambda: self.ours("rex"), least)
            report.note("repeatable", "bit for bit" if found else "NOT bit for bit", found)

        report.attempt("profile", 25, profile)
        report.attempt("repeatability", 10, repeatable)

    def against_cpu(self, method: str, backbone: str) -> None:
        """Note how far this device's results are from a CPU's, both in float32."""
        rows = [batches_of(self.examples, min(self.batches))[0][:8]]
        found = differences(self.size, self.examples, rows, method=method, backbone=backbone)
        parts = [f"{name} {value:.2g} of {TOLERANCES[name]:g}" for name, value in found.items()]
        within = all(value <= TOLERANCES[name] for name, value in found.items())
        line = f"{', '.join(parts)}: {'within' if within else 'NOT within'} the tolerances"
        known = {name: value if math.isfinite(value) else None for name, value in found.items()}
        row = {"system": f"{method}, {backbone}", **known, "within": within}
        self.report.note("difference from a CPU", f"{method}, {backbone}: {line}", [row])

    def with_cudnn(self, method: str, batch: int) -> None:
        """Note training with cuDNN's attention, which plans for each new shape."""
        make = functools.partial(
            Ours, self.size, self.examples, self.precision, method=method, cudnn=True
        )
        self.training(f"{method} cuDNN", make, batch)

    def compiled(self, batch: int) -> None:
        """Note training with the transformer compiled: the first step of each length is slow."""
        system = self.ours("rex")
        system.model.backbone.transformer.encoder.compile(dynamic=True)
        self.training("rex compiled", lambda: system, batch)


def run(bench: Bench, report: Report, methods: list[str]) -> None:
    """Measure everything, the most important first."""
    least, larger = bench.batches[0], bench.batches[-2:][0]
    ours, plain = bench.ours, Plain
    make: dict[str, Callable[[], Ours | Plain]] = {
        "rex": lambda: ours("rex"),
        "plain float32": lambda: plain(bench.size, bench.examples),
        "plain TF32": lambda: plain(bench.size, bench.examples, tf32=True),
    }
    report.attempt("peak", 5, bench.matrix_peak)
    for name, making in make.items():
        for batch in bench.batches:
            what = f"training {name} {batch}"
            report.attempt(what, 12, bench.training, name, making, batch)
    bench.checks()
    for name, making in make.items():
        for batch in bench.batches[-1::-2]:
            what = f"decoding {name} {batch}"
            report.attempt(what, 8, bench.decoding, name, making, batch)
    compare(bench)
    report.figures["tolerances"] = TOLERANCES
    for method in methods:
        report.attempt(f"difference {method}", 6, bench.against_cpu, method, "visualbert")
    report.attempt("difference lxmert", 6, bench.against_cpu, "rex", "lxmert")
    others = {name: functools.partial(ours, name) for name in methods if name != "rex"}
    for batch in dict.fromkeys((larger, least)):
        for method, making in others.items():
            what = f"training {method} {batch}"
            report.attempt(what, 8, bench.training, method, making, batch)
    writing = [name for name in others if METHODS[name].decoder and METHODS[name].writes]
    for method in sorted(writing, key=lambda name: METHODS[name].variant_of is not None):
        report.attempt(f"decoding {method}", 8, bench.decoding, method, others[method], larger)
    if bench.gpu:
        for method in ("rex", "reader"):
            report.attempt(f"{method} cuDNN", 12, bench.with_cudnn, method, least)
        report.attempt("compiled", 90, bench.compiled, least)


def compare(bench: Bench) -> None:
    """Note the best batch of `rex` beside that of the plain implementation, and the goals."""
    for part in ("training", "decoding"):
        fast = bench.best.get((part, "rex"))
        for name in ("plain float32", "plain TF32"):
            slow = bench.best.get((part, name))
            if fast is None or slow is None:
                continue
            ratio = fast[0] / slow[0]
            goal = f" (goal: {GOALS['ratio']:g})" if name == "plain float32" else ""
            line = f"{part} {ratio:.2f} times {name}{goal}, best batches {fast[1]} and {slow[1]}"
            bench.report.note("ratio", line, [{"part": part, "to": name, "ratio": ratio}])
    if best := bench.best.get(("training", "rex")):
        rows = [row for row in bench.report.figures["training"] if row["system"] == "rex"]
        share = max(row["share_of_peak"] or 0.0 for row in rows)
        line = f"{best[0]:.0f} samples/s (goal: {GOALS['samples']:g}), "
        line += f"{share:.1%} of the peak (goal: {GOALS['share']:.0%})"
        bench.report.note("goals", line, {"samples": best[0], "share": share, "goals": GOALS})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a model of no size, to try it out")
    parser.add_argument("--budget", type=float, default=480.0, help="seconds (default: 480)")
    parser.add_argument("--batch-sizes", type=int, nargs="+", help="default: 128 to 2048")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU here: nothing is measured")
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    size = TINY if arguments.tiny else PAPER
    batches = arguments.batch_sizes or ([3, 6] if arguments.tiny else [128, 256, 512, 1024, 2048])
    report = Report(arguments.out, arguments.budget)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    report.note("device", f"{name}, torch {torch.__version__}", f"{name}, {torch.__version__}")
    with data(4 * max(batches), size, device) as examples:
        run(Bench(size, examples, report, sorted(batches)), report, arguments.methods)
    print(f"{report.spent:.0f} s; {len(report.skipped)} skipped; all figures: {report.out}")


if __name__ == "__main__":
    main()
