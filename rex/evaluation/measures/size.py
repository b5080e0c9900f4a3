"""How large the model is that made the predictions: better scores may have been bought by size."""

from __future__ import annotations

from rex.evaluation.case import Case, Measure, Results
from rex.evaluation.scores import Single


def _parameters(case: Case) -> Results:
    """Return the trained weights, as `rex predict` counted them."""
    count = case.predictions.parameters
    value = None if count is None else count / 1e6
    return {"parameters": Single(value=value, n=len(case.questions.ids))}


MEASURES = (
    Measure(
        names=("parameters",),
        labels=("Parameters (M)",),
        needs=("parameters",),
        compute=_parameters,
        unit="million",
        summary="trained weights of the model, backbone and all",
    ),
)
