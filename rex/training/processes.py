"""Several processes that train one model together (started by torchrun), or one alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn

from rex.errors import InputError

Key = TypeVar("Key")


@dataclass(frozen=True)
class Processes:
    """This process among `size`."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def share(self, model: nn.Module, *, unread: bool = False) -> nn.Module:
        """Return the model as all processes train it: gradients are averaged over them.

        `unread`: whether there may be weights without a gradient; else processes would wait for it.
        """
        if self.size == 1:
            return model
        return nn.parallel.DistributedDataParallel(
            model,
            device_ids=None if self.device.type == "cpu" else [self.device],
            find_unused_parameters=unread,
        )

    def exchange(self, shared: nn.Module, now: bool) -> AbstractContextManager[None]:
        """Return the context of a forward and backward pass; `now`: it averages the gradients."""
        if now or not isinstance(shared, nn.parallel.DistributedDataParallel):
            return nullcontext()
        return shared.no_sync()

    def total(self, values: Mapping[Key, float]) -> dict[Key, float]:
        """Return the sums of values over all processes."""
        if self.size == 1:
            return dict(values)
        sums = torch.tensor(list(values.values()), dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(sums)
        return dict(zip(values, sums.tolist(), strict=True))

    def gather(self, value: Any) -> list[Any]:
        """Return every process's value, in the order of ranks."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        torch.distributed.all_gather_object(values, value)
        return values


@contextmanager
def processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that torchrun started, if it did; each takes a GPU of its own."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Processes(device)
        return
    if device.type == "cuda":
        number, there = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if number >= there:
            raise InputError(
                f"asks for GPU {number + 1}, this machine has {there}",
                file="config",
                place="compute.gpus",
                cure=f"set it to {there}",
            )
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(device, torch.distributed.get_rank(), size)
    finally:
        torch.distributed.destroy_process_group()
