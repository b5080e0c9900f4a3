"""One run from files to a checkpoint, and from a checkpoint to predictions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rex.config import Config, config_values
from rex.files import made_by, write_parquet, write_text
from rex.gqa.questions import read_questions
from rex.models.model import ExplainedAnswering
from rex.regions.store import RegionStore
from rex.training.batches import hold_out
from rex.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    vocabulary_values,
)
from rex.training.dataset import Examples, QuestionSet, read_explanations, read_vocabulary
from rex.training.loop import Record, Trainer
from rex.training.objectives import objective_of
from rex.training.optimisation import choose_device, choose_precision
from rex.training.prediction import check_store, predict, predictions_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunFiles:
    """What a run reads, and its folder."""

    questions: Path
    explanations: Path
    regions: Path
    vocabulary: Path
    out: Path


def train_run(
    config: Config,
    files: RunFiles,
    *,
    setting: str,
    method: str,
    seed: int,
    on_epoch: Callable[[Record], None] = lambda record: None,
) -> list[Record]:
    """Train one run, or what is left of it, and write its folder; return the record of each epoch.

    Raises InputError on bad input and on a loss that is not a number.
    """
    objective = objective_of(setting, method)
    device = choose_device(config.compute)
    store = RegionStore(files.regions)
    vocabulary = read_vocabulary(files.vocabulary, regions=store.regions)
    questions = QuestionSet.of(
        read_questions(files.questions),
        vocabulary,
        explanations=read_explanations(files.explanations) if objective.explanations else None,
        question_length=config.training.question_length,
        explanation_length=config.training.explanation_length,
    )
    examples = Examples(questions, store)
    rows, held_out = hold_out(questions.image_ids, config.training.holdout, seed=seed)
    torch.manual_seed(seed)
    model = ExplainedAnswering(
        method,
        config.model,
        vocabulary,
        feature_size=store.feature_size,
        question_length=config.training.question_length,
    )
    run = {"setting": setting, "method": method, "seed": seed}
    values = config_values(config)
    resume = files.out / "resume.pt"
    trainer = Trainer(
        model,
        examples,
        rows=rows,
        held_out=held_out,
        objective=objective,
        settings=config.training,
        seed=seed,
        device=device,
        resume=resume,
        identity={
            **run,
            **{section: values[section] for section in ("model", "training")},
            "data": _digest(questions, vocabulary_values(vocabulary), store.signature),
        },
        on_epoch=on_epoch,
    )
    final = trainer.fit()
    save_checkpoint(
        files.out / "checkpoint.pt",
        Checkpoint(
            setting=setting,
            method=method,
            seed=seed,
            epoch=final.best_epoch,
            config=values,
            vocabulary=vocabulary_values(vocabulary),
            feature_size=store.feature_size,
            signature=store.signature,
            weights=final.best_weights,
        ),
    )
    write_text(files.out / "log.jsonl", "".join(json.dumps(r) + "\n" for r in final.history))
    _write_config(files.out / "config.yaml", values, run)
    resume.unlink(missing_ok=True)
    return final.history


def predict_run(config: Config, run: Path, *, questions: Path, regions: Path, out: Path) -> None:
    """Write what the run in the folder `run` predicts for `questions`; raises InputError."""
    checkpoint = load_checkpoint(run / "checkpoint.pt")
    store = RegionStore(regions)
    check_store(checkpoint, store)
    trained = checkpoint.settings().training
    device = choose_device(config.compute)
    vocabulary = checkpoint.words()
    asked = QuestionSet.of(
        read_questions(questions),
        vocabulary,
        question_length=trained.question_length,
        explanation_length=trained.explanation_length,
    )
    predictions = predict(
        checkpoint.build(),
        vocabulary,
        Examples(asked, store),
        length=trained.explanation_length,
        beams=config.evaluation.beams,
        batch_size=config.evaluation.batch_size,
        precision=choose_precision(trained.precision, device),
        device=device,
    )
    write_parquet(
        out,
        predictions_table(asked.question_ids, predictions),
        provenance=made_by(
            "rex predict",
            {
                "setting": checkpoint.setting,
                "method": checkpoint.method,
                "seed": checkpoint.seed,
                "epoch": checkpoint.epoch,
                "mode": checkpoint.config["explanations"]["mode"],
            },
        ),
    )


def _digest(questions: QuestionSet, vocabulary: dict[str, Any], signature: dict[str, Any]) -> str:
    """Return a fingerprint of all that a run learns from."""
    digest = hashlib.sha256(json.dumps([vocabulary, signature], sort_keys=True).encode())
    for part in (questions.pieces, questions.explanations):
        digest.update(part.values.tobytes() + part.starts.tobytes())
    digest.update(questions.answers.tobytes() + "\n".join(questions.image_ids).encode())
    return digest.hexdigest()


def _write_config(path: Path, values: dict[str, Any], run: dict[str, Any]) -> None:
    import yaml

    write_text(path, yaml.safe_dump({**values, "made_by": made_by("rex train", run)}))
