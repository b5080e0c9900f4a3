"""The measures as the published code computes them: to compare with published numbers alone.

Texts go through the PTB tokeniser, which splits `#12` into `#` and `12`; explanations that are
empty are left out and the score is scaled by the share that is not. Grounding looks at the last
annotated object alone, on a grid of whole pixels, and divides by the bound without clipping;
attribute words are looked for inside other words. All of these are defects: see docs/measures.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rex.arrays import Ragged
from rex.boxes import union_ious
from rex.errors import InputError
from rex.evaluation.case import TEXTS, Case, Measure, Results, parts
from rex.evaluation.measures.attributes import Expected, attribute_samples, case_words
from rex.evaluation.measures.captions import CIDER_UNIT, caption_samples
from rex.evaluation.measures.grounding import about_objects
from rex.evaluation.measures.meteor import counts, meteor_score
from rex.evaluation.measures.published_texts import PublishedTexts, published_texts
from rex.evaluation.scores import Floats, Sample, mean_sample
from rex.files import read_json

PREFIX = "compat/"
_SIGNATURE = "tok:ptb-3.4.1|empty:dropped"


def compat_captions(
    rows: npt.ArrayLike, published: PublishedTexts, meteor: Floats | None
) -> dict[str, Sample]:
    """Return `compat/bleu1` … `compat/cider` of explanations to the questions `rows` [m].

    `meteor`: METEOR's counts of the published texts, or None, to leave it out.
    """
    places = np.asarray(rows, dtype=np.int64)[published.kept]
    samples = caption_samples(places, published.ours, published.theirs)
    if meteor is not None:
        samples["meteor"] = Sample(rows=places, statistics=meteor, summary=meteor_score)
    share = len(published.kept) / published.count if published.count else 0.0
    return {PREFIX + name: _scaled(sample, share) for name, sample in samples.items()}


def compat_grounding(
    rows: npt.ArrayLike, predicted: Ragged, annotated: Ragged, bound: Floats
) -> Sample:
    """Return `compat/grounding` (arguments as for `grounding_samples`)."""
    reachable = np.flatnonzero(bound > 0)
    last = annotated.starts[1:][reachable] - 1
    ones = np.arange(len(reachable) + 1, dtype=np.int64)
    overlap = union_ious(
        _whole_pixels(predicted.take(reachable)),
        _whole_pixels(Ragged(annotated.values[last], ones)),
    )
    return mean_sample(
        np.asarray(rows, dtype=np.int64)[reachable],
        overlap / bound[reachable],
        signature="boxes:last-object|area:pixels|bound:unclipped",
    )


def compat_attributes(
    rows: npt.ArrayLike, expected: Sequence[Expected], hypotheses: Sequence[str]
) -> dict[str, Sample]:
    """Return `compat/attributes/<category>` and `compat/attributes-anywhere/<category>`.

    The rules of REX's and of VCIN's public code; arguments as for `attribute_samples`.
    """
    rex = attribute_samples(rows, expected, hypotheses, match="beside a blank")
    vcin = attribute_samples(rows, expected, hypotheses, match="letters")
    return {
        **{PREFIX + name: sample for name, sample in rex.items()},
        **{
            PREFIX + name.replace("attributes/", "attributes-anywhere/"): sample
            for name, sample in vcin.items()
        },
    }


def _scaled(sample: Sample, share: float) -> Sample:
    inner = sample.summary
    return replace(sample, summary=lambda sums: share * inner(sums), signature=_SIGNATURE)


def _whole_pixels(sets: Ragged) -> Ragged:
    return Ragged(np.trunc(np.maximum(sets.values, 0)), sets.starts)


_PERCENTAGES = tuple(
    PREFIX + name for name in ("bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge-l")
)
_CIDER = f"{PREFIX}cider"
_LEFT_OUT = "not computed: left out (--without-meteor)"
_ALL_EMPTY = "not computed: all explanations are empty"
_NO_SPICE = "not computed: SPICE is measured without the published code's defects alone"


def _captions(case: Case) -> Results:
    published = case.once(published_texts)
    if published.count and not published.kept:
        return dict.fromkeys((*_PERCENTAGES, _CIDER), _ALL_EMPTY)
    meteor = case.once(counts)[1] if case.inputs.meteor else None
    samples = compat_captions(case.true.rows, published, meteor)
    return {name: samples.get(name, _LEFT_OUT) for name in (*_PERCENTAGES, _CIDER)}


def _attributes(case: Case) -> Results:
    return compat_attributes(case.true.rows, case.once(case_words), case.hypotheses)


def _grounding(case: Case) -> Results:
    rows, predicted, annotated, bound = case.once(about_objects)
    file = case.inputs.upper_bound
    if file is not None:
        bound = _published_bound(file, [case.questions.ids[row] for row in rows.tolist()])
    return {f"{PREFIX}grounding": compat_grounding(rows, predicted, annotated, bound)}


def _published_bound(path: Path, question_ids: Sequence[str]) -> Floats:
    """Return the bound of each question [n] from the published `grounding_upper_bound.json`.

    0, as for questions that the published measure leaves out, where the file lacks it. Raises
    InputError.
    """
    cure = "give the public code's grounding_upper_bound.json: question id to a number"
    known = read_json(path, cure=cure)
    try:
        bounds = [float(known.get(question_id, 0)) for question_id in question_ids]
    except (AttributeError, TypeError, ValueError):
        raise InputError("is not question id to number", file=path, cure=cure) from None
    return np.array(bounds)


MEASURES = (
    Measure(
        names=_PERCENTAGES,
        labels=("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L"),
        needs=TEXTS,
        compute=parts(_captions, *_PERCENTAGES),
        compat=True,
        summary="the same after the PTB tokeniser (`#12` becomes `#` and `12`), empty explanations "
        "left out and the score scaled by the share of the others",
    ),
    Measure(
        names=(_CIDER,),
        labels=("CIDEr",),
        needs=TEXTS,
        unit=CIDER_UNIT,
        compute=parts(_captions, _CIDER),
        compat=True,
        summary="the same of CIDEr-D",
    ),
    Measure(
        names=(f"{PREFIX}spice",),
        labels=("SPICE",),
        needs=TEXTS,
        compute=lambda _: {f"{PREFIX}spice": _NO_SPICE},
        compat=True,
        summary="never computed",
    ),
    Measure(
        names=(),
        labels=(),
        needs=TEXTS,
        compute=_attributes,
        compat=True,
        summary="`compat/attributes/<category>`: attribute words found beside a blank, at either "
        "end of other words too (REX's rule); `compat/attributes-anywhere/<category>`: inside them "
        "(VCIN's)",
    ),
)
GROUNDING = (
    Measure(
        names=(f"{PREFIX}grounding",),
        labels=("Grounding",),
        needs=("explanations", "true explanations", "boxes"),
        compute=_grounding,
        compat=True,
        summary="IoU with the last annotated object alone, in whole pixels, over the bound (the "
        "published one with `--upper-bound`), not clipped",
    ),
)
