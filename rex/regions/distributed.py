"""Processes that compute one training step together, each a part of the batch.

On a CPU, processes with one thread each are faster than threads: a small network has too little
work between two meetings of its threads.
"""

from __future__ import annotations

import datetime
import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import distributed

from rex.errors import InputError

Result = TypeVar("Result")

PATIENCE = datetime.timedelta(minutes=10)
"""Time that the members wait for one another."""


class Member:
    """One of `size` processes that train together: its `rank` counts from 0."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size

    def average_gradients(self, model: torch.nn.Module, weight: float = 1.0) -> None:
        """Replace every gradient by its mean over the members, in the same order everywhere.

        `weight` is what this member's count, on average 1.
        """
        if self.size == 1:
            return
        gradients = [one.grad for one in model.parameters() if one.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients]).mul_(weight)
        distributed.all_reduce(together)
        parts = torch.split(together / self.size, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def gather(self, value: torch.Tensor) -> list[torch.Tensor]:
        """Return the tensors `value` of all members, in the order of their ranks."""
        if self.size == 1:
            return [value]
        gathered = [torch.empty_like(value) for _ in range(self.size)]
        distributed.all_gather(gathered, value)
        return gathered


def run_together(work: Callable[[Member], Result], size: int) -> Result:
    """Call `work` in `size` processes at once and return what rank 0, this process, returns.

    Raises the error of the member that failed first; InputError wins over what follows from it.
    """
    if size == 1:
        return work(Member(0, 1))
    # forked, the others have the data already
    context = multiprocessing.get_context("fork")
    errors = context.SimpleQueue()

    def told(member: Member) -> None:
        try:
            work(member)
        except Exception as error:  # told before the others lose the connection
            kept = isinstance(error, InputError)
            errors.put(error if kept else RuntimeError(f"{type(error).__name__}: {error}"))

    with tempfile.TemporaryDirectory() as folder:
        meeting = f"file://{Path(folder) / 'meeting'}"
        others = [
            context.Process(target=_joined, args=(told, rank, size, meeting), daemon=True)
            for rank in range(1, size)
        ]
        for other in others:
            other.start()
        try:
            return _joined(work, 0, size, meeting)
        except InputError:
            raise
        except Exception:
            if not errors.empty():
                raise errors.get() from None
            raise
        finally:
            for other in others:
                other.join(timeout=10)
                if other.is_alive():
                    other.terminate()
                    other.join()


def _joined(work: Callable[[Member], Result], rank: int, size: int, meeting: str) -> Result:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=size, timeout=PATIENCE
    )
    try:
        return work(Member(rank, size))
    finally:
        distributed.destroy_process_group()
