"""The claims, each as differences between runs measured here."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rex.evaluation.details import SUMMARIES, Details, sums_of_same_images
from rex.evaluation.measures import DECLARED, LABELS
from rex.evaluation.significance import Term, TestedSum, contrast
from rex.experiment import (
    FEWEST,
    METHODS,
    PRIOR_OF_FEW,
    REFERENCE,
    TRANSFER_PERCENT,
    method_label,
    transfer_setting,
)
from rex.reporting.comparison import P_VALUE
from rex.reporting.results import MeasuredRun, Row

HOLDS, OPPOSITE, UNDECIDED = "holds", "the opposite", "no difference shown"
HOLDS_ONCE = "holds in one seed"
"""A single seed was compared: what another would give is not known."""
NOT_MEASURED, NOT_TESTED = "not measured", "not tested"


@dataclass(frozen=True)
class Operand:
    """One method in one setting, and the factor by which its score counts."""

    factor: int
    setting: str
    method: str

    @property
    def label(self) -> str:
        """How it is called."""
        return f"{method_label(self.method)} ({self.setting})"


@dataclass(frozen=True)
class Difference:
    """A sum of scores that is above 0 if the claim is right; below, where less is better."""

    text: str
    key: str
    """The score, `<split>/<name>`: one that methods are compared by (`SUMMARIES`)."""
    parts: tuple[Operand, ...]

    @property
    def measure(self) -> str:
        """How the score is called, with its unit if that is not percent."""
        split, _, name = self.key.partition("/")
        unit = DECLARED[name].unit
        return f"{LABELS.get(name, name)}, {split}" + (f" [{unit}]" if unit != "percent" else "")

    @property
    def sign(self) -> int:
        """What the sum's sign is if the claim is right."""
        return -1 if DECLARED[self.key.partition("/")[2]].lower_is_better else 1


@dataclass(frozen=True)
class Claim:
    """What the paper says, and the comparisons that must come out for it."""

    text: str
    comparisons: tuple[Difference, ...]


def _differences(first: str, second: str, *keys: str) -> tuple[Difference, ...]:
    """Return what one method adds to another; each learns all that it can."""
    parts = tuple(
        Operand(sign, "multi-task" if METHODS[method].decoder else "answer-only", method)
        for sign, method in ((1, first), (-1, second))
    )
    text = f"{method_label(first)} − {method_label(second)}"
    return tuple(Difference(text, key, parts) for key in keys)


def _gain(percent: int, sign: int = 1) -> tuple[Operand, Operand]:
    """Return what learning explanations first adds to learning answers from few questions."""
    return (
        Operand(sign, transfer_setting(percent), "rex"),
        Operand(-sign, transfer_setting(percent, scratch=True), "rex"),
    )


_REX = ("multi-task", "rex")
_MORE = [percent for percent in TRANSFER_PERCENT if percent > FEWEST]
_GROUNDING = ("val/grounding", "val/grounding/bounded")
_ANSWERS = ("val/accuracy", "testdev/accuracy")
_OOD = ("val/accuracy/ood-all", "testdev/accuracy/ood-all")
_EXPLAINED = (
    "val/bleu4",
    "val/cider",
    "val/grounding/bounded",
    "val/agreement",
    "val/entails",
    "val/truth",
    *_ANSWERS,
)

CLAIMS = (
    Claim(
        "REX grounds explanations better than methods without gate and mapping",
        _differences("rex", "vqae", *_GROUNDING) + _differences("rex", "exp", *_GROUNDING),
    ),
    Claim("Of that, the gate", _differences("rex", "pointer", *_GROUNDING)),
    Claim(
        "Of that, the mapping from regions to words",
        _differences("pointer", "words", *_GROUNDING) + _differences("pointer", "exp", *_GROUNDING),
    ),
    Claim(
        "Explanations improve answers, on all questions and out of distribution",
        _differences("rex", "backbone", *_ANSWERS, *_OOD),
    ),
    Claim(
        "Writing them does, not being told where to look",
        _differences("rex", "regions-only", *_ANSWERS),
    ),
    Claim(
        f"Learning explanations first helps most with {FEWEST} % of the answers",
        (
            Difference(f"gain at {FEWEST} %", "val/accuracy", _gain(FEWEST)),
            *(
                Difference(
                    f"gain at {FEWEST} % − gain at {percent} %",
                    "val/accuracy",
                    (*_gain(FEWEST), *_gain(percent, -1)),
                )
                for percent in _MORE
            ),
            Difference(
                f"after explanations − {method_label(PRIOR_OF_FEW)}",
                "val/accuracy",
                (
                    Operand(1, transfer_setting(FEWEST), "rex"),
                    Operand(-1, REFERENCE, PRIOR_OF_FEW),
                ),
            ),
        ),
    ),
    Claim(
        "Better-grounded explanations go with right answers, also within one type of question",
        tuple(
            Difference("REX, right − wrong answers", f"val/{measure}", (Operand(1, *_REX),))
            for measure in ("grounding/right-minus-wrong", "grounding/right-minus-wrong/by-type")
        ),
    ),
    Claim("VCIN is better than REX", _differences("vcin", "rex", *_EXPLAINED)),
    Claim("The reader is better than REX", _differences("reader", "rex", *_EXPLAINED)),
    Claim("The reader is better than VCIN", _differences("reader", "vcin", *_EXPLAINED)),
    Claim(
        "VCIN's link from the explanation to the answer, and its divergence, help",
        _differences("vcin", "vcin-no-link", "val/accuracy", "val/entails", "val/agreement")
        + _differences("vcin", "vcin-no-kl", "val/accuracy", "val/entails", "val/agreement"),
    ),
    Claim(
        "Each of the reader's parts helps",
        _differences("reader", "reader-no-copy", "val/bleu4", "val/entails")
        + _differences("reader", "reader-no-tags", "val/accuracy", "val/entails")
        + _differences("reader", "reader-not-told", "val/accuracy", "val/agreement")
        + _differences("reader", "reader-not-read", "val/accuracy", "val/agreement")
        + _differences("reader", "reader-not-judged", "val/accuracy", "val/agreement"),
    ),
    Claim(
        "Tags, copying, told and read answers together help the reader",
        _differences("reader", "reader-plain", *_EXPLAINED),
    ),
    Claim("The plain reader is better than REX", _differences("reader-plain", "rex", *_EXPLAINED)),
    Claim(
        "Learning to write programs helps answers and explanations",
        # what writes no programs cannot be judged by them, either
        _differences("reader-not-judged", "reader-no-programs", "val/accuracy", "val/entails")
        + _differences("rex-programs", "rex", "val/accuracy", "val/entails")
        + _differences("pro-vcin", "vcin", "val/accuracy", "val/entails"),
    ),
    Claim(
        "What the detector takes regions for helps the others, too",
        _differences("backbone-tags", "backbone", *_ANSWERS)
        + _differences("rex-tags", "rex", *_ANSWERS),
    ),
)
"""The paper's claims, taken apart, and those about later methods: what measured runs must show."""

_PUBLISHED = {"rex": "REX (VisualBERT)", "backbone": "VisualBERT"}
"""Our method → its row among the published numbers, where the names differ."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the runs say of a comparison, or the `reason` why they say nothing.

    `difference` is the mean over the seeds that all parts have, `std` the deviation over them (of
    a sample; None with fewer than two); `tested` is over images and seeds, None where they are too
    few to tell.
    """

    comparison: Difference
    difference: float | None = None
    std: float | None = None
    seeds: tuple[int, ...] = ()
    tested: TestedSum | None = None
    n: int = 0
    reason: str | None = None
    published: float | None = None
    """The same of published numbers, in percent."""
    verified: bool = True

    @property
    def result(self) -> str:
        """What follows for the claim."""
        if self.difference is None:
            return NOT_MEASURED
        if self.tested is None:
            return NOT_TESTED
        if self.tested.p >= P_VALUE:
            return UNDECIDED
        if self.difference * self.comparison.sign < 0:
            return OPPOSITE
        return HOLDS if len(self.seeds) > 1 else HOLDS_ONCE


Runs = Mapping[tuple[str, str, str], Mapping[int, MeasuredRun]]
"""The measured runs of one mode, by setting, method and split, then seed."""


def by_name(runs: Sequence[MeasuredRun]) -> Runs:
    """Gather runs."""
    found: dict[tuple[str, str, str], dict[int, MeasuredRun]] = {}
    for run in runs:
        made = run.metrics
        found.setdefault((made.setting, made.method, made.split), {})[made.seed] = run
    return found


def verdict(results: Sequence[str]) -> str:
    """Return what the results of a claim's comparisons say together."""
    if len(set(results)) == 1 and results[0] != OPPOSITE:
        return results[0]
    held = results.count(HOLDS) + results.count(HOLDS_ONCE)
    parts = []
    if held:
        parts = [f"holds in {held} of {len(results)} comparisons"]
    elif OPPOSITE in results:
        parts = ["does not hold"]
    elif UNDECIDED in results:
        parts = [f"{UNDECIDED} in {results.count(UNDECIDED)} of {len(results)} comparisons"]
    parts += [
        f"{results.count(result)} {said}"
        for result, said in (
            (HOLDS_ONCE, "in one seed"),
            (OPPOSITE, OPPOSITE),
            (NOT_MEASURED, NOT_MEASURED),
            (NOT_TESTED, NOT_TESTED),
        )
        if result in results
    ]
    return ", ".join(parts)


class _NotMeasuredError(Exception):
    """Why a comparison cannot be made."""


def judge(comparison: Difference, runs: Runs, published: Sequence[Row]) -> Outcome:
    """Return what the runs say of a comparison."""
    difference, verified = _published(comparison, published)
    outcome = Outcome(comparison=comparison, published=difference, verified=verified)
    try:
        seeds, terms, n = _terms(comparison, runs)
    except _NotMeasuredError as reason:
        return replace(outcome, reason=str(reason))
    summary = SUMMARIES[comparison.key.partition("/")[2]]
    by_seed = [
        math.fsum(term.factor * float(summary(term.runs[place].sum(axis=0))) for term in terms)
        for place in range(len(seeds))
    ]
    return replace(
        outcome,
        difference=statistics.fmean(by_seed),
        std=statistics.stdev(by_seed) if len(by_seed) > 1 else None,
        seeds=seeds,
        tested=contrast(terms, summary),
        n=n,
    )


def _terms(comparison: Difference, runs: Runs) -> tuple[tuple[int, ...], list[Term], int]:
    """Return the seeds that all parts have, each part's statistics of them, and the questions."""
    split, _, measure = comparison.key.partition("/")
    found = []
    for part in comparison.parts:
        by_seed = runs.get((part.setting, part.method, split), {})
        if not by_seed:
            raise _NotMeasuredError(f"no run of {part.label} is measured on {split}")
        found.append(by_seed)
    seeds = tuple(sorted(set.intersection(*(set(by_seed) for by_seed in found))))
    if not seeds:
        labels = " and ".join(part.label for part in comparison.parts)
        raise _NotMeasuredError(f"{labels} have no seed in common on {split}")
    _check_signatures([by_seed[seed] for by_seed in found for seed in seeds], measure)
    details = [[_details(by_seed[seed], measure) for seed in seeds] for by_seed in found]
    if any(one.asked != details[0][0].asked for some in details for one in some):
        raise _NotMeasuredError(f"the runs are measured on different questions of {split}")
    terms = [
        Term(part.factor, sums)
        for part, sums in zip(comparison.parts, sums_of_same_images(details), strict=True)
    ]
    questions = {name for some in details for one in some for name in one.question_ids}
    return seeds, terms, len(questions)


def _check_signatures(runs: Sequence[MeasuredRun], measure: str) -> None:
    """Raise _NotMeasuredError where runs were measured differently. Reference rows have no mode."""
    scores = [run.metrics.scores.get(measure) for run in runs]
    found = {
        "|".join(part for part in score.signature.split("|") if not part.startswith("mode:"))
        for score in scores
        if score is not None and score.value is not None
    }
    if len(found) > 1:
        ways = " and ".join(sorted(found))
        raise _NotMeasuredError(f"the runs were measured differently ({ways})")


def _details(run: MeasuredRun, measure: str) -> Details:
    """Return what each question adds to the measure. Raises _NotMeasuredError."""
    name, split = run.metrics.run, run.metrics.split
    if run.details is None:
        raise _NotMeasuredError(f"{name} was evaluated without --details {split}.parquet")
    found = run.read_details(measure)
    if found is None:
        score = run.metrics.scores.get(measure)
        reason = score.reason if score is not None and score.reason else "not measured"
        raise _NotMeasuredError(f"{name}: {reason}")
    return found


def _published(comparison: Difference, rows: Sequence[Row]) -> tuple[float | None, bool]:
    """Return the same sum of published numbers, if all are, and whether all are verified."""
    total, verified = 0.0, True
    for part in comparison.parts:
        name = _PUBLISHED.get(part.method, method_label(part.method))
        fitting = [row for row in rows if (row.method, row.setting) == (name, part.setting)]
        cell = fitting[0].cells.get(comparison.key) if fitting else None
        if cell is None or cell.value is None:
            return None, True
        total += part.factor * cell.value
        verified = verified and fitting[0].verified
    return total, verified
