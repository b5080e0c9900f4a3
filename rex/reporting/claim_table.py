"""The table of claims: what is claimed, what the runs say, and what was published."""

from __future__ import annotations

from collections.abc import Sequence

from rex.experiment import REFERENCE, SETTINGS
from rex.reporting.claims import (
    CLAIMS,
    NOT_MEASURED,
    Claim,
    Outcome,
    by_name,
    judge,
    verdict,
)
from rex.reporting.layout import (
    NOT_VERIFIED,
    NOTHING,
    UNVERIFIED,
    CellText,
    Footnotes,
    TableLayout,
    decimals,
    number,
)
from rex.reporting.results import MeasuredRun, Row

_FIELDS = (
    "claim", "verdict", "mode", "comparison", "split", "measure", "result", "difference", "std",
    "low", "high", "p", "seeds", "n", "published", "published_verified", "reason",
)  # fmt: skip

_NOTES = (
    "Differences in percentage points, or in the unit that the measure names: mean ± standard "
    "deviation over the seeds that all of the compared runs have; 95 % interval and two-sided p of "
    "a paired test over images and seeds (docs/measures.md), not corrected for the number of "
    "comparisons.",
    "A comparison holds when the difference is above 0 (below, for a measure of which less is "
    "better) with p < 0.05, and a claim when all its comparisons do. Where one seed was compared "
    "the test is over images alone: it says nothing about another seed.",
    "Published: the same difference of published numbers, which are of GQA, whatever data the "
    "other columns are of. Published grounding is the published code's own measure, which is not "
    "bounded and looks at one object alone.",
)


def claim_table(runs: Sequence[MeasuredRun], published: Sequence[Row]) -> TableLayout:
    """Return the claims as they come out for the runs, for each mode that runs were trained in."""
    footnotes = Footnotes()
    references = [run for run in runs if run.metrics.setting == REFERENCE]
    trained = [run for run in runs if run.metrics.setting in SETTINGS]
    modes = sorted({run.metrics.mode for run in trained})
    groups, records = [], []
    shown: set[str] = set()
    unverified = False
    for mode in modes:
        gathered = by_name([*references, *(run for run in trained if run.metrics.mode == mode)])
        for place, claim in enumerate(CLAIMS, start=1):
            outcomes = [judge(comparison, gathered, published) for comparison in claim.comparisons]
            said = verdict([outcome.result for outcome in outcomes])
            within = f" (mode: {mode})" if len(modes) > 1 else ""
            if said != NOT_MEASURED:
                shown.add(claim.text)
                rows = [_texts(outcome, footnotes) for outcome in outcomes]
                groups.append((f"{place}. {claim.text}: {said}{within}", rows))
            records += [_record(claim, said, mode, outcome) for outcome in outcomes]
            unverified = unverified or not all(outcome.verified for outcome in outcomes)
    notes = [("", note) for note in _NOTES]
    unmeasured = "; ".join(claim.text for claim in CLAIMS if claim.text not in shown)
    if unmeasured and modes:
        notes.append(("", f"Not measured by these runs, the CSV says why: {unmeasured}."))
    if unverified:
        notes.append((UNVERIFIED, NOT_VERIFIED))
    return TableLayout(
        name="claims",
        title="Claims, and what the runs say",
        text_columns=3,
        headers=[
            "Comparison", "Measure", "Result", "Difference", "95 % interval", "p", "Seeds",
            "Published",
        ],
        groups=groups,
        notes=notes + footnotes.notes(),
        fields=_FIELDS,
        records=records,
    )  # fmt: skip


def _texts(outcome: Outcome, footnotes: Footnotes) -> list[CellText]:
    published = CellText(NOTHING)
    if outcome.published is not None:
        mark = "" if outcome.verified else UNVERIFIED
        published = CellText(f"{outcome.published:+.2f}", mark)
    start = [CellText(outcome.comparison.text), CellText(outcome.comparison.measure)]
    if outcome.difference is None:
        mark = footnotes.mark(outcome.reason or "")
        return [*start, CellText(outcome.result, mark), *[CellText(NOTHING)] * 4, published]
    interval = p = NOTHING
    if outcome.tested is not None:
        interval = "{:+.2f} to {:+.2f}".format(*outcome.tested.interval)
        p = f"{outcome.tested.p:.3f}" if outcome.tested.p >= 0.001 else "< 0.001"
    difference = number(outcome.difference, outcome.std, sign="+")
    texts = (outcome.result, difference, interval, p, str(len(outcome.seeds)))
    return [*start, *map(CellText, texts), published]


def _record(claim: Claim, said: str, mode: str, outcome: Outcome) -> dict[str, str]:
    split, _, measure = outcome.comparison.key.partition("/")
    tested = outcome.tested
    low, high = (None, None) if tested is None else tested.interval
    return {
        "claim": claim.text,
        "verdict": said,
        "mode": mode,
        "comparison": outcome.comparison.text,
        "split": split,
        "measure": measure,
        "result": outcome.result,
        "difference": decimals(outcome.difference),
        "std": decimals(outcome.std),
        "low": decimals(low),
        "high": decimals(high),
        "p": "" if tested is None else f"{tested.p:.3g}",
        "seeds": " ".join(map(str, outcome.seeds)),
        "n": str(outcome.n) if outcome.n else "",
        "published": decimals(outcome.published),
        "published_verified": (
            "" if outcome.published is None else "yes" if outcome.verified else "no"
        ),
        "reason": outcome.reason or "",
    }
