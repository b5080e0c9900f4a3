"""Which of the candidate questions are asked: quotas by type, answers smoothed within groups.

As in GQA (Hudson and Manning 2019, section 3.4), answers of one local group are drawn closer
together, not made equal: what is natural stays likelier, and GQA-OOD finds its head and tail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rex.world.questions.records import Candidate

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


def pool_limit(family: str, questions_per_image: int) -> int:
    """Return how many candidates of a family one image offers to the choice."""
    return max(3, round(QUOTAS[family] * questions_per_image * 4))


def choose(
    pool: Sequence[tuple[int, Candidate]],
    images: int,
    questions_per_image: int,
    random: np.random.Generator,
) -> list[int]:
    """Return the indices of the chosen candidates, ascending; each comes with its image's number.

    There are `questions_per_image` x `images` of them where enough can be asked.
    """
    total = questions_per_image * images
    order = _order([candidate for _, candidate in pool], random)
    # no image has more than its share by much; the rest is filled up from what is left
    cap = max(questions_per_image + 1, round(1.6 * questions_per_image))
    taken: set[int] = set()
    per_image: Counter[int] = Counter()
    quota = {family: round(share * total) for family, share in QUOTAS.items()}
    used: Counter[tuple[str, str]] = Counter()
    for index in order:
        image, asked = pool[index]
        side = asked.answer if asked.answer in ("yes", "no") else ""
        limit = quota[asked.family] / 2 if side else quota[asked.family]
        if used[asked.family, side] >= limit or per_image[image] >= cap:
            continue
        taken.add(index)
        used[asked.family, side] += 1
        per_image[image] += 1
    for index in order:
        if len(taken) >= total:
            break
        if index not in taken and per_image[pool[index][0]] < cap:
            taken.add(index)
            per_image[pool[index][0]] += 1
    return sorted([index for index in order if index in taken][:total])


def _order(pool: Sequence[Candidate], random: np.random.Generator) -> list[int]:
    """Return a random order in which rare answers of a group come earlier (weighted sampling)."""
    answers = Counter((asked.local_group, asked.answer) for asked in pool)
    groups = Counter(asked.local_group for asked in pool)
    kinds = Counter((asked.family, asked.detailed) for asked in pool)
    uniform = random.random(len(pool))
    keys = []
    for asked, draw in zip(pool, uniform.tolist(), strict=True):
        weight = (
            answers[asked.local_group, asked.answer] / groups[asked.local_group]
        ) ** -SMOOTHING
        # no single template fills its type, no single noun its template
        weight *= kinds[asked.family, asked.detailed] ** -0.5
        weight *= groups[asked.local_group] ** -0.15
        keys.append(-np.log(draw + 1e-12) / weight)
    return [int(index) for index in np.argsort(np.asarray(keys), kind="stable")]
