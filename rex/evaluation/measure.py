"""All measures of one run on one split: what `rex evaluate` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rex.evaluation.case import Case, Inputs, Measure, Results
from rex.evaluation.measures import MEASURES, UNITS
from rex.evaluation.measures.java import JavaUnavailableError
from rex.evaluation.reading.ground_truth import Questions
from rex.evaluation.resampling import intervals
from rex.evaluation.scores import Sample, Score, Single, not_computed


@dataclass(frozen=True)
class Measured:
    """The measures of one run: samples or reasons by name, and the questions they are about."""

    questions: Questions
    results: Results
    mode: str | None
    """The mode the true explanations were built in; None: there are none."""

    @property
    def samples(self) -> dict[str, Sample]:
        """The measures that were computed."""
        return {name: value for name, value in self.results.items() if isinstance(value, Sample)}

    def scores(self, *, split: str, mode: str, draws: int, seed: int) -> dict[str, Score]:
        """Return every score under its name, with an interval from `draws` resamples."""
        within = intervals(self.samples, questions=len(self.questions.ids), draws=draws, seed=seed)
        scores = {}
        for name, result in self.results.items():
            if isinstance(result, Sample):
                scores[name] = result.score(within.get(name), mode=mode, split=split)
            elif isinstance(result, Single):
                scores[name] = result.score(mode=mode, split=split)
            else:
                unit = UNITS.get(name, "percent")
                scores[name] = not_computed(result, unit=unit, mode=mode, split=split)
        return scores


def measure(
    path: Path,
    inputs: Inputs,
    ood: Mapping[str, Sequence[str]] | None = None,
    measures: Sequence[Measure] = MEASURES,
) -> Measured:
    """Measure the predictions in the file `path`; `ood` names the questions of GQA-OOD's parts.

    Raises InputError when a file is damaged or the files don't belong together.
    """
    case = Case.read(path, inputs, ood)
    results: dict[str, Sample | Single | str] = {}
    for declared in measures:
        if inputs.compat or not declared.compat:
            results |= _computed(declared, case)
    return Measured(case.questions, results, None if case.truth is None else case.truth.mode)


def _computed(declared: Measure, case: Case) -> Results:
    """Return what a measure gives, or for each of its names the reason why it gives nothing."""
    reason = case.missing(declared.needs)
    if reason is not None:
        return dict.fromkeys(declared.names, reason)
    try:
        return declared.compute(case)
    except JavaUnavailableError as error:
        return dict.fromkeys(declared.names, str(error))
