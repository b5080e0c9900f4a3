"""The measures: a module for each kind, which declares them at its end.

A new measure is a new module with `MEASURES`, and its line in `MEASURES` here (docs/measures.md).
"""

from rex.evaluation.case import Measure
from rex.evaluation.measures import (
    answers,
    attributes,
    captions,
    compat,
    facts,
    gqa_scores,
    grounding,
    meteor,
    model,
    spice,
)

MEASURES: tuple[Measure, ...] = (
    *answers.MEASURES,
    *gqa_scores.MEASURES,
    *captions.BLEU,
    *meteor.MEASURES,
    *captions.MEASURES,
    *spice.MEASURES,
    *attributes.MEASURES,
    *compat.MEASURES,
    *grounding.MEASURES,
    *compat.GROUNDING,
    *facts.MEASURES,
    *model.MEASURES,
)
"""All measures, in the order in which metrics files list their scores."""

DECLARED = {name: measure for measure in MEASURES for name in (*measure.paired, *measure.names)}
"""Score name → the measure that declares it, or compares it."""

LABELS = {
    name: label
    for measure in MEASURES
    for name, label in zip(measure.names, measure.labels, strict=True)
}
"""Score name → its header in tables."""
