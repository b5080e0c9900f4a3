"""Who is told how training goes: MLflow, a test, or no one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rex.command_line import Store
from rex.config import Config, TrainingSettings
from rex.experiment import RunName

if TYPE_CHECKING:
    from rex.tracking import TrackedRun

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


Observe = Callable[[Mapping[str, str], TrainingSettings, bool], AbstractContextManager[Observer]]
"""Makes the observer, in whose context all is trained and written: from what is learnt from, how,
and whether a run that was interrupted goes on."""


def tracked(
    store: Store | None, config: Config, name: RunName, out: Path, questions: Path
) -> Observe:
    """Return what has MLflow told of a training: of its first process, in a run's folder `out`.

    `store` None: no one is told.
    """
    from rex.tracking import tracked_run

    @contextmanager
    def observe(
        facts: Mapping[str, str], settings: TrainingSettings, resumed: bool
    ) -> Iterator[Observer]:
        if store is None or int(os.environ.get("RANK", "0")) > 0:
            yield Observer()
            return
        with tracked_run(
            store,
            out,
            experiment=config.dataset,
            name=str(name),
            parameters={**vars(name), **vars(config.model), **vars(settings)},
            tags=facts,
            anew=not resumed,
        ) as run:
            run.learns_from(config.dataset, facts["data.digest"], questions)
            yield _Tracker(run)
            for file in ("config.yaml", "log.jsonl"):
                run.artifact(out / file)
            run.model(out, ("checkpoint.pt", "config.yaml"))

    return observe


class _Tracker(Observer):
    """Tells MLflow."""

    def __init__(self, run: TrackedRun) -> None:
        self._run = run

    def step(self, number: int, record: Record) -> None:
        values = {f"step/{name}": value for name, value in record.items()}
        self._run.metrics(values, step=number, once=True)

    def epoch(self, record: Record) -> None:
        self._run.metrics(record, step=int(record["epoch"]), once=True)
        self._run.flush()

    def saving(self) -> None:
        self._run.flush()
