"""A detector and a trained run together: from an image and a question to an explained answer."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rex.asking.image_files import check_size
from rex.asking.reply import Reply
from rex.asking.run_detector import load_detector, load_run
from rex.boxes import Box
from rex.errors import InputError
from rex.logs import warnings_only
from rex.reporting.examples import Word, words_of

if TYPE_CHECKING:
    from rex.config import Config
    from rex.regions.detector import Detector
    from rex.regions.store import ImageRegions
    from rex.training.checkpoints import Checkpoint
    from rex.training.prediction import Answered


class Answers(Protocol):
    """What answers questions about images."""

    def ask(self, images: Sequence[Path], question: str) -> list[Reply]:
        """Answer one question about each image. Raises InputError."""


class Answerer:
    """Answers with a trained run, on the regions of the detector that it was trained on."""

    def __init__(self, detector: Detector, checkpoint: Checkpoint, config: Config) -> None:
        from rex.training.objectives import objective_of

        self._detector, self._checkpoint, self._config = detector, checkpoint, config
        self._model = checkpoint.build()
        self._words = checkpoint.words()
        objective = objective_of(checkpoint.setting, checkpoint.method, config.model.mode)
        self._learnt_to_answer = objective.answers

    @classmethod
    def load(
        cls, run: Path, weights: Path | None = None, changes: Mapping[str, Any] | None = None
    ) -> Answerer:
        """Load the run in the folder `run` and the detector's `weights`.

        Without `weights` the detector is the one that the run's configuration names, or that of
        its data set: `regions/detector.pth` beside `runs/`. Settings are those of the run with
        `changes` (sections of a configuration); the device is the best that this machine has.
        Raises InputError when something is missing, or the detector is not the run's.
        """
        checkpoint, config = load_run(run, changes or {})
        return cls(load_detector(run, checkpoint, config, weights), checkpoint, config)

    def ask(self, images: Sequence[Path], question: str) -> list[Reply]:
        """Answer one question about each image.

        Raises InputError when an image cannot be read or is too large, or the question is empty or
        no text.
        """
        from rex.gqa.questions import Question
        from rex.regions.extraction import ImageFile, detect_each
        from rex.regions.store import RegionStore
        from rex.regions.store_writer import RegionStoreWriter
        from rex.training.prediction import predict

        if not question.strip():
            raise InputError("the question is empty", cure="ask something")
        for path in images:
            check_size(path)
        try:
            question.encode()
        except UnicodeEncodeError:
            raise InputError("the question is not valid text", cure="write it in UTF-8") from None
        with (
            warnings_only() if len(images) == 1 else nullcontext(),
            tempfile.TemporaryDirectory(prefix="rex-ask-") as folder,
        ):
            found: list[ImageRegions] = []
            for regions in detect_each(self._detector, [ImageFile(path) for path in images]):
                if isinstance(regions, InputError):
                    raise regions
                found.append(regions)
            rows, store = range(len(found)), Path(folder) / "asked.h5"
            header = self._detector.header([str(row) for row in rows], made_by={})
            with RegionStoreWriter(store, header) as writer:
                writer.write(rows, found)
            asked = {row: Question(image_id=row, question=question) for row in header.image_ids}
            answered = predict(
                self._model, self._checkpoint, self._config, asked, RegionStore(store)
            )
            notes = self._notes(question)
            return [
                self._reply(question, said, regions, notes)
                for said, regions in zip(answered, found, strict=True)
            ]

    def _notes(self, question: str) -> tuple[str, ...]:
        """Return what of the question the run does not understand, and whose regions it saw."""
        from rex.training.texts import unread

        notes = []
        new, cut = unread(question, self._words.pieces, self._config.training.question_length)
        if new:
            words = ", ".join(f"“{word}”" for word in new)
            notes.append(f"the training questions don't hold {words}: the answer may mean nothing")
        if cut is not None:
            notes.append(f"the question is too long: it was read only up to “… {cut[-30:]}”")
        signature = self._checkpoint.signature
        if "imported_from" in signature:
            notes.append(
                f"the run was trained on imported features ({signature['detector']}): "
                "the answer counts only if these detector weights made them"
            )
        return tuple(notes)

    def _reply(
        self,
        question: str,
        said: Answered,
        regions: ImageRegions,
        notes: tuple[str, ...],
    ) -> Reply:
        words: tuple[Word, ...] | None = None
        if said.explanation is not None:
            # an image may have fewer regions than the run knows: such a word points at nothing
            words = tuple(
                replace(word, region=None) if (word.region or 0) >= len(regions.boxes) else word
                for word in words_of(said.explanation, said.regions, said.gates)
            )
        named = sorted({word.region for word in words or () if word.region is not None})
        classes = self._detector.classes
        names = classes.object_names
        return Reply(
            question=question,
            method=self._checkpoint.method,
            answer=said.answer if self._learnt_to_answer else None,
            probability=said.probability if self._learnt_to_answer else None,
            words=words,
            boxes={region: _box(regions.boxes[region].tolist()) for region in named},
            names={
                region: names[label]
                for region in named
                # classes without names are numbered
                if (label := int(regions.object_ids[region])) >= 0 and not names[label].isdecimal()
            },
            width=regions.width,
            height=regions.height,
            notes=notes,
            objects=names,
            attributes=classes.attribute_names,
            program=said.program,
        )


def _box(sides: Sequence[float]) -> Box:
    left, top, right, bottom = (round(float(side), 1) for side in sides)
    return (left, top, right, bottom)
