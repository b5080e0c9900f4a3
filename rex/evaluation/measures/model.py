"""What a model knows and is, beside what it says: the programs it writes, and its size.

Programs say whether it knows what the question asks; its size, whether better scores may have been
bought by it.
"""

from __future__ import annotations

import numpy as np

from rex.evaluation.case import Case, Measure, Results
from rex.evaluation.scores import Score, mean_percent, mean_sample
from rex.gqa.parsing import program_text


def _parameters(case: Case) -> Results:
    """Return the trained weights, as `rex predict` counted them."""
    count = case.predictions.parameters
    value = None if count is None else count / 1e6
    score = Score(value=value, n=len(case.questions.ids), unit="million", signature="")
    return {"parameters": score}


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
    Measure(
        names=("parameters",),
        labels=("Parameters (M)",),
        needs=("parameters",),
        compute=_parameters,
        unit="million",
        summary="trained weights of the model, backbone and all",
    ),
)
