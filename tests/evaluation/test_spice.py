"""SPICE's program needs jars that no registry has: a stand-in for Java takes its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rex.errors import InputError
from rex.evaluation.case import Inputs
from rex.evaluation.measure import measure
from rex.evaluation.measures import spice
from rex.evaluation.measures.java import JavaUnavailableError
from rex.evaluation.measures.spice import JARS, check_corenlp, f_scores
from tests.evaluation.small_split import SmallSplit, true_texts

STAND_IN = f"""#!{sys.executable}
import json, sys
classes, scorer, given, _, got = sys.argv[2:7]
assert sys.argv[1] == "-cp" and scorer == "edu.anu.spice.SpiceScorer"
assert "spice-1.0.jar" in classes and classes.endswith("corenlp/*")
if got.endswith("out.json"):
    entries = json.load(open(given))
    scores = [float(e["test"] == e["refs"][0]) if e["test"] else float("nan") for e in entries]
    found = [
        {{"image_id": e["image_id"], "scores": {{"All": {{"f": f}}}}}}
        for e, f in zip(entries, scores)
    ]
    json.dump(found[::-1], open(got, "w"))
"""


@pytest.fixture
def corenlp(tmp_path: Path) -> Path:
    folder = tmp_path / "corenlp"
    folder.mkdir()
    for name in JARS:
        (folder / name).touch()
    return folder


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    java = tmp_path / "java"
    java.write_text(text)
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_scores_of_questions(
    split: SmallSplit, tmp_path: Path, corenlp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, STAND_IN)
    path = split.predict({}, true_texts() | {"q1": "#0 is red", "q3": None})
    inputs = Inputs(questions=split.questions, explanations=split.explanations, corenlp=corenlp)
    sample = measure(path, inputs, spice.MEASURES).samples["spice"]
    assert sample.rows.tolist() == [0, 1, 2, 3, 4]
    assert sample.statistics[:, 0].tolist() == [0, 1, 0, 1, 1]  # one that says nothing scores 0
    assert sample.score().value == 60


def test_failures_are_said(tmp_path: Path, corenlp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "#!/bin/sh\necho no models >&2\nexit 1\n")
    with pytest.raises(JavaUnavailableError, match="no models"):
        f_scores(["a"], ["a"], corenlp)
    stand_in(tmp_path, monkeypatch, "#!/bin/sh\n")
    with pytest.raises(JavaUnavailableError, match="wrote no result"):
        f_scores(["a"], ["a"], corenlp)


def test_missing_jars(corenlp: Path) -> None:
    assert check_corenlp(corenlp) == corenlp.resolve()
    (corenlp / JARS[1]).unlink()
    with pytest.raises(InputError, match=r"models\.jar: no such file"):
        check_corenlp(corenlp)
