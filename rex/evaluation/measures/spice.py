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

from rex.errors import InputError
from rex.evaluation.case import TEXTS, Case, Measure, Results
from rex.evaluation.measures.captions import TOKENS
from rex.evaluation.measures.java import JavaUnavailableError, package_file, run_java
from rex.evaluation.scores import mean_sample

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


def f_scores(hypotheses: Sequence[str], references: Sequence[str], corenlp: Path) -> list[float]:
    """Return the F-score of each explanation [n] against the true one [n], 0 to 1.

    Raises JavaUnavailableError when the program cannot run.
    """
    if not hypotheses:
        return []
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
    values = f_scores(case.hypotheses, case.references, folder)
    signature = f"tok:{TOKENS}|spice:1.0|corenlp:3.6.0"
    return {"spice": mean_sample(case.true.rows, values, signature=signature)}


MEASURES = (
    Measure(
        names=("spice",),
        labels=("SPICE",),
        needs=(*TEXTS, "CoreNLP"),
        compute=_spice,
        summary="SPICE 1.0, by its Java program",
    ),
)
