"""METEOR 1.5 (Denkowski and Lavie, WMT 2014), by the Java program that pycocoevalcap ships.

The program aligns the words; the score is computed from its counts here, so that it can be summed
over any sample of questions. It is fed from a file and writes to files in a temporary folder: no
pipe can fill up, and nothing is written into the installed package.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rex.evaluation.scores import Floats, Sample

# METEOR 1.5's weights for English: exact, stem, synonym, paraphrase matches; then its parameters
_STAGE_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75
_FIELDS = 23

_REGION = re.compile(r"(?<!\S)#(\d+)(?!\S)")
_CELL = re.compile(r"(?<!\S)@(\d+)(?!\S)")


class MeteorUnavailableError(Exception):
    """METEOR cannot run here; the message says why, in words for a table's footnote."""


def meteor_sample(
    rows: npt.ArrayLike, hypotheses: Sequence[str], references: Sequence[str], *, tokens: str
) -> Sample:
    """Measure explanations [n] against the true ones [n] (see `caption_samples`).

    Raises MeteorUnavailableError at once when Java or pycocoevalcap is missing, or when it fails.
    """
    return Sample(
        rows=np.asarray(rows, dtype=np.int64),
        statistics=meteor_statistics(hypotheses, references),
        summary=meteor_score,
        signature=f"tok:{tokens}|meteor:1.5",
    )


def meteor_score(statistics: Floats) -> Floats:
    """Return METEOR in percent from (sums of) the program's counts [..., 23]."""
    test_length, reference_length, test_function, reference_function = np.moveaxis(
        statistics[..., :4], -1, 0
    )
    stages = statistics[..., 4:20].reshape(*statistics.shape[:-1], 4, 4)
    # of each stage: content words of test and reference, function words of test and reference
    weighted = np.einsum("...sf,s->...f", stages, _STAGE_WEIGHTS)
    precision = _ratio(
        _DELTA * weighted[..., 0] + (1 - _DELTA) * weighted[..., 2],
        _DELTA * (test_length - test_function) + (1 - _DELTA) * test_function,
    )
    recall = _ratio(
        _DELTA * weighted[..., 1] + (1 - _DELTA) * weighted[..., 3],
        _DELTA * (reference_length - reference_function) + (1 - _DELTA) * reference_function,
    )
    mean = _ratio(precision * recall, _ALPHA * precision + (1 - _ALPHA) * recall)
    chunks, test_words, reference_words = np.moveaxis(statistics[..., 20:], -1, 0)
    fragmentation = _ratio(2 * chunks, test_words + reference_words)
    return np.asarray(100 * mean * (1 - _GAMMA * fragmentation**_BETA))


def meteor_statistics(hypotheses: Sequence[str], references: Sequence[str]) -> Floats:
    """Return the counts of METEOR's alignment of each pair [n, 23]."""
    lines = [
        f"SCORE ||| {_words(reference)} ||| {_words(hypothesis)}"
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]
    statistics = _run(lines)
    # where a text is its reference there is no fragmentation, and METEOR sums none up
    lengths, matches, chunks = statistics[:, :2], statistics[:, 21:], statistics[:, 20]
    chunks[(chunks == 1) & (lengths == matches).all(axis=1)] = 0
    return statistics


def _words(text: str) -> str:
    """Return `text` with tokens that METEOR's own tokeniser would split written as one word."""
    text = _CELL.sub(r"cell\1", _REGION.sub(r"region\1", text))
    return " ".join(text.replace("|||", " ").split())


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom > 0)


def _jar() -> Path:
    # looked up without importing it: the package's modules import what we do not need
    found = importlib.util.find_spec("pycocoevalcap")
    for folder in (found.submodule_search_locations or ()) if found else ():
        jar = Path(folder) / "meteor" / "meteor-1.5.jar"
        if jar.is_file():
            return jar
    raise MeteorUnavailableError("not computed: pycocoevalcap, which brings METEOR, is missing")


def _run(lines: Sequence[str]) -> Floats:
    jar = _jar()
    java = shutil.which("java")
    if java is None:
        raise MeteorUnavailableError("not computed: needs Java, and no `java` is on the PATH")
    if not lines:
        return np.zeros((0, _FIELDS))
    with tempfile.TemporaryDirectory(prefix="rex-meteor-") as name:
        folder = Path(name)
        source, target, messages = folder / "in", folder / "out", folder / "messages"
        source.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        with source.open() as given, target.open("w") as got, messages.open("w") as said:
            # no -Xmx: the user's JAVA_TOOL_OPTIONS decide, METEOR needs less than half a gigabyte
            ended = subprocess.run(
                [java, "-jar", str(jar), "-", "-", "-stdio", "-l", "en", "-norm"],
                stdin=given,
                stdout=got,
                stderr=said,
                cwd=folder,
                check=False,
            )
        rows = [line.split() for line in target.read_text(encoding="utf-8").splitlines() if line]
        if ended.returncode or len(rows) != len(lines) or {len(r) for r in rows} != {_FIELDS}:
            said_last = " ".join(messages.read_text(encoding="utf-8").split())[-200:]
            raise MeteorUnavailableError(
                f"not computed: METEOR's Java program failed (exit code {ended.returncode}): "
                f"{said_last or 'it said nothing'}"
            )
        return np.array(rows, dtype=np.float64)
