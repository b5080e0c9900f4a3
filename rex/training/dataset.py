"""Joins what is known of a question: its words, regions, answer and explanation; loads it ahead."""

from __future__ import annotations

import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from rex.arrays import Integers, Ragged
from rex.errors import InputError
from rex.files import read_json
from rex.models.batch import IGNORED, Batch
from rex.models.program_writer import LONGEST
from rex.models.vocabulary import END, Vocabulary
from rex.training.texts import encode_questions

if TYPE_CHECKING:
    from rex.gqa.questions import Question
    from rex.regions.store import RegionStore

_logger = logging.getLogger("rex.training")

Floats = npt.NDArray[np.float32]
Integers32 = npt.NDArray[np.int32]

_BLOCK = 1000
"""Images copied to a device at once."""


def read_vocabulary(path: str | PathLike[str], *, regions: int) -> Vocabulary:
    """Read `vocabulary.json` for images of `regions` regions.

    Answers and words are numbered by falling count, then by spelling. Raises InputError.
    """
    cure = "make it with rex explain vocabulary"
    value = read_json(path, cure=cure)
    try:
        answers, words, pieces = value["answers"], value["words"], value["question_pieces"]
        ordered = [_by_count(answers), _by_count(words)]
        begins = pieces[:4] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        if not all(isinstance(piece, str) for piece in pieces):
            raise TypeError
    except (LookupError, TypeError) as error:
        lacks = f" (lacks {error})" if type(error) is KeyError else ""
        raise InputError(f"not a vocabulary{lacks}", file=path, cure=cure) from None
    if not answers or not begins:
        raise InputError(
            "has no answers, or its question pieces don't begin with [PAD] [UNK] [CLS] [SEP]",
            file=path,
            cure=cure,
        )
    return Vocabulary(ordered[0], ordered[1], tuple(pieces), regions)


def _by_count(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda key: (-counts[key], key)))


def read_asked(path: str | PathLike[str]) -> dict[str, Question]:
    """Read what a file asks, without programs and annotations: a fraction of the memory.

    Returns question id to question. Raises InputError, also when there are none.
    """
    from rex.gqa.questions import Question, Types, iter_questions

    found = {
        question_id: Question(
            image_id=asked.image_id,
            question=asked.question,
            answer=asked.answer,
            types=Types(detailed=asked.types.detailed),
        )
        for question_id, asked in iter_questions(path)
    }
    if not found:
        raise InputError("holds no questions", file=path, cure="name a file of questions")
    return found


def tokens_of(text: str, number: Callable[[str], int], length: int) -> list[int]:
    """Return the ids that `number` gives a text's tokens, END last; what exceeds `length` is cut.

    A text that was cut has no END: that it ends there would be untrue.
    """
    return [*map(number, text.split()), END][:length]


@dataclass(frozen=True)
class QuestionSet:
    """N questions, ready to be batched."""

    question_ids: list[str]
    image_ids: list[str]
    """[N] (many questions share an image)."""
    pieces: Ragged
    """Word pieces."""
    answers: Integers
    """[N] class, or IGNORED: none, or one that the vocabulary lacks."""
    explanations: Ragged
    """Token ids; an empty row: no explanation."""
    programs: Ragged | None = None
    """The same of the questions' programs; None: they are not learnt."""

    @classmethod
    def of(
        cls,
        questions: Mapping[str, Question],
        vocabulary: Vocabulary,
        *,
        explanations: Mapping[str, str] | None = None,
        programs: Mapping[str, str] | None = None,
        question_length: int,
        explanation_length: int = 0,
    ) -> QuestionSet:
        """Number the words of `questions`, their `explanations` and `programs` (by question id)."""

        def rows(texts: Mapping[str, str], number: Callable[[str], int], length: int) -> Ragged:
            return Ragged.of(
                tokens_of(texts[key], number, length) if key in texts else () for key in questions
            )

        return cls(
            question_ids=list(questions),
            image_ids=[question.image_id for question in questions.values()],
            pieces=encode_questions(
                [question.question for question in questions.values()],
                vocabulary.pieces,
                question_length,
            ),
            answers=np.array(
                [vocabulary.answer_ids.get(q.answer or "", IGNORED) for q in questions.values()],
                dtype=np.int64,
            ),
            explanations=rows(explanations or {}, vocabulary.token_id, explanation_length),
            programs=None if programs is None else rows(programs, vocabulary.program_id, LONGEST),
        )

    def __len__(self) -> int:
        return len(self.question_ids)


@dataclass(frozen=True)
class LoadedBatch:
    """A batch on the CPU, whose features are still to be put together on the device."""

    batch: Batch
    """Its features are [B, R, D], those of the images [U, R, D], or none."""
    images: torch.Tensor | None
    """[B] int64: each question's row of the features, or of all images' if those are on the device;
    None: the features are in the order of the questions."""


class Examples:
    """A question set with the regions of its images: makes batches on a device.

    All features are kept on a GPU where they take at most half of its free memory; else a batch's
    are read from the store, each image's once. `steps`: explanations are computed
    for so many steps, however short they are (the published code; default: as long as they are).
    Raises InputError when the store lacks an image.
    """

    def __init__(
        self,
        questions: QuestionSet,
        store: RegionStore,
        device: torch.device | None = None,
        *,
        steps: int | None = None,
    ) -> None:
        self.questions = questions
        self.store = store
        self.device = device or torch.device("cpu")
        self.images = store.rows(questions.image_ids)
        unseen = int((store.num_boxes[self.images] == 0).sum())
        if unseen:
            _logger.warning("%d questions are about images without regions", unseen)
        self.steps = steps
        self._boxes = normalised_boxes(store.boxes, store.image_sizes, store.num_boxes)
        # on a CPU, giving each question its image's block would copy as much again
        self._reads_once = self.device.type != "cpu"
        self._resident: torch.Tensor | None = None
        if self.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.device)
            if 2 * self._place_for_features("meta").nbytes <= free:
                self.keep_features()

    def keep_features(self) -> None:
        """Copy all features to the device, once."""
        self._resident = self._place_for_features(self.device)
        for start in range(0, len(self.store), _BLOCK):
            images = np.arange(start, min(start + _BLOCK, len(self.store)))
            self._resident[start : start + len(images)] = self._read(images)

    def _place_for_features(self, device: torch.device | str) -> torch.Tensor:
        shape = (len(self.store), self.store.regions, self.store.feature_size)
        return torch.empty(shape, dtype=self._read(self.images[:0]).dtype, device=device)

    @property
    def threads(self) -> int:
        """How many threads should load batches (`loading.ahead`)."""
        return 2 if self.device.type == "cuda" and self._resident is None else 1

    def batch(self, rows: Integers) -> Batch:
        """Return the batch of these questions, padded to the longest of them."""
        return self.place(self.load(rows))

    def load(self, rows: Integers) -> LoadedBatch:
        """Read what belongs to these questions; may run in a thread of its own."""
        images = self.images[rows]
        features, order = self._features(images)
        explanations = torch.from_numpy(
            self.questions.explanations.padded(rows, IGNORED, least=self.steps or 1)
        )
        batch = Batch(
            pieces=torch.from_numpy(self.questions.pieces.padded(rows, 0)),
            features=features,
            boxes=torch.from_numpy(self._boxes[images]),
            num_boxes=torch.from_numpy(self.store.num_boxes[images].astype(np.int64)),
            objects=torch.from_numpy(self.store.object_ids[images].astype(np.int64)),
            attributes=torch.from_numpy(self.store.attribute_ids[images].astype(np.int64)),
            answers=torch.from_numpy(self.questions.answers[rows]),
            explanations=explanations,
            programs=None
            if self.questions.programs is None
            else torch.from_numpy(self.questions.programs.padded(rows, IGNORED)),
        )
        if self.device.type == "cuda":
            # a thread of its own would otherwise turn to the first GPU, whichever is ours
            with torch.cuda.device(self.device):
                batch, order = batch.pinned(), None if order is None else order.pin_memory()
        return LoadedBatch(batch, order)

    def _features(self, images: Integers) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self._resident is not None:
            return self._read(images[:0]), torch.from_numpy(images)
        if not self._reads_once:
            return self._read(images), None
        once, order = np.unique(images, return_inverse=True)
        return self._read(once), torch.from_numpy(order)

    def _read(self, images: Integers) -> torch.Tensor:
        return torch.from_numpy(self.store.features(images))

    def place(self, loaded: LoadedBatch) -> Batch:
        """Return a loaded batch on the device."""
        batch = loaded.batch.to(self.device)
        if loaded.images is None:
            return batch
        features = batch.features if self._resident is None else self._resident
        order = loaded.images.to(self.device, non_blocking=True)
        return dataclasses.replace(batch, features=features.index_select(0, order))


def feature_statistics(store: RegionStore) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation [D] of the features of up to 1,000 images of a store.

    Raises InputError where none of them has regions.
    """
    rows = np.unique(np.linspace(0, len(store) - 1, min(len(store), 1000)).astype(np.int64))
    exists = np.arange(store.regions) < store.num_boxes[rows, None]
    if not exists.any():
        raise InputError("its images have no regions", file=store.path, cure="extract them again")
    features = torch.from_numpy(store.features(rows)[exists].astype(np.float64))
    return features.mean(dim=0).float(), features.std(dim=0, correction=0).float()


def normalised_boxes(boxes: Floats, image_sizes: Integers32, num_boxes: Integers32) -> Floats:
    """Return [N, R, 6] x1, y1, x2, y2, width, height as shares of the image's width and height.

    `boxes` [N, R, 4] in pixels, `image_sizes` [N, 2] (width, height); boxes past `num_boxes` [N]
    are zero.
    """
    sizes = np.maximum(np.concatenate([image_sizes, image_sizes], axis=1), 1)
    corners = boxes / sizes[:, None]
    shares = np.concatenate([corners, corners[..., 2:] - corners[..., :2]], axis=-1)
    exists = np.arange(boxes.shape[1]) < num_boxes[:, None]
    return (shares * exists[..., None]).astype(np.float32)


Item = TypeVar("Item")
Made = TypeVar("Made")

_AHEAD = 2
"""Items under way for each thread: one in the making, one that waits."""


def ahead(
    make: Callable[[Item], Made], items: Iterable[Item], *, threads: int = 1
) -> Generator[Made, None, None]:
    """Yield `make(item)` for each item, in order, while threads make the next ones.

    What `make` raises is raised where its item's turn comes. Threads, not processes: what they do
    (copying memory, reading files) does not hold Python's lock, and nothing has to be sent.
    """
    waiting: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="loading")
    try:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > _AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
