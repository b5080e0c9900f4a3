"""Muon beside PyTorch's own: a step for the matrices of the embedded world's reader, one thread.

    python -m benchmarks.optimisers
    ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 python -m benchmarks.optimisers

The second command stands for a processor that does not multiply bfloat16; PyTorch's always does.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.paper_size import REGIONS, Size, vocabulary
from rex.config import ModelSettings, TrainingSettings
from rex.models.model import ExplainedAnswering
from rex.muon import Muon
from rex.training.optimisation import build_optimizers

WORLD = Size(ModelSettings(), features=256, words=182 + REGIONS, answers=126, pieces=346)
"""The embedded world's default model, with as many words as its vocabulary has."""
REPEATS = 10


def main() -> None:
    """Print the milliseconds of a step of each."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = ExplainedAnswering(
        "reader",
        WORLD.model,
        vocabulary(WORLD),
        feature_size=WORLD.features,
        question_length=TrainingSettings().question_length,
    )
    _, muon = build_optimizers(model, TrainingSettings(), torch.bfloat16)
    weights = muon.param_groups[0]["params"]
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    print(f"{len(weights)} matrices, {sum(map(torch.numel, weights)):,} weights", flush=True)
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
