"""Two reference rows: how far a method gets without the image, and without grounding."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rex.config import Config
from rex.errors import InputError
from rex.evaluation.reading.predictions import prediction_table
from rex.experiment import FEWEST, PRIOR_OF_FEW, SETTINGS, transfer_setting
from rex.files import made_by, read_parquet, write_parquet
from rex.sampling import questions_of
from rex.tokens import region_of, region_token

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX_SUPPORT = 5
"""Training questions that must share a prefix before its answers are trusted."""

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_AFTER_ALL = chr(0x10FFFF)


def normalised(question: str) -> str:
    """Return the words of a question in lower case, each followed by one blank."""
    return "".join(f"{word} " for word in _WORD.findall(question.lower()))


class AnswerPrior:
    """Answers a question from its words alone, by what similar training questions were answered.

    The training questions with the same text decide; else those that share the longest prefix with
    enough of them (`PREFIX_SUPPORT`); else all. The most frequent answer wins, and of equals the
    one that is more frequent among all questions, then the first in the alphabet.
    """

    def __init__(self, questions: Sequence[str], answers: Sequence[str]) -> None:
        if not questions:
            raise ValueError("no training questions")
        # sorted, all questions with one prefix stand together
        order = sorted(range(len(questions)), key=lambda place: normalised(questions[place]))
        self._texts = [normalised(questions[place]) for place in order]
        self._answers = [answers[place] for place in order]
        self._frequency = Counter(answers)
        self._best = lru_cache(maxsize=None)(self._most_frequent)

    def answer(self, question: str) -> tuple[str, float]:
        """Return the likeliest answer, and its share of the training questions looked at."""
        text = normalised(question)
        begin = bisect_left(self._texts, text)
        if begin < len(self._texts) and self._texts[begin] == text:
            return self._best(begin, bisect_right(self._texts, text, begin))
        words = text.split()
        for length in range(len(words), 0, -1):
            prefix = "".join(f"{word} " for word in words[:length])
            begin = bisect_left(self._texts, prefix)
            end = bisect_left(self._texts, prefix + _AFTER_ALL, begin)
            if end - begin >= PREFIX_SUPPORT:
                return self._best(begin, end)
        return self._best(0, len(self._texts))

    def _most_frequent(self, begin: int, end: int) -> tuple[str, float]:
        """Return the best answer of the sorted questions begin … end."""
        found = Counter(self._answers[begin:end])
        answer = min(found, key=lambda name: (-found[name], -self._frequency[name], name))
        return answer, found[answer] / found.total()


def random_regions(
    question_ids: Sequence[str],
    texts: Iterable[str | None],
    num_boxes: npt.NDArray[np.integer],
    seed: int,
) -> pa.Table:
    """Return the explanations `texts` [n] with each region replaced by a random one of its image.

    `num_boxes` [n] counts the image's regions. The words stay true, so the row shows what caption
    measures and grounding give to an explanation that knows everything but where to look.
    """
    generator = np.random.default_rng(seed)
    explanations: list[str | None] = []
    regions: list[list[int] | None] = []
    for text, count in zip(texts, num_boxes.tolist(), strict=True):
        drawn = [
            token if region_of(token) < 0 else region_token(int(generator.integers(count)))
            for token in (text or "").split()
        ]
        explanations.append(None if text is None else " ".join(drawn))
        regions.append(None if text is None else [region_of(token) for token in drawn])
    return prediction_table(question_id=question_ids, explanation=explanations, regions=regions)


def write_answer_prior(
    out: str | PathLike[str],
    train: str | PathLike[str],
    questions: str | PathLike[str],
    *,
    config: Config | None = None,
    seed: int | None = None,
) -> None:
    """Answer `questions` from what those of `train` were answered, and write the predictions.

    With a `seed`, from those alone that the transfer run of this seed and `config` with the fewest
    questions learns from. Raises InputError when there are no training questions.
    """
    from rex.gqa.questions import iter_questions

    known = [
        (asked.question, asked.answer or "", asked.image_id, asked.types.detailed or "")
        for _, asked in iter_questions(train)
    ]
    if not known:
        raise InputError("holds no questions", file=train, cure="give the train questions")
    texts, answers, images, strata = map(list, zip(*known, strict=True))
    if seed is not None:
        config = config or Config()
        rows, _ = questions_of(
            SETTINGS[transfer_setting(FEWEST)],
            images,
            strata,
            holdout=config.training.holdout,
            other_images=config.transfer.other_images,
            seed=seed,
        )
        texts, answers = ([column[row] for row in rows] for column in (texts, answers))
    prior = AnswerPrior(texts, answers)
    found = {name: prior.answer(asked.question) for name, asked in iter_questions(questions)}
    predictions = prediction_table(
        question_id=list(found),
        answer=[answer for answer, _ in found.values()],
        probability=[probability for _, probability in found.values()],
    )
    method = "answer-prior" if seed is None else PRIOR_OF_FEW
    _write(out, predictions, method, seed=seed or 0)


def write_random_regions(
    out: str | PathLike[str],
    explanations: str | PathLike[str],
    regions: str | PathLike[str],
    seed: int,
) -> None:
    """Write the true explanations about random regions of their images as predictions.

    Raises InputError when an explanation names a region of an image that has none.
    """
    from rex.regions.store import RegionStore

    table = read_parquet(explanations, columns=("question_id", "image_id", "text"))
    store = RegionStore(regions)
    num_boxes = store.num_boxes[store.rows(table["image_id"].to_pylist())]
    question_ids, texts = table["question_id"].to_pylist(), table["text"].to_pylist()
    for question_id, text, count in zip(question_ids, texts, num_boxes.tolist(), strict=True):
        if not count and any(region_of(token) >= 0 for token in (text or "").split()):
            raise InputError(
                f"the explanation of question {question_id} names regions, its image has none",
                file=regions,
                cure="give the regions that the explanations were built with",
            )
    predictions = random_regions(question_ids, texts, num_boxes, seed)
    _write(out, predictions, "random-regions", draws=seed)


def _write(
    out: str | PathLike[str], predictions: pa.Table, method: str, *, seed: int = 0, **more: int
) -> None:
    made = {"setting": "reference", "method": method, "seed": seed, **more}
    write_parquet(out, predictions, provenance=made_by(f"rex reference {method}", made))
