"""Attention of small transformers on a CPU: PyTorch's fused kernel beside its parts, one thread.

    python -m benchmarks.attention

Shapes are those of the reader on the embedded world. The baseline is the fused kernel
(`scaled_dot_product_attention`); `rex.models.transformer.Attention` takes the parts where they are
faster: in half precision on a CPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from rex.models.transformer import Attention, Keys

BATCH, HEADS, WIDTH = 64, 4, 32
SHAPES = {"tokens to tokens": (20, 20), "tokens to words and regions": (20, 56)}
REPEATS = 15


def main() -> None:
    """Print the milliseconds of each, forward and backward."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ours = Attention(HEADS * WIDTH, HEADS, WIDTH)
    for precision in (torch.bfloat16, torch.float32):
        for name, (tokens, memory) in SHAPES.items():
            query, keys, values = (
                torch.randn(BATCH, HEADS, length, WIDTH, dtype=precision, requires_grad=True)
                for length in (tokens, memory, memory)
            )
            mask = torch.ones(BATCH, 1, 1, memory, dtype=torch.bool)
            fused = partial(
                functional.scaled_dot_product_attention, query, keys, values, attn_mask=mask
            )
            attend = partial(ours.attend, query, Keys(keys, values), mask)
            baseline, mine = timed(fused), timed(attend)
            ratio = sum(baseline) / sum(mine)
            print(
                f"{str(precision).removeprefix('torch.'):9} {name:28}"
                f" fused {baseline[0]:5.2f} + {baseline[1]:5.2f} ms"
                f"   here {mine[0]:5.2f} + {mine[1]:5.2f} ms   {ratio:4.1f} times as fast",
                flush=True,
            )


def timed(run: Callable[[], Tensor]) -> tuple[float, float]:
    """Return the least processor time of a run forward and backward, in milliseconds."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        out = run()
        middle = time.process_time()
        torch.autograd.backward(out.sum())
        found.append((middle - start, time.process_time() - middle))
    forward, backward = (min(times) for times in zip(*found, strict=True))
    return 1000 * forward, 1000 * backward


if __name__ == "__main__":
    main()
