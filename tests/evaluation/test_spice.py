"""SPICE's program needs jars that no registry has: a stand-in for Java takes its place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rex.errors import InputError
from rex.evaluation.measures.java import JavaUnavailableError
from rex.evaluation.measures.spice import JARS, check_corenlp, spice_sample

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
    tmp_path: Path, corenlp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, STAND_IN)
    sample = spice_sample(
        [4, 5, 6], ["a dog", "a cat", ""], ["a dog", "a dog", "x"], corenlp=corenlp, tokens="blank"
    )
    assert sample.rows.tolist() == [4, 5, 6]
    assert sample.statistics[:, 0].tolist() == [1, 0, 0]  # one that says nothing scores 0
    assert sample.score().value == pytest.approx(100 / 3)


def test_failures_are_said(tmp_path: Path, corenlp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "#!/bin/sh\necho no models >&2\nexit 1\n")
    with pytest.raises(JavaUnavailableError, match="no models"):
        spice_sample([0], ["a"], ["a"], corenlp=corenlp, tokens="blank")
    stand_in(tmp_path, monkeypatch, "#!/bin/sh\n")
    with pytest.raises(JavaUnavailableError, match="wrote no result"):
        spice_sample([0], ["a"], ["a"], corenlp=corenlp, tokens="blank")


def test_missing_jars(corenlp: Path) -> None:
    assert check_corenlp(corenlp) == corenlp.resolve()
    (corenlp / JARS[1]).unlink()
    with pytest.raises(InputError, match=r"models\.jar: no such file"):
        check_corenlp(corenlp)
