"""Predicted programs: does a model know what the question asks?"""

from __future__ import annotations

import numpy as np

from rex.evaluation.case import Case, Measure, Results
from rex.evaluation.scores import mean_percent, mean_sample
from rex.gqa.program_text import program_text


def _exact(case: Case) -> Results:
    """Return the share of programs that are the annotated one, of the questions that have one."""
    annotated = case.questions.programs
    rows = [row for row, steps in enumerate(annotated) if steps]
    right = [case.programs[row] == program_text(annotated[row]) for row in rows]
    return {"program": mean_sample(np.array(rows, dtype=np.int64), right)}


MEASURES = (
    Measure(
        names=("program",),
        labels=("Programs",),
        needs=("programs",),
        compute=_exact,
        paired={"program": mean_percent},
        summary="share of questions whose program, as the model wrote it, is the annotated one, "
        "operations, arguments and operands alike; which objects a step selects is left out",
    ),
)
