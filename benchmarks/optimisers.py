"""Muon beside PyTorch's own: a step for the matrices of the embedded world's reader, one thread.

    python -m benchmarks.optimisers
    ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 python -m benchmarks.optimisers

The second command stands for a processor that does not multiply bfloat16; PyTorch's always does.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn

from rex.training.muon import Muon

HIDDEN = 128
SHAPES = {
    (HIDDEN, HIDDEN): 18,
    (2 * HIDDEN, HIDDEN): 8,
    (4 * HIDDEN, HIDDEN): 5,
    (HIDDEN, 4 * HIDDEN): 5,
}
REPEATS = 10


def main() -> None:
    """Print the milliseconds of a step of each."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    weights = [
        nn.Parameter(torch.randn(shape)) for shape, count in SHAPES.items() for _ in range(count)
    ]
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    theirs = torch.optim.Muon(weights, lr=1e-3, weight_decay=0.0)
    print(f"torch.optim.Muon  {timed(theirs.step):7.1f} ms", flush=True)
    for precision in (torch.bfloat16, torch.float32):
        ours = Muon(weights, lr=1e-3, precision=precision)
        name = str(precision).removeprefix("torch.")
        print(f"here, {name:11} {timed(ours.step):7.1f} ms", flush=True)


def timed(run: Callable[[], object]) -> float:
    """Return the least processor time of a run, in milliseconds."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return 1000 * min(found)


if __name__ == "__main__":
    main()
