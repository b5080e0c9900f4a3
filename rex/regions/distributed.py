"""Processes that compute one training step together, each a part of the batch.

On a CPU, processes with one thread each are faster than threads: a small network has too little
work between two meetings of its threads.
"""

from __future__ import annotations

import contextlib
import datetime
import multiprocessing
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
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
    with tempfile.TemporaryDirectory() as folder:
        meeting = f"file://{Path(folder) / 'meeting'}"
        members = []
        for rank in range(1, size):
            ours, theirs = context.Pipe(duplex=False)
            member = context.Process(
                target=_forked, args=(work, rank, size, meeting, theirs), daemon=True
            )
            member.start()
            theirs.close()
            members.append((member, ours))
        try:
            return _joined(work, 0, size, meeting)
        except InputError:
            raise
        except Exception:
            # a lost connection is only what follows from another member's error
            for _, ours in members:
                if ours.poll(1) and (error := _received(ours)) is not None:
                    raise error from None
            raise
        finally:
            for member, ours in members:
                member.join(timeout=10)
                if member.is_alive():
                    member.terminate()
                    member.join()
                ours.close()


def _received(pipe: Connection) -> Exception | None:
    with contextlib.suppress(EOFError):
        return pipe.recv()
    return None


def _forked(
    work: Callable[[Member], object], rank: int, size: int, meeting: str, report: Connection
) -> None:
    try:
        _joined(work, rank, size, meeting)
    except Exception as error:
        report.send(
            InputError(error.problem, file=error.file, place=error.place, cure=error.cure)
            if isinstance(error, InputError)
            else RuntimeError(f"{type(error).__name__}: {error}")
        )


def _joined(work: Callable[[Member], Result], rank: int, size: int, meeting: str) -> Result:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=size, timeout=PATIENCE
    )
    try:
        return work(Member(rank, size))
    finally:
        distributed.destroy_process_group()
