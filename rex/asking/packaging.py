"""A trained run as an MLflow model: `mlflow.pyfunc.load_model` answers like `rex ask`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from rex.asking.answerer import Answerer, detector_of
from rex.errors import InputError


def package_run(out: str | PathLike[str], run: Path, weights: Path | None = None) -> None:
    """Write the run in the folder `run`, with its detector, as an MLflow model into `out`.

    REX itself must be installed where the model is loaded. Raises InputError when the run or its
    detector cannot be loaded, or `out` is there already.
    """
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    if Path(out).exists():
        raise InputError("is there already", file=out, cure="name another folder")
    Answerer.load(run, weights)  # what cannot be loaded here is not packaged
    mlflow.pyfunc.save_model(
        str(out),
        python_model=str(Path(__file__).with_name("mlflow_model.py")),
        artifacts={
            "checkpoint": str(run / "checkpoint.pt"),
            "detector": str(weights or detector_of(run)),
        },
        signature=ModelSignature(
            inputs=Schema([ColSpec("string", "image"), ColSpec("string", "question")])
        ),
        pip_requirements=[],
    )
