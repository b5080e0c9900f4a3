"""A detector and a trained run together: from an image and a question to an explained answer."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rex.errors import InputError
from rex.reporting.examples import Box, Example, Output, Word, cell_box, words_of
from rex.reporting.gallery import region_colors
from rex.reporting.results import METHODS

if TYPE_CHECKING:
    from rex.config import Config
    from rex.regions.detector import Detector
    from rex.regions.store import ImageRegions, RegionStore
    from rex.training.checkpoints import Checkpoint
    from rex.training.prediction import Answered


@dataclass(frozen=True)
class Reply:
    """The explained answer to one question about one image."""

    question: str
    method: str
    answer: str
    probability: float
    words: tuple[Word, ...] | None
    """None: the run has no decoder."""
    boxes: dict[int, Box]
    """The regions that the explanation names, in pixels of the image."""
    names: dict[int, str]
    """What the detector calls them."""
    width: int
    height: int

    def example(self) -> Example:
        """Return the reply as an example, to be drawn."""
        method = METHODS.get(self.method, self.method)
        output = Output(method, self.answer, self.probability, None, self.words, None)
        return Example(
            question_id="",
            image_id="",
            question=self.question,
            answer="",
            operations=(),
            words=(),
            outputs=(output,),
            boxes=self.boxes,
            names=self.names,
            objects=(),
        )

    @property
    def sentence(self) -> str | None:
        """The explanation with names instead of regions."""
        if self.words is None:
            return None
        said = [self._spoken(word) for word in self.words]
        verdict = {"yes": ["yes,"], "no": ["no,"]}.get(self.answer, [])
        text = " ".join([*verdict, *said])
        return f"{text[:1].upper()}{text[1:]}." if text else ""

    def to_json(self) -> dict[str, Any]:
        """Return the reply for programs; boxes are x1, y1, x2, y2 in pixels."""
        colors = region_colors(self.example())
        size = (self.width, self.height)
        return {
            "question": self.question,
            "method": self.method,
            "answer": self.answer,
            "probability": round(self.probability, 6),
            "explanation": None if self.words is None else " ".join(w.text for w in self.words),
            "sentence": self.sentence,
            "width": self.width,
            "height": self.height,
            "words": [_word(word, self, colors, size) for word in self.words or ()],
        }

    def _spoken(self, word: Word) -> str:
        if word.region is not None and word.text.startswith("#"):
            return f"the {self.names.get(word.region, 'object')}"
        return "this place" if word.cell is not None else word.text


class Answers(Protocol):
    """What answers questions about images."""

    def ask(self, images: Sequence[Path], question: str) -> list[Reply]:
        """Answer one question about each image. Raises InputError."""


class Answerer:
    """Answers with a trained run, on the regions of the detector that it was trained on."""

    def __init__(self, detector: Detector, checkpoint: Checkpoint, config: Config) -> None:
        self._detector, self._checkpoint, self._config = detector, checkpoint, config
        self._model = checkpoint.build()

    @classmethod
    def load(cls, run: Path, weights: Path | None, config: Config | None = None) -> Answerer:
        """Load the run in the folder `run` and the detector's `weights`.

        Without `weights` the detector is the one of the run's data set, `regions/detector.pth`
        beside `runs/`; without `config` all settings are those of the run. Raises InputError.
        """
        from rex.operators import register_operators
        from rex.regions.detector import Detector
        from rex.training.checkpoints import load_checkpoint
        from rex.training.optimisation import choose_device

        _quiet()
        register_operators()
        checkpoint = load_checkpoint(run / "checkpoint.pt")
        config = config or checkpoint.settings()
        path = weights or detector_of(run)
        if not path.is_file():
            raise InputError(
                "no such detector", file=path, cure="name the run's detector with --weights"
            )
        device = choose_device(config.compute).type
        return cls(Detector.load(path, config.regions, device), checkpoint, config)

    def ask(self, images: Sequence[Path], question: str) -> list[Reply]:
        """Answer one question about each image.

        Raises InputError when an image cannot be read, the question is empty, or the detector is
        not the one that the run was trained on.
        """
        from rex.regions.extraction import ImageFile, detect_all

        if not question.strip():
            raise InputError("the question is empty", cure="ask something")
        found = detect_all(self._detector, [ImageFile(path) for path in images])
        with tempfile.TemporaryDirectory(prefix="rex-ask-") as folder:
            store = self._store(Path(folder) / "asked.h5", found)
            answered = self._predict(store, question)
            return [
                self._reply(question, said, regions, store)
                for said, regions in zip(answered, found, strict=True)
            ]

    def _store(self, path: Path, found: Sequence[ImageRegions]) -> RegionStore:
        from rex.regions.store import RegionStore, RegionStoreWriter, StoreHeader
        from rex.training.prediction import check_store

        detector = self._detector
        header = StoreHeader(
            image_ids=[str(place) for place in range(len(found))],
            regions=detector.cfg.TEST.REGIONS,
            feature_size=detector.feature_size,
            signature=detector.signature,
            object_names=detector.classes.object_names,
            attribute_names=detector.classes.attribute_names,
            made_by={},
        )
        with RegionStoreWriter(path, header) as writer:
            writer.write(list(range(len(found))), found)
        store = RegionStore(path)
        check_store(self._checkpoint, store)
        return store

    def _predict(self, store: RegionStore, question: str) -> list[Answered]:
        from rex.gqa.questions import Question
        from rex.training.dataset import Examples, QuestionSet
        from rex.training.optimisation import choose_device, choose_precision
        from rex.training.prediction import predict

        trained = self._checkpoint.settings().training
        device = choose_device(self._config.compute)
        vocabulary = self._checkpoint.words()
        asked = QuestionSet.of(
            {
                image_id: Question(question_id=image_id, image_id=image_id, question=question)
                for image_id in store.image_ids
            },
            vocabulary,
            question_length=trained.question_length,
            explanation_length=trained.explanation_length,
        )
        return predict(
            self._model,
            vocabulary,
            Examples(asked, store, device),
            length=trained.explanation_length,
            beams=self._config.evaluation.beams,
            batch_size=self._config.evaluation.batch_size,
            precision=choose_precision(trained.precision, device),
            device=device,
        )

    def _reply(
        self, question: str, said: Answered, regions: ImageRegions, store: RegionStore
    ) -> Reply:
        words = (
            None
            if said.explanation is None
            else words_of(said.explanation, said.regions, said.gates)
        )
        named = sorted({word.region for word in words or () if word.region is not None})
        known = [region for region in named if region < len(regions.boxes)]
        labels = {region: int(regions.object_ids[region]) for region in known}
        left_out = set(named) - set(known)
        if words is not None and left_out:
            # an image may have fewer regions than the run knows: such a word points at nothing
            words = tuple(
                Word(word.text, None, word.cell, word.gate) if word.region in left_out else word
                for word in words
            )
        return Reply(
            question=question,
            method=self._checkpoint.method,
            answer=said.answer,
            probability=said.probability,
            words=words,
            boxes={region: _box(regions.boxes[region].tolist()) for region in known},
            names={
                region: store.object_names[label] for region, label in labels.items() if label >= 0
            },
            width=regions.width,
            height=regions.height,
        )


def _quiet() -> None:
    """Keep what libraries say about themselves away from a person who asked a question."""
    import logging
    import warnings

    logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="torch.meshgrid", category=UserWarning)


def detector_of(run: Path) -> Path:
    """Return where the workflow keeps the detector of a run's data set."""
    return run.resolve().parents[2].with_name("regions") / "detector.pth"


def _box(sides: Sequence[float]) -> Box:
    left, top, right, bottom = (round(float(side), 1) for side in sides)
    return (left, top, right, bottom)


def _word(
    word: Word, reply: Reply, colors: dict[int, str], size: tuple[int, int]
) -> dict[str, Any]:
    box: Box | None = None
    if word.region is not None:
        box = reply.boxes[word.region]
    elif word.cell is not None:
        box = cell_box(word.cell, *size)
    return {
        "text": word.text,
        "region": word.region,
        "name": None if word.region is None else reply.names.get(word.region),
        "color": None if word.region is None else colors[word.region],
        "cell": word.cell,
        "box": None if box is None else list(box),
        "gate": None if word.gate is None else round(word.gate, 4),
    }
