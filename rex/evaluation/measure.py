"""All measures of one run on one split: what `rex evaluate` writes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rex.config import Config
from rex.evaluation.case import Case, Inputs, Measure, Results
from rex.evaluation.details import write_details, write_unread
from rex.evaluation.measures import MEASURES
from rex.evaluation.measures.answers import read_ood
from rex.evaluation.measures.java import JavaUnavailableError
from rex.evaluation.measures.spice import check_corenlp
from rex.evaluation.metrics import Metrics, mode_of, run_of, write_metrics
from rex.evaluation.resampling import intervals
from rex.evaluation.scores import Sample, Score, signed
from rex.experiment import RunName
from rex.gqa.json_entries import without_collection

_logger = logging.getLogger("rex.evaluation")


@dataclass(frozen=True)
class Measured:
    """The measures of one run: samples or reasons by name, and what they were measured on."""

    case: Case
    results: Results
    units: Mapping[str, str]
    """Score name → its unit."""

    @property
    def samples(self) -> dict[str, Sample]:
        """The measures that were computed."""
        return {name: value for name, value in self.results.items() if isinstance(value, Sample)}

    def scores(self, *, split: str, mode: str, draws: int, seed: int) -> dict[str, Score]:
        """Return every score under its name, with an interval from `draws` resamples."""
        within = intervals(
            self.samples, images=self.case.questions.image_ids, draws=draws, seed=seed
        )
        scores = {}
        for name, result in self.results.items():
            unit = self.units[name]
            if isinstance(result, Sample):
                result = result.score(within.get(name))
            elif isinstance(result, str):
                result = Score(value=None, n=0, unit=unit, signature="", reason=result)
            signature = signed(result.signature, mode=mode, split=split)
            scores[name] = replace(result, unit=unit, signature=signature)
        return scores


def evaluate_predictions(
    config: Config,
    predictions: Path,
    inputs: Inputs,
    *,
    split: str,
    out: Path,
    run: RunName | None = None,
    ood: Path | None = None,
    details: Path | None = None,
    unread: Path | None = None,
) -> Metrics:
    """Measure a predictions file as `config` says, and write its metrics to `out`.

    `run` None: the one that the predictions name. `ood` is the folder of GQA-OOD's files. `details`
    gets what each question adds to each score, `unread` the explanations that cannot be read.
    Raises InputError for bad input.
    """
    bounds = config.evaluation.upper_bound
    inputs = replace(
        inputs,
        compat=inputs.compat or config.evaluation.compat,
        upper_bound=inputs.upper_bound or (None if bounds is None else Path(bounds)),
        corenlp=None if inputs.corenlp is None else check_corenlp(inputs.corenlp),
        ood=inputs.ood if ood is None else read_ood(ood, split),
    )
    metrics, measured = evaluate(
        predictions,
        inputs,
        run=run or run_of(predictions),
        split=split,
        default_mode=config.explanations.mode,
        draws=config.evaluation.bootstrap,
        seed=config.evaluation.seed,
    )
    write_metrics(out, metrics)
    if details is not None:
        asked = measured.case.questions
        write_details(details, measured.samples, asked.ids, asked.image_ids)
    if unread is not None:
        count = write_unread(unread, measured)
        _logger.info("%d explanations cannot be read: %s", count, unread)
    return metrics


def evaluate(
    path: Path,
    inputs: Inputs,
    *,
    run: RunName,
    split: str,
    default_mode: str = "fixed",
    draws: int = 1000,
    seed: int = 0,
) -> tuple[Metrics, Measured]:
    """Measure the predictions of a run: its metrics, and the samples that they come from.

    `default_mode` is said of predictions and explanations that don't say in which mode they were
    made; `draws` are the resamples of the intervals. Raises InputError.
    """
    with without_collection():
        measured = measure(path, inputs)
    case = measured.case
    built = None if case.truth is None else case.truth.mode
    mode = mode_of(path) or built or default_mode
    scores = measured.scores(split=split, mode=mode, draws=draws, seed=seed)
    n = len(case.questions.ids)
    metrics = Metrics(**vars(run), split=split, n=n, asked=case.asked, mode=mode, scores=scores)
    return metrics, measured


def measure(path: Path, inputs: Inputs, measures: Sequence[Measure] = MEASURES) -> Measured:
    """Measure the predictions in the file `path`.

    Raises InputError when a file is damaged or the files don't belong together.
    """
    case = Case.read(path, inputs)
    results: dict[str, Sample | Score | str] = {}
    units: dict[str, str] = {}
    for declared in measures:
        if inputs.compat or not declared.compat:
            found = _computed(declared, case)
            results |= found
            units |= dict.fromkeys(found, declared.unit)
    return Measured(case, results, units)


def _computed(declared: Measure, case: Case) -> Results:
    """Return what a measure gives, or for each of its names the reason why it gives nothing."""
    reason = case.missing(declared.needs)
    if reason is not None:
        return dict.fromkeys(declared.names, reason)
    try:
        return declared.compute(case)
    except JavaUnavailableError as error:
        return dict.fromkeys(declared.names, str(error))
