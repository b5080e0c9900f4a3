"""One run from files to a checkpoint, and from a checkpoint to predictions."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rex.arrays import Integers
from rex.config import Config, TrainingSettings, compared
from rex.config_files import config_values
from rex.devices import choose_device
from rex.errors import InputError
from rex.experiment import SETTINGS, RunName, Setting, settings_given
from rex.files import made_by, write_parquet, write_text
from rex.locks import locked
from rex.models.decoder import MethodSettings
from rex.models.methods import decoder_class, method_settings
from rex.models.model import ExplainedAnswering
from rex.models.pretrained import read_word_pieces
from rex.models.vocabulary import Vocabulary
from rex.regions.inspection import check_finite
from rex.regions.store import RegionStore
from rex.sampling import questions_of
from rex.training.checkpoints import (
    Checkpoint,
    TrainingState,
    load_checkpoint,
    save_checkpoint,
    vocabulary_values,
    weights_digest,
)
from rex.training.dataset import (
    Examples,
    QuestionSet,
    feature_statistics,
    read_asked,
    read_vocabulary,
)
from rex.training.failures import plain_failures, run_folder
from rex.training.loop import Plan, Trainer
from rex.training.objectives import objective_of
from rex.training.observing import Observe, Observer, Record
from rex.training.prediction import check_store, predict, predictions_table
from rex.training.processes import processes
from rex.training.texts import (
    add_names,
    add_programs,
    add_tags,
    check_classes,
    name_regions,
    read_explanations,
    read_programs,
    region_names,
)

_STATE = "resume.pt"
"""In a run's folder: where an unfinished run stands, or what a finished one found."""
_HOW = ("accumulation", "save_every")
"""Settings that change how a run is trained, not what it learns: it goes on with others."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunFiles:
    """What a run reads, and its folder."""

    questions: Path
    explanations: Path
    regions: Path
    vocabulary: Path
    out: Path
    start: Path | None = None
    """The folder of the run that this one starts from (transfer)."""


def train_run(
    config: Config, files: RunFiles, name: RunName, observe: Observe | None = None
) -> list[Record]:
    """Train one run, or what is left of it, and write its folder; return the record of each epoch.

    `observe` makes who is told of it (default: no one).
    Raises InputError on bad input, on a loss that is not a number, and when memory or disk is full.
    """
    objective = objective_of(name.setting, name.method, config.model.mode)
    settings = config.training_of(transfer=objective.transfer, answers=objective.answers)
    options = method_settings(name.method, settings_given(name.method, config.methods))
    with (
        run_folder(files.out),
        plain_failures(files.out),
        processes(choose_device(config.compute)) as joined,
        locked(files.out) if joined.first else contextlib.nullcontext(),
    ):
        store = RegionStore(files.regions)
        data = _read(config, files, name, objective, settings, store, options)
        model = _build(config, name, data.vocabulary, store, options)
        start = _start_from(model, name, objective, files, data.vocabulary, store)
        # each process draws its own dropout
        torch.manual_seed(name.seed + joined.rank)
        plan = Plan(
            rows=data.rows,
            held_out=data.held_out,
            objective=objective,
            settings=settings,
            seed=name.seed,
            resume=files.out / _STATE,
            identity={
                **vars(name),
                "model": config_values(config)["model"],
                "method": vars(model.options),
                "training": {k: v for k, v in compared(vars(settings)).items() if k not in _HOW},
                "start": start,
                "data": _digest(data, store.signature),
            },
        )
        facts = {
            "data.digest": plan.identity["data"],
            "data.regions": json.dumps(store.signature, sort_keys=True),
            "data.learnt": str(len(data.rows)),
            "data.held_out": str(len(data.held_out)),
        }
        # the published decoder goes on after an explanation's end, and its gate learns there
        steps = settings.explanation_length if config.model.mode == "compat" else None
        examples = Examples(data.questions, store, joined.device, steps=steps)
        trainer = Trainer(model, examples, plan, joined)
        resumed = trainer.restore()
        nobody = contextlib.nullcontext(Observer())
        with observe(facts, settings, resumed) if observe else nobody as observer:
            final = trainer.fit(observer)
            if joined.first:
                made = _checkpoint(config, name, data.vocabulary, store, model, final)
                save_checkpoint(files.out / "checkpoint.pt", made)
                _write_run(files.out, final.history, name, config_values(config))
        return final.history


def _checkpoint(
    config: Config,
    name: RunName,
    vocabulary: Vocabulary,
    store: RegionStore,
    model: ExplainedAnswering,
    final: TrainingState,
) -> Checkpoint:
    """Return the weights of the best epoch, with all that is needed to build the model again."""
    transformer = model.backbone.transformer.config.to_dict() if config.model.pretrained else None
    return Checkpoint(
        **vars(name),
        epoch=final.best_epoch,
        config=config_values(config),
        vocabulary=vocabulary_values(vocabulary),
        feature_size=store.feature_size,
        signature=store.signature,
        weights=final.best_weights,
        options=vars(model.options),
        transformer=transformer,
    )


@dataclasses.dataclass(frozen=True)
class _Data:
    """What a run learns from."""

    questions: QuestionSet
    vocabulary: Vocabulary
    rows: Integers
    """The questions that are learnt."""
    held_out: Integers
    """Those that choose the epoch."""


def _read(
    config: Config,
    files: RunFiles,
    name: RunName,
    objective: Setting,
    settings: TrainingSettings,
    store: RegionStore,
    options: MethodSettings,
) -> _Data:
    vocabulary = read_vocabulary(files.vocabulary, regions=store.regions)
    # a pretrained backbone knows words by the ids it was trained with
    if pieces := config.model.word_pieces or config.model.pretrained:
        vocabulary = dataclasses.replace(vocabulary, pieces=read_word_pieces(pieces))
    asked = read_asked(files.questions)
    texts = read_explanations(files.explanations, asked, store) if objective.explanations else {}
    decoder = decoder_class(name.method)
    named = decoder is not None and decoder.names_objects
    if named or options.tags:
        check_classes(store)
    if named:
        names = region_names(store)
        texts = name_regions(texts, {key: names[asked[key].image_id] for key in texts})
        vocabulary = add_names(vocabulary, store)
    if options.tags:
        vocabulary = add_tags(vocabulary, store)
    programs = None
    if options.programs and objective.explanations:
        programs = read_programs(files.questions, asked)
        vocabulary = add_programs(vocabulary, programs.values())
    questions = QuestionSet.of(
        asked,
        vocabulary,
        explanations=texts,
        programs=programs,
        question_length=settings.question_length,
        explanation_length=settings.explanation_length,
    )
    rows, held_out = questions_of(
        objective,
        questions.image_ids,
        [question.types.detailed or "" for question in asked.values()],
        holdout=settings.holdout,
        other_images=config.transfer.other_images,
        seed=name.seed,
    )
    if config.model.mode == "compat":
        # the published code does not learn a question at all whose explanation is longer
        lengths = np.array([len(texts.get(key, "").split()) for key in questions.question_ids])
        rows = rows[lengths[rows] <= settings.explanation_length]
    data = _Data(questions, vocabulary, rows, held_out)
    return _learnable(data, files, answers=objective.answers)


def _learnable(data: _Data, files: RunFiles, *, answers: bool) -> _Data:
    """Return what a run learns from: without `answers`, questions with an explanation alone.

    Raises InputError where nothing is left to learn, or to choose the epoch by.
    """
    if not answers:
        explained = data.questions.explanations.lengths > 0
        rows, held_out = (some[explained[some]] for some in (data.rows, data.held_out))
        data = dataclasses.replace(data, rows=rows, held_out=held_out)
    if not len(data.rows):
        lacks = "explanation" if len(data.questions) else "question"
        raise InputError(
            f"has no {lacks} to learn from",
            file=files.explanations if len(data.questions) else files.questions,
            cure="are these the files of the training split?",
        )
    if not answers and not len(data.held_out):
        raise InputError(
            "has no explanation of a held-out question, by which epochs are chosen",
            file=files.explanations,
            cure="raise training.holdout",
        )
    return data


def _build(
    config: Config,
    name: RunName,
    vocabulary: Vocabulary,
    store: RegionStore,
    options: MethodSettings,
) -> ExplainedAnswering:
    torch.manual_seed(name.seed)
    model = ExplainedAnswering(
        name.method,
        config.model,
        vocabulary,
        feature_size=store.feature_size,
        question_length=config.training.question_length,
        explanation_length=config.training.explanation_length,
        options=options,
    )
    if config.model.pretrained is None and config.model.mode == "fixed":
        model.backbone.standardise(*feature_statistics(store))
    return model


def _start_from(
    model: ExplainedAnswering,
    name: RunName,
    objective: Setting,
    files: RunFiles,
    vocabulary: Vocabulary,
    store: RegionStore,
) -> str | None:
    """Load the weights that a transfer run starts from; return their digest."""
    if objective.start is None:
        return None
    wanted = dataclasses.replace(name, setting=objective.start)
    cure = f"name the folder of the run {wanted}"
    if files.start is None:
        raise InputError("a transfer run starts from another run", file="--start", cure=cure)
    path = files.start / "checkpoint.pt"
    checkpoint = load_checkpoint(path)
    found = RunName(setting=checkpoint.setting, method=checkpoint.method, seed=checkpoint.seed)
    if found != wanted:
        raise InputError(
            f"is of the run {found}, {name} starts from {wanted}", file=path, cure=cure
        )
    check_store(checkpoint, store)
    if checkpoint.words() != vocabulary:
        raise InputError(
            "was trained with another vocabulary", file=path, cure="train both runs on one"
        )
    try:
        model.load_state_dict(checkpoint.weights)
    except RuntimeError as error:
        raise InputError(
            f"has other weights than this model ({str(error).splitlines()[-1].strip()})",
            file=path,
            cure="train both runs with the same model settings",
        ) from None
    return weights_digest(checkpoint.weights)


def _write_run(out: Path, history: list[Record], name: RunName, values: dict[str, Any]) -> None:
    import yaml

    write_text(out / "log.jsonl", "".join(json.dumps(record) + "\n" for record in history))
    made = {"made_by": made_by("rex train", vars(name))}
    write_text(out / "config.yaml", yaml.safe_dump(values | made))


def _forget_state(run: Path) -> None:
    """Remove the state of a training whose checkpoint has been read.

    Until then it stays: a workflow that is killed, or whose job fails at its very end, throws the
    checkpoint away, and started again takes it from the state. A state that is newer than the
    checkpoint is that of a training which is not finished.
    """
    state = run / _STATE
    with contextlib.suppress(OSError):  # no such file, or a folder that is only to be read
        if state.stat().st_mtime_ns <= (run / "checkpoint.pt").stat().st_mtime_ns:
            state.unlink()


def predict_run(config: Config, run: Path, *, questions: Path, regions: Path, out: Path) -> None:
    """Write what the run in the folder `run` predicts for `questions`; raises InputError."""
    checkpoint = load_checkpoint(run / "checkpoint.pt")
    _forget_state(run)
    store = RegionStore(regions)
    check_store(checkpoint, store)
    asked = read_asked(questions)
    check_finite(store, [question.image_id for question in asked.values()])
    with plain_failures(run, smaller="lower evaluation.batch_size or evaluation.beams"):
        predictions = predict(checkpoint.build(), checkpoint, config, asked, store)
    write_parquet(
        out,
        predictions_table(list(asked), predictions, answers=SETTINGS[checkpoint.setting].answers),
        provenance=made_by(
            "rex predict",
            {
                "setting": checkpoint.setting,
                "method": checkpoint.method,
                "seed": checkpoint.seed,
                "epoch": checkpoint.epoch,
                "parameters": sum(weight.numel() for weight in checkpoint.weights.values()),
                "mode": checkpoint.settings().mode,
            },
        ),
    )


def _digest(data: _Data, signature: dict[str, Any]) -> str:
    """Return a fingerprint of all that a run learns from."""
    questions, words = data.questions, vocabulary_values(data.vocabulary)
    digest = hashlib.sha256(json.dumps([words, signature], sort_keys=True).encode())
    for part in (questions.pieces, questions.explanations, questions.programs):
        if part is None:
            continue
        digest.update(part.values.tobytes() + part.starts.tobytes())
    digest.update(questions.answers.tobytes() + "\n".join(questions.image_ids).encode())
    digest.update(data.rows.tobytes())
    return digest.hexdigest()
