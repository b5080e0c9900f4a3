"""SPICE (Anderson et al., ECCV 2016), by the Java program that pycocoevalcap ships.

It needs Stanford CoreNLP 3.6.0 (the jar and its models), which no package registry has: a user who
has them names their folder. Nothing is downloaded, and nothing is written into the package.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy.typing as npt

from rex.errors import InputError
from rex.evaluation.case import TEXTS, Case, Measure, Results
from rex.evaluation.measures.captions import TOKENS
from rex.evaluation.measures.java import JavaUnavailableError, package_file, run_java
from rex.evaluation.scores import Sample, mean_sample

JARS = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")


def check_corenlp(folder: Path) -> Path:
    """Return the folder if it holds CoreNLP's jars. Raises InputError."""
    for name in JARS:
        if not (folder / name).is_file():
            raise InputError(
                "no such file",
                file=folder / name,
                cure="unpack stanford-corenlp-full-2015-12-09.zip and name its folder",
            )
    return folder.resolve()


def spice_sample(
    rows: npt.ArrayLike,
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    corenlp: Path,
    tokens: str,
) -> Sample:
    """Measure explanations [n] against the true ones [n]: the mean F-score, in percent.

    Raises JavaUnavailableError when the program cannot run.
    """
    values = _run(hypotheses, references, corenlp) if len(hypotheses) else []
    return mean_sample(rows, values, signature=f"tok:{tokens}|spice:1.0|corenlp:3.6.0")


def _run(hypotheses: Sequence[str], references: Sequence[str], corenlp: Path) -> list[float]:
    program = package_file("spice", "spice-1.0.jar")
    classes = f"{program}:{program.parent / 'lib'}/*:{corenlp}/*"
    entries = [
        {"image_id": row, "test": hypothesis, "refs": [reference]}
        for row, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True))
    ]
    with tempfile.TemporaryDirectory(prefix="rex-spice-") as name:
        given, got = Path(name) / "in.json", Path(name) / "out.json"
        given.write_text(json.dumps(entries), encoding="utf-8")
        scorer = "edu.anu.spice.SpiceScorer"
        run_java(["-cp", classes, scorer, str(given), "-out", str(got), "-silent"], [])
        if not got.is_file():
            raise JavaUnavailableError("not computed: SPICE's program wrote no result")
        scored = {entry["image_id"]: entry for entry in json.loads(got.read_text("utf-8"))}
    # a pair in which no tuple is found has no F-score: it says nothing right
    values = [float(scored[row]["scores"]["All"]["f"]) for row in range(len(entries))]
    return [0.0 if math.isnan(value) else value for value in values]


def _spice(case: Case) -> Results:
    folder = case.inputs.corenlp
    assert folder is not None, "SPICE needs CoreNLP"
    rows, references = case.true.rows, case.references
    sample = spice_sample(rows, case.hypotheses, references, corenlp=folder, tokens=TOKENS)
    return {"spice": sample}


MEASURES = (
    Measure(
        names=("spice",),
        labels=("SPICE",),
        needs=(*TEXTS, "CoreNLP"),
        compute=_spice,
        summary="SPICE 1.0, by its Java program",
    ),
)
