"""Which of the candidate questions are asked: quotas by type, answers smoothed within groups.

As in GQA (Hudson and Manning 2019, section 3.4), answers of one local group are drawn closer
together, not made equal: what is natural stays likelier, and GQA-OOD finds its head and tail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

QUOTAS: Mapping[str, float] = {
    "query/attr": 0.22,
    "verify/attr": 0.13,
    "choose/attr": 0.08,
    "verify/obj": 0.09,
    "query/cat": 0.08,
    "choose/cat": 0.02,
    "query/rel": 0.12,
    "verify/rel": 0.06,
    "choose/rel": 0.04,
    "logical/attr": 0.03,
    "logical/obj": 0.03,
    "compare/attr": 0.04,
    "query/global": 0.025,
    "choose/global": 0.015,
    "verify/global": 0.02,
}
"""Share of the questions by structural and semantic type."""

SMOOTHING = 0.65
"""How far answers are evened out within a local group: 0 not at all, 1 completely."""


@dataclass(frozen=True)
class Entry:
    """What the choice needs to know of a candidate."""

    image: int
    family: str
    local_group: str
    answer: str
    detailed: str


def pool_limit(family: str, questions_per_image: int) -> int:
    """Return how many candidates of a family one image offers to the choice."""
    return max(3, round(QUOTAS[family] * questions_per_image * 4))


def choose(
    entries: Sequence[Entry], images: int, questions_per_image: int, random: np.random.Generator
) -> list[int]:
    """Return the indices of the chosen candidates, ascending.

    There are `questions_per_image` x `images` of them where enough can be asked.
    """
    total = questions_per_image * images
    order = _order(entries, random)
    # no image has more than its share by much; the rest is filled up from what is left
    cap = max(questions_per_image + 1, round(1.6 * questions_per_image))
    taken: set[int] = set()
    per_image: Counter[int] = Counter()
    quota = {family: round(share * total) for family, share in QUOTAS.items()}
    used: Counter[tuple[str, str]] = Counter()
    for index in order:
        entry = entries[index]
        side = entry.answer if entry.answer in ("yes", "no") else ""
        limit = quota[entry.family] / 2 if side else quota[entry.family]
        if used[entry.family, side] >= limit or per_image[entry.image] >= cap:
            continue
        taken.add(index)
        used[entry.family, side] += 1
        per_image[entry.image] += 1
    for index in order:
        if len(taken) >= total:
            break
        if index not in taken and per_image[entries[index].image] < cap:
            taken.add(index)
            per_image[entries[index].image] += 1
    return sorted([index for index in order if index in taken][:total])


def _order(entries: Sequence[Entry], random: np.random.Generator) -> list[int]:
    """Return a random order in which rare answers of a group come earlier (weighted sampling)."""
    answers = Counter((entry.local_group, entry.answer) for entry in entries)
    groups = Counter(entry.local_group for entry in entries)
    kinds = Counter((entry.family, entry.detailed) for entry in entries)
    uniform = random.random(len(entries))
    keys = []
    for entry, draw in zip(entries, uniform.tolist(), strict=True):
        weight = (
            answers[entry.local_group, entry.answer] / groups[entry.local_group]
        ) ** -SMOOTHING
        # no single template fills its type, no single noun its template
        weight *= kinds[entry.family, entry.detailed] ** -0.5
        weight *= groups[entry.local_group] ** -0.15
        keys.append(-np.log(draw + 1e-12) / weight)
    return [int(index) for index in np.argsort(np.asarray(keys), kind="stable")]
