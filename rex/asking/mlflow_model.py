"""What MLflow runs when a packaged run is loaded (a model "from code": nothing is pickled)."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel

from rex.asking.answerer import Answerer, Answers
from rex.asking.image_files import UnusableImageError, image_format
from rex.asking.run_detector import SIDE_FILES
from rex.errors import InputError


class AskingModel(PythonModel):  # type: ignore[misc]
    """Answers the rows of a table with the columns `image` and `question`.

    An image is a path, or for those who ask over a network `data:image/png;base64,…`.
    """

    def load_context(self, context: Any) -> None:
        """Load the run and its detector from the model's artifacts."""
        files: Mapping[str, str] = context.artifacts
        changes = dict((context.model_config or {}).get("settings", {}))
        # where the packaged files lie now
        regions = {name: files[name] for name in SIDE_FILES if name in files}
        changes["regions"] = {**changes.get("regions", {}), **regions}
        self.answerer = Answerer.load(
            Path(files["checkpoint"]).parent, Path(files["detector"]), changes
        )

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return for each row what `rex ask --json` prints, without `image`."""
        return answer_rows(self.answerer, model_input)


def answer_rows(answerer: Answers, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each row what `rex ask --json` prints, without `image`.

    `rows` has the columns `image` and `question`. Raises InputError where one of them is not a
    string, or cannot be answered.
    """
    replies = []
    for row, (image, question) in enumerate(
        zip(rows["image"], rows["question"], strict=True), start=1
    ):
        if not (isinstance(image, str) and isinstance(question, str)):
            raise InputError(
                "image or question is not a string",
                place=f"row {row}",
                cure="give strings",
            )
        with _file(image) as path:
            replies.append(answerer.ask([path], question)[0].to_json())
    return replies


@contextmanager
def _file(image: str) -> Iterator[Path]:
    """Yield the file of an image; one that is written in a `data:` address lives as long."""
    if not image.startswith("data:"):
        yield Path(image)
        return
    try:
        content = base64.b64decode(image.partition(";base64,")[2], validate=True)
        kind = image_format(content)
    except (binascii.Error, UnusableImageError) as error:
        raise InputError(
            str(error), file="image", cure="give data:image/png;base64,… of a JPEG, PNG or WebP"
        ) from None
    with tempfile.TemporaryDirectory(prefix="rex-ask-") as folder:
        path = Path(folder) / f"image.{kind.lower()}"
        path.write_bytes(content)
        yield path


mlflow.models.set_model(AskingModel())
