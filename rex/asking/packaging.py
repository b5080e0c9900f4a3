"""A trained run as an MLflow model: `mlflow.pyfunc.load_model` answers like `rex ask`."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from rex.asking.run_detector import SIDE_FILES, load_run, weights_of
from rex.errors import InputError
from rex.files import whole_folder


def package_run(
    out: str | PathLike[str],
    run: Path,
    weights: Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Write the run in the folder `run`, with its detector, as an MLflow model into `out`, whole.

    The weights are tensors, the code is REX's own: nothing of the model is pickled. REX itself
    must be installed where the model is loaded. Raises InputError when the run or its detector
    cannot be loaded, their files have one name, or `out` is there already.
    """
    import mlflow

    from rex.asking.answerer import Answerer
    from rex.asking.mlflow_model import answer_rows

    target = Path(out)
    if target.exists():
        raise InputError("is there already", file=out, cure="name another folder")
    changes = changes or {}
    _, config = load_run(run, changes)
    files = {"checkpoint": run / "checkpoint.pt", "detector": weights or weights_of(run, config)}
    for name in SIDE_FILES:
        path = getattr(config.regions, name)
        if path is not None:
            files[name] = Path(path)
    names = [path.name for path in files.values()]
    if len(set(names)) < len(names):
        # MLflow lays them all into one folder
        raise InputError(
            f"the run and its detector have files of one name ({', '.join(names)})",
            file=files["detector"],
            cure="give it another name",
        )
    example = _example()
    # what cannot answer here is not packaged
    answer_rows(Answerer.load(run, weights, changes), example)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    with whole_folder(target) as folder:
        mlflow.pyfunc.save_model(
            str(folder),
            python_model=str(Path(__file__).with_name("mlflow_model.py")),
            artifacts={name: str(path) for name, path in files.items()},
            model_config={"settings": dict(changes)},
            signature=_signature(),
            input_example=example,
            pip_requirements=[],
        )


def _signature() -> Any:
    """Return what goes in and what comes out; what a run may not say is not required."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    said = {"question": "string", "method": "string", "answer": "string", "probability": "double"}
    said |= {"explanation": "string", "sentence": "string", "entails_answer": "boolean"}
    said |= {"verdict": "string", "program": "string", "notes": AnyType()}
    said |= {"width": "long", "height": "long", "words": AnyType()}
    optional = ("answer", "probability", "explanation", "sentence", "entails_answer", "program")
    return ModelSignature(
        inputs=Schema([ColSpec("string", "image"), ColSpec("string", "question")]),
        outputs=Schema(
            [ColSpec(kind, name, required=name not in optional) for name, kind in said.items()]
        ),
    )


def _example() -> Any:
    """Return a row that can be asked anywhere: its image stands in it."""
    import pandas as pd
    from PIL import Image

    content = io.BytesIO()
    Image.new("RGB", (64, 48), "skyblue").save(content, "PNG")
    address = "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")
    return pd.DataFrame({"image": [address], "question": ["Is there a dog?"]})
