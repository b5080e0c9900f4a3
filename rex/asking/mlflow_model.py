"""What MLflow runs when a packaged run is loaded (a model "from code": nothing is pickled)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel

from rex.asking.answerer import Answerer


class AskingModel(PythonModel):  # type: ignore[misc]
    """Answers the rows of a table with the columns `image` (a path) and `question`."""

    def load_context(self, context: Any) -> None:
        """Load the run and its detector from the model's artifacts."""
        artifacts: Mapping[str, str] = context.artifacts
        self.answerer = Answerer.load(
            Path(artifacts["checkpoint"]).parent, Path(artifacts["detector"])
        )

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return for each row what `rex ask --json` prints."""
        return [
            self.answerer.ask([Path(image)], question)[0].to_json()
            for image, question in zip(model_input["image"], model_input["question"], strict=True)
        ]


mlflow.models.set_model(AskingModel())
