"""The table of claims, from runs whose outcome is known."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rex.errors import InputError
from rex.evaluation.details import SUMMARIES, write_details
from rex.evaluation.measures import DECLARED
from rex.evaluation.measures.captions import CIDER_UNIT
from rex.evaluation.measures.grounding import STRATIFIED, by_answer_samples, stratified_sample
from rex.evaluation.scores import Sample, mean_sample
from rex.reporting import claim_table as claim_table_module
from rex.reporting.claim_table import claim_table
from rex.reporting.claims import (
    CLAIMS,
    HOLDS,
    NOT_MEASURED,
    NOT_TESTED,
    OPPOSITE,
    UNDECIDED,
    Claim,
    Difference,
    Operand,
    verdict,
)
from rex.reporting.layout import TableLayout
from rex.reporting.results import published_rows, read_runs
from rex.reporting.table_formats import FORMATS, to_csv, to_html

from .made_metrics import write_run

N = 100


def run(
    folder: Path,
    setting: str,
    method: str,
    *,
    right: int,
    iou: Sequence[float] | None = None,
    seed: int = 0,
    split: str = "val",
    count: int = N,
    mode: str = "fixed",
) -> Path:
    """Write a run of which the first `right` questions are answered rightly, with these IoUs."""
    path = write_run(folder, {}, setting=setting, method=method, seed=seed, split=split, mode=mode)
    answers = mean_sample(range(count), [place < right for place in range(count)])
    samples = {"accuracy": answers, "accuracy/ood-all": answers}
    if iou is not None:
        samples["grounding"] = samples["grounding/bounded"] = mean_sample(range(count), iou)
        is_right = [place < right for place in range(count)]
        samples |= {
            name: found
            for name, found in by_answer_samples(range(count), is_right, iou).items()
            if isinstance(found, Sample)
        }
        if 0 < right < count:
            by_type = stratified_sample(range(count), is_right, iou, ["query"] * count)
            assert isinstance(by_type, Sample)
            samples[STRATIFIED] = by_type
    write_details(
        path.with_suffix(".parquet"),
        samples,
        *([f"{kind}{i:03d}" for i in range(count)] for kind in "qi"),
    )
    return path


def table(paths: Sequence[Path]) -> TableLayout:
    return claim_table(read_runs(paths), published_rows())


def lines(layout: TableLayout) -> dict[tuple[str, str, str], dict[str, str]]:
    found = csv.DictReader(to_csv(layout).splitlines())
    return {(line["comparison"], line["split"], line["measure"]): line for line in found}


def verdicts(layout: TableLayout) -> dict[int, str]:
    """Return the verdict of each claim that is measured, by its number."""
    return {int(title.partition(".")[0]): title.rpartition(": ")[2] for title, _ in layout.groups}


def on_testdev(folder: Path) -> list[Path]:
    """Write two seeds of REX and of the backbone, measured on testdev."""
    return [
        run(folder, setting, method, right=right, split="testdev", seed=seed)
        for setting, method, right in (("multi-task", "rex", 90), ("answer-only", "backbone", 50))
        for seed in (0, 1)
    ]


def test_claims_that_hold(tmp_path: Path) -> None:
    well, badly = [0.8] * 90 + [0.2] * 10, [0.3] * N
    paths = [
        run(tmp_path, "multi-task", "rex", right=90, iou=well),
        run(tmp_path, "multi-task", "rex", right=88, iou=well, seed=1),
        *(run(tmp_path, "multi-task", "exp", right=60, iou=badly, seed=k) for k in (0, 1)),
        *(run(tmp_path, "multi-task", "vqae", right=60, iou=badly, seed=k) for k in (0, 1)),
        *(run(tmp_path, "answer-only", "backbone", right=50, seed=k) for k in (0, 1)),
        *on_testdev(tmp_path),
        *(run(tmp_path, "reference", "answer-prior-1", right=35, seed=k) for k in (0, 1)),
        *(
            run(tmp_path, f"transfer-{share}{end}", "rex", right=right, seed=k)
            for k in (0, 1)
            for share, end, right in (
                (1, "", 70), (1, "-scratch", 30), (5, "", 75), (5, "-scratch", 60),
                (10, "", 80), (10, "-scratch", 80),
            )
        ),
    ]  # fmt: skip
    layout = table(paths)
    assert verdicts(layout) == {1: "holds", 4: "holds", 6: "holds", 7: "holds"}
    found = lines(layout)
    # 0.74 and 0.3; the mean of right answers is 0.8, and (88 x 0.8) / 88 for the other seed
    grounding = found["REX − EXP", "val", "grounding"]
    assert float(grounding["difference"]) == pytest.approx(44)
    assert (grounding["seeds"], grounding["n"]) == ("0 1", "100")
    answers = found["REX − Backbone", "val", "accuracy"]
    assert float(answers["difference"]) == pytest.approx((40 + 38) / 2)
    assert float(answers["std"]) == pytest.approx(2**0.5, abs=1e-4)
    assert float(answers["p"]) < 0.05
    assert float(answers["published"]) == pytest.approx(66.16 - 64.14)
    assert answers["published_verified"] == "no"
    gains = found["gain at 1 % − gain at 5 %", "val", "accuracy"]
    assert float(gains["difference"]) == pytest.approx((70 - 30) - (75 - 60))
    assert float(found["gain at 1 % − gain at 10 %", "val", "accuracy"]["difference"]) == (
        pytest.approx(40)
    )
    # seed 0: 80 - 20; seed 1: 80 - (2 x 80 + 10 x 20) / 12
    linked = found["REX, right − wrong answers", "val", "grounding/right-minus-wrong"]
    assert float(linked["difference"]) == pytest.approx((60 + 50) / 2)


def test_claims_that_do_not_hold(tmp_path: Path) -> None:
    paths = [
        run(tmp_path, "multi-task", "rex", right=50, iou=[0.2] * 50 + [0.8] * 50),
        run(tmp_path, "multi-task", "exp", right=50, iou=[0.5] * N),
        run(tmp_path, "multi-task", "vqae", right=50, iou=[0.9] * N),
        run(tmp_path, "answer-only", "backbone", right=50),
    ]
    layout = table(paths)
    assert verdicts(layout) == {
        1: "does not hold, 2 the opposite",
        4: "no difference shown in 2 of 4 comparisons, 2 not measured",
        7: "does not hold, 2 the opposite",
    }
    assert any("Learning explanations first" in note for _, note in layout.notes)
    found = lines(layout)
    assert found["REX − EXP", "val", "grounding"]["result"] == "no difference shown"
    assert found["REX − VQA-E", "val", "grounding"]["result"] == "the opposite"
    assert (
        float(
            found["REX, right − wrong answers", "val", "grounding/right-minus-wrong"]["difference"]
        )
        < 0
    )


def test_claims_are_about_scores_that_are_compared() -> None:
    keys = {comparison.key for claim in CLAIMS for comparison in claim.comparisons}
    assert {key.partition("/")[2] for key in keys} <= SUMMARIES.keys()


@pytest.mark.parametrize(("lower", "result"), [(False, OPPOSITE), (True, HOLDS)])
def test_a_claim_may_be_about_any_such_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lower: bool, result: str
) -> None:
    cider = dataclasses.replace(DECLARED["cider"], lower_is_better=lower)
    monkeypatch.setitem(DECLARED, "cider", cider)
    parts = (Operand(1, "multi-task", "rex"), Operand(-1, "multi-task", "vqae"))
    comparisons = (
        Difference("CIDEr falls", "val/cider", parts),
        Difference("open", "val/accuracy/open", parts),
    )
    monkeypatch.setattr(claim_table_module, "CLAIMS", (Claim("mine", comparisons),))
    paths = []
    for method, low in (("rex", 0.3), ("vqae", 0.6)):
        for seed in (0, 1):
            paths.append(write_run(tmp_path, {}, method=method, seed=seed))
            samples = {"cider": mean_sample(range(N), [low, low + 0.1] * (N // 2))}
            ids = ([f"{kind}{i:03d}" for i in range(N)] for kind in "qi")
            write_details(paths[-1].with_suffix(".parquet"), samples, *ids)
    ((_, ((_, measure, said, *_), (_, other, unknown, *_))),) = table(paths).groups
    assert measure.text == f"CIDEr, val [{CIDER_UNIT}]"
    assert (said.text, unknown.text) == (result, NOT_MEASURED)
    assert other.text == "accuracy/open, val"


def test_one_seed_says_nothing_about_another(tmp_path: Path) -> None:
    paths = [
        *(run(tmp_path, "multi-task", "rex", right=90, seed=k) for k in (0, 1)),
        run(tmp_path, "answer-only", "backbone", right=50),
        *on_testdev(tmp_path),
    ]
    layout = table(paths)
    found = lines(layout)
    assert found["REX − Backbone", "val", "accuracy"]["result"] == "holds in one seed"
    assert found["REX − Backbone", "testdev", "accuracy"]["result"] == "holds"
    assert verdicts(layout)[4] == "holds in 4 of 4 comparisons, 2 in one seed"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([HOLDS, HOLDS], "holds"),
        ([UNDECIDED, UNDECIDED], "no difference shown"),
        ([OPPOSITE, OPPOSITE], "does not hold, 2 the opposite"),
        ([HOLDS, UNDECIDED, OPPOSITE], "holds in 1 of 3 comparisons, 1 the opposite"),
        ([NOT_MEASURED, NOT_TESTED], "1 not measured, 1 not tested"),
        ([UNDECIDED, OPPOSITE], "does not hold, 1 the opposite"),
        (
            [UNDECIDED, NOT_MEASURED],
            "no difference shown in 1 of 2 comparisons, 1 not measured",
        ),
    ],
)
def test_verdicts(results: list[str], expected: str) -> None:
    assert verdict(results) == expected


def test_details_of_another_evaluation_are_refused(tmp_path: Path) -> None:
    paths = [
        run(tmp_path, "multi-task", "rex", right=90),
        run(tmp_path, "answer-only", "backbone", right=50),
    ]
    write_run(tmp_path, {"accuracy": 30.0})
    with pytest.raises(InputError, match=r"rex/seed0/metrics/val\.parquet: sums up to 90\.0+, the"):
        table(paths)


def test_what_is_not_measured_says_why(tmp_path: Path) -> None:
    bare = run(tmp_path, "multi-task", "vqae", right=50, iou=[0.5] * N)
    bare.with_suffix(".parquet").unlink()
    paths = [
        run(tmp_path, "multi-task", "rex", right=N, iou=[0.5] * N),
        bare,
        run(tmp_path, "multi-task", "exp", right=50, iou=[0.5] * 50, count=50),
        run(tmp_path, "answer-only", "backbone", right=50, seed=1),
        run(tmp_path, "multi-task", "regions-only", right=50),
    ]
    found = lines(table(paths))
    assert "evaluated without --details" in found["REX − VQA-E", "val", "grounding"]["reason"]
    assert "different questions" in found["REX − EXP", "val", "grounding"]["reason"]
    assert "no seed in common" in found["REX − Backbone", "val", "accuracy"]["reason"]
    assert (
        "no run of REX (multi-task) is measured on testdev"
        in (found["REX − Backbone", "testdev", "accuracy"]["reason"])
    )
    assert "transfer-1" in found["gain at 1 %", "val", "accuracy"]["reason"]
    # every answer is right: there is no other kind to compare with
    assert (
        found["REX, right − wrong answers", "val", "grounding/right-minus-wrong"]["result"]
        == "not measured"
    )
    assert "<sup>a</sup>" in to_html(table(paths))


def test_methods_whose_facts_are_of_different_questions_are_compared(tmp_path: Path) -> None:
    paths = []
    # an explanation of the reader's, and another one of REX's, cannot be read: 2 and 1 facts each
    for method, unread, held, of in (("reader", 0, 2, 2), ("rex", 1, 0, 1)):
        for seed in (0, 1):
            rows = [place for place in range(N) if place != unread]
            counts = [[held * (place % 10 != 5), of] for place in rows]
            sample = dataclasses.replace(
                mean_sample(rows, rows), statistics=np.array(counts, dtype=float)
            )
            paths.append(write_run(tmp_path, {}, method=method, seed=seed))
            ids = ([f"{kind}{place:03d}" for place in range(N)] for kind in "qi")
            write_details(paths[-1].with_suffix(".parquet"), {"truth": sample}, *ids)
    found = lines(table(paths))["Reader − REX", "val", "truth"]
    assert float(found["difference"]) == pytest.approx(100 * (99 - 10) / 99, abs=1e-3)
    assert (found["result"], found["n"]) == ("holds", "100")


def test_only_seeds_that_all_have_count(tmp_path: Path) -> None:
    paths = [
        run(tmp_path, "multi-task", "rex", right=90),
        run(tmp_path, "multi-task", "rex", right=10, seed=1),
        run(tmp_path, "answer-only", "backbone", right=50),
    ]
    found = lines(table(paths))["REX − Backbone", "val", "accuracy"]
    assert (found["difference"], found["std"], found["seeds"]) == ("40.0000", "", "0")


def test_what_hangs_on_one_image_is_not_tested(tmp_path: Path) -> None:
    paths = [
        run(tmp_path, "multi-task", "rex", right=1, count=1),
        run(tmp_path, "answer-only", "backbone", right=0, count=1),
    ]
    layout = table(paths)
    found = lines(layout)["REX − Backbone", "val", "accuracy"]
    assert (found["result"], found["p"], found["difference"]) == ("not tested", "", "100.0000")
    assert all(render(layout) for render in FORMATS.values())


def test_runs_that_were_measured_differently_are_not_compared(tmp_path: Path) -> None:
    paths = []
    for setting, method, right in (("multi-task", "rex", 90), ("answer-only", "backbone", 50)):
        paths.append(run(tmp_path, setting, method, right=right))
        write_run(tmp_path, {"accuracy": right}, setting=setting, method=method)
    paths[1].write_text(paths[1].read_text().replace("made|up", "made|otherwise"))
    found = lines(table(paths))["REX − Backbone", "val", "accuracy"]
    assert found["result"] == "not measured"
    assert "measured differently (made|otherwise and made|up)" in found["reason"]


def test_modes_are_kept_apart(tmp_path: Path) -> None:
    layout = table(
        [
            run(tmp_path, "multi-task", "rex", right=90),
            run(tmp_path, "answer-only", "backbone", right=50, mode="compat"),
        ]
    )
    assert len(layout.groups) == 0
    assert {record["mode"] for record in layout.records} == {"compat", "fixed"}
    assert {record["result"] for record in layout.records} == {"not measured"}


def test_reference_and_foreign_rows_have_no_mode_of_their_own(tmp_path: Path) -> None:
    layout = table(
        [
            run(tmp_path, "transfer-1", "rex", right=90, mode="compat"),
            run(tmp_path, "reference", "answer-prior-1", right=50),
            run(tmp_path, "foreign", "theirs", right=50),
        ]
    )
    assert {record["mode"] for record in layout.records} == {"compat"}
    beside_prior = lines(layout)[
        "after explanations − Answer prior (1 % of the questions)", "val", "accuracy"
    ]
    assert beside_prior["result"] == "holds in one seed"
    assert list(verdicts(layout)) == [6]


def test_a_claim_that_one_mode_shows_is_not_among_those_that_are_missing(tmp_path: Path) -> None:
    layout = table(
        [
            run(tmp_path, "multi-task", "rex", right=90),
            run(tmp_path, "answer-only", "backbone", right=50),
            run(tmp_path, "multi-task", "exp", right=50, mode="compat"),
        ]
    )
    assert [title.partition(".")[0] for title, _ in layout.groups] == ["4"]
    (missing,) = [note for _, note in layout.notes if note.startswith("Not measured")]
    assert "Explanations improve answers" not in missing
