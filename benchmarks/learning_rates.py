"""The same small search for every method: its grid's run with several learning rates.

    python -m benchmarks.learning_rates --config config/world-full.yaml --rates 0.0005 0.002

trains one seed of each method that learns from all questions, on what the workflow has made of the
data set (`results/<dataset>`), and prints what the best epoch answers of the held-out questions.
The rate of the configuration is that of the grid's own run. What has been trained is kept in
`results/<dataset>/rates`, so that a search that was stopped goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from rex.config import Config
from rex.config_files import read_config
from rex.errors import exit_on_bad_input
from rex.experiment import SETTINGS, RunName, method_label
from rex.gqa.layout import Layout
from rex.grid import Results
from rex.training.observing import Record
from rex.training.run import RunFiles, train_run


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run with one learning rate."""

    config: Config
    name: RunName
    out: Path

    @property
    def rate(self) -> float:
        """Peak learning rate."""
        return self.config.training.learning_rate


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what has not been trained, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="config/world-full.yaml")
    parser.add_argument("--rates", type=float, nargs="+", default=[5e-4, 2e-3])
    parser.add_argument("--methods", nargs="*", help="default: all of the configuration")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    config = read_config(options.config)
    tried = trials(config, options.rates, options.methods, options.seed)
    if options.processes == 1:
        found = list(map(best_epoch, tried))
    else:
        with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
            found = list(pool.map(best_epoch, tried))
    print_table(tried, found)


def trials(
    config: Config, rates: Sequence[float], methods: Sequence[str] | None, seed: int
) -> list[Trial]:
    """Return the grid's runs of a seed that learn from all questions, with each rate.

    The slowest stand first: what is left for the last process is short.
    """
    results = Results.of(config)
    own = config.training.learning_rate
    found = []
    for run in reversed(config.experiment.runs):
        setting = SETTINGS[run.setting]
        if setting.transfer or not setting.answers or (methods and run.method not in methods):
            continue
        name = RunName(setting=run.setting, method=run.method, seed=seed)
        for rate in sorted({own, *rates}):
            training = dataclasses.replace(config.training, learning_rate=rate)
            tried = results.folder / "rates" / f"{rate:g}" / str(name)
            out = results.run(run.setting, run.method, seed) if rate == own else tried
            found.append(Trial(dataclasses.replace(config, training=training), name, out))
    return found


def best_epoch(trial: Trial) -> Record:
    """Return the record of the epoch that counts, the run trained first where it has not been."""
    history = trial.out / "log.jsonl"
    if not history.exists():
        logging.basicConfig(level=logging.WARNING)
        results, layout = Results.of(trial.config), Layout(Path(trial.config.data))
        files = RunFiles(
            questions=layout.questions("train"),
            explanations=results.folder / "explanations/train.parquet",
            regions=results.region_store("train"),
            vocabulary=results.folder / "vocabulary.json",
            out=trial.out,
        )
        train_run(trial.config, files, trial.name)
    epochs: list[Record] = [json.loads(line) for line in history.read_text().splitlines()]
    return max(epochs, key=lambda epoch: epoch["heldout/accuracy"])


def print_table(tried: Sequence[Trial], found: Sequence[Record]) -> None:
    """Print what held-out questions were answered by each method with each rate, as Markdown."""
    rates = sorted({trial.rate for trial in tried})
    names = list(dict.fromkeys(trial.name for trial in reversed(tried)))
    records = {(t.name, t.rate): record for t, record in zip(tried, found, strict=True)}
    for measure in ("heldout/accuracy", "heldout/token_accuracy"):
        print(f"\n| {measure}, % | " + " | ".join(f"{rate:g}" for rate in rates) + " |")
        print("|---|" + "--:|" * len(rates))
        for name in names:
            values = [records[name, rate].get(measure) for rate in rates]
            shown = ["–" if value is None else f"{100 * value:.2f}" for value in values]
            print(f"| {method_label(name.method)} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    with exit_on_bad_input():
        main()
