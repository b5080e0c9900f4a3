"""The measures as the published code computes them: to compare with published numbers alone.

Texts go through the PTB tokeniser, which splits `#12` into `#` and `12`; explanations that are
empty are left out and the score is scaled by the share that is not. Grounding looks at the last
annotated object alone, on a grid of whole pixels, and divides by the bound without clipping;
attribute words are looked for inside other words. All of these are defects: see docs/measures.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rex.evaluation.areas import BoxSets, intersection_over_union
from rex.evaluation.attributes import Expected, attribute_samples
from rex.evaluation.captions import caption_samples
from rex.evaluation.java import package_file, run_java
from rex.evaluation.meteor import meteor_score, meteor_statistics
from rex.evaluation.scores import Floats, Sample, mean_sample

PREFIX = "compat/"
PUNCTUATION = frozenset(
    {"''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-"}
    | {".", "?", "!", ",", ":", "-", "--", "...", ";"}
)
"""What pycocoevalcap removes after tokenising."""

_SIGNATURE = "tok:ptb-3.4.1|empty:dropped"


def compat_captions(
    rows: npt.ArrayLike,
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    meteor: bool = True,
) -> dict[str, Sample]:
    """Return `compat/bleu1` … `compat/cider` (arguments as for `caption_samples`).

    Raises JavaUnavailableError when there is no Java: the tokeniser needs it.
    """
    places = np.asarray(rows, dtype=np.int64)
    kept = [i for i, text in enumerate(hypotheses) if text.strip()]
    tokenised = ptb_tokens([*(hypotheses[i] for i in kept), *(references[i] for i in kept)])
    ours, theirs = tokenised[: len(kept)], tokenised[len(kept) :]
    samples = caption_samples(places[kept], ours, theirs, tokens="ptb")
    if meteor:
        samples["meteor"] = Sample(
            rows=places[kept],
            statistics=meteor_statistics(ours, theirs, atomic=False),
            summary=meteor_score,
        )
    share = len(kept) / len(hypotheses) if len(hypotheses) else 0.0
    return {PREFIX + name: _scaled(sample, share) for name, sample in samples.items()}


def compat_grounding(
    rows: npt.ArrayLike, predicted: BoxSets, annotated: BoxSets, bound: Floats
) -> Sample:
    """Return `compat/grounding` (arguments as for `grounding_samples`)."""
    reachable = np.flatnonzero(bound > 0)
    last = annotated.starts[1:][reachable] - 1
    ones = np.arange(len(reachable) + 1, dtype=np.int64)
    overlap = intersection_over_union(
        _whole_pixels(predicted.take(reachable)),
        _whole_pixels(BoxSets(annotated.boxes[last], ones)),
    )
    return mean_sample(
        np.asarray(rows, dtype=np.int64)[reachable],
        overlap / bound[reachable],
        signature="boxes:last-object|area:pixels|bound:unclipped",
    )


def compat_attributes(
    rows: npt.ArrayLike, expected: Sequence[Expected], hypotheses: Sequence[str]
) -> dict[str, Sample]:
    """Return `compat/attributes/<category>` (arguments as for `attribute_samples`)."""
    samples = attribute_samples(rows, expected, hypotheses, whole_words=False)
    return {PREFIX + name: sample for name, sample in samples.items()}


def ptb_tokens(texts: Sequence[str]) -> list[str]:
    """Return texts as pycocoevalcap tokenises them: in lower case, without punctuation.

    Raises JavaUnavailableError.
    """
    if not texts:
        return []
    jar = package_file("tokenizer", "stanford-corenlp-3.4.1.jar")
    tokenizer = "edu.stanford.nlp.process.PTBTokenizer"
    lines = run_java(
        ["-cp", str(jar), tokenizer, "-preserveLines", "-lowerCase"],
        [" ".join(text.split()) for text in texts],
    )
    # the tokeniser leaves out empty lines at the end
    lines += [""] * (len(texts) - len(lines))
    return [" ".join(word for word in line.split() if word not in PUNCTUATION) for line in lines]


def _scaled(sample: Sample, share: float) -> Sample:
    inner = sample.summary
    return replace(sample, summary=lambda sums: share * inner(sums), signature=_SIGNATURE)


def _whole_pixels(sets: BoxSets) -> BoxSets:
    return BoxSets(np.trunc(np.maximum(sets.boxes, 0)), sets.starts)
