"""Who is told how training goes: MLflow, a test, or no one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

Record = dict[str, float]
"""What is known of one step or epoch: name to value."""


class Observer:
    """Is told how training goes; does nothing with it."""

    def step(self, number: int, record: Record) -> None:
        """Take note of a step (counted over all epochs): its losses and learning rate."""

    def epoch(self, record: Record) -> None:
        """Take note of an epoch."""

    def saving(self) -> None:
        """Keep what was noted: a run that is killed from here on does not tell it again."""


Observe = Callable[[Mapping[str, str], bool], AbstractContextManager[Observer]]
"""Makes the observer, in whose context all is trained and written: from what is learnt from, and
whether a run that was interrupted goes on."""
