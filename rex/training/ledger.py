"""The losses of steps that were made, fetched from their device only when they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from rex.arrays import Integers
from rex.training.processes import Processes


@dataclass(frozen=True)
class _Step:
    number: int
    rows: Integers
    parts: list[Mapping[str, Tensor]]
    counted: bool


class Ledger:
    """Notes losses as they are computed; reading them waits for the device: do it rarely."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._noted: list[_Step] = []

    def note(
        self, number: int, rows: Integers, parts: list[Mapping[str, Tensor]], *, counted: bool
    ) -> None:
        """Note the losses of a step's parts, scalars on the device.

        `number` and `rows` (the questions) say which step it was; `counted`: whether this process
        had questions of its own.
        """
        self._noted.append(_Step(number, rows, parts, counted))

    def settle(self) -> Iterator[tuple[int, Integers, dict[str, float]]]:
        """Return number, rows and losses, summed over parts and processes, of all steps noted."""
        noted, self._noted = self._noted, []
        if not noted:
            return
        numbers = iter(
            torch.stack(
                [value for step in noted for part in step.parts for value in part.values()]
            ).tolist()
        )
        sums: dict[tuple[int, str], float] = {}
        for step in noted:
            for part in step.parts:
                for name in part:
                    key = step.number, name
                    sums[key] = sums.get(key, 0.0) + next(numbers) * step.counted
        sums = self._processes.total(sums)
        for step in noted:
            yield step.number, step.rows, {name: sums[step.number, name] for name in step.parts[0]}
