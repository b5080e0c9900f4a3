"""The declared measures, and docs/measures.md about them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rex.cli import main
from rex.evaluation.case import NEEDS, Inputs
from rex.evaluation.measure import measure
from rex.evaluation.measures import LABELS, MEASURES
from tests.evaluation.small_split import SmallSplit, true_answers, true_texts

EXPECTED = Path(__file__).with_name("expected_scores.json")
PAGE = Path(__file__).parents[2] / "docs" / "measures.md"


def docs_table() -> str:
    """Return the table of all measures for docs/measures.md."""
    lines = ["| Score | Unit | Needs | Definition |", "|---|---|---|---|"]
    for declared in MEASURES:
        names = ", ".join(f"`{name}`" for name in declared.names) or "–"
        needs = ", ".join((*declared.needs, *(["`--compat`"] if declared.compat else [])))
        lines.append(f"| {names} | {declared.unit} | {needs} | {declared.summary} |")
    return "\n".join(lines)


def test_the_page_lists_the_declared_measures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (table,) = re.findall(r"<!-- measures -->\n(.*?)\n?<!-- end -->", page, re.DOTALL)
    listed, declared = table.splitlines(), docs_table().splitlines()
    missing = "\n".join(line for line in declared if line not in listed)
    gone = "\n".join(line for line in listed if line not in declared)
    assert listed == declared, (
        f"docs/measures.md lacks\n{missing or 'no row'}\nand should not have\n{gone or 'any'}\n"
        "(its rows stand in the order of MEASURES)"
    )


def test_declarations_hold_together() -> None:
    names = Counter(name for declared in MEASURES for name in declared.names)
    assert max(names.values()) == 1
    assert set(LABELS) == set(names)
    for declared in MEASURES:
        assert set(declared.needs) <= NEEDS.keys()
        assert {name.partition("/")[0] for name in declared.paired} <= {
            name.partition("/")[0] for name in declared.names
        }


@pytest.mark.parametrize("texts", [true_texts(), {}])
def test_every_measure_gives_its_names(
    split: SmallSplit, texts: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rex.evaluation.measures.java.find_java", lambda: None)
    path = split.predict(true_answers(), texts)
    inputs = Inputs(
        questions=split.questions,
        explanations=split.explanations,
        regions=split.regions,
        scene_graphs=split.scene_graphs,
        compat=True,
    )
    results = measure(path, inputs).results
    assert set(LABELS) <= set(results)


def test_the_example_of_the_page_is_a_measure(split: SmallSplit) -> None:
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (program,) = [text for text in programs if "MEASURES" in text]
    namespace: dict[str, Any] = {}
    exec(compile(program, str(PAGE), "exec"), namespace)
    measures = (*MEASURES, *namespace["MEASURES"])
    inputs = Inputs(questions=split.questions)

    path = split.predict(true_answers(), true_texts())
    scores = measure(path, inputs, measures=measures).scores(
        split="val", mode="fixed", draws=20, seed=0
    )
    # 3, 4, 4, 3 and 3 tokens, and q6 has no explanation
    assert scores["length"].value == pytest.approx(17 / 6)
    assert scores["length"].unit == "tokens"
    assert scores["length"].interval is not None

    path = split.predict(true_answers(), {})
    scores = measure(path, inputs, measures=measures).scores(
        split="val", mode="fixed", draws=0, seed=0
    )
    assert scores["length"].reason == "not computed: the predictions hold no explanations"


def test_scores_are_those_of_version_0_1(
    split: SmallSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, order, numbers, units, signatures and reasons of all scores that need no Java."""
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    monkeypatch.setattr("rex.evaluation.measures.java.find_java", lambda: None)
    path = split.predict(
        true_answers() | {"q1": "red"}, true_texts() | {"q1": "#1 is red on @2", "q4": "#1 is blue"}
    )
    out = split.folder / "metrics.json"
    command = ["evaluate", str(path), "--compat", "--without-meteor", "--out", str(out)]
    for option in ("questions", "explanations", "regions", "scene_graphs", "ood"):
        command += [f"--{option.replace('_', '-')}", str(getattr(split, option))]
    assert main(command) == 0
    scores = json.loads(out.read_text(encoding="utf-8"))["scores"]
    assert [name for name in scores if name in expected] == list(expected)
    for name, score in expected.items():
        found = scores[name]
        assert found["signature"].rpartition("|rex:")[0] == score["signature"], name
        assert [found[key] for key in ("n", "unit", "reason")] == [
            score[key] for key in ("n", "unit", "reason")
        ], name
        known = score["value"]
        assert found["value"] == (known if known is None else pytest.approx(known, rel=1e-9)), name
        # version 0.1 drew questions; now images are drawn
        assert (found["interval"] is None) == (score["interval"] is None), name


def test_what_is_asked_for_may_be_in_no_image(split: SmallSplit) -> None:
    asked = split.questions.read_text(encoding="utf-8")
    split.questions.write_text(asked.replace("cat (-)", "hour glass (-)"), encoding="utf-8")
    path = split.predict(true_answers(), {"q3": "there is no hour glass"})
    inputs = Inputs(
        questions=split.questions, regions=split.regions, scene_graphs=split.scene_graphs
    )
    scores = measure(path, inputs).scores(split="val", mode="fixed", draws=10, seed=0)
    assert scores["readable"].value == pytest.approx(100 / 6)
    assert scores["entails"].value == pytest.approx(100 / 6)
