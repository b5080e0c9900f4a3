"""A dataset class for VLMEvalKit: questions with boxes asked for, scored as a reward is.

Copy it to `vlmeval/dataset/` of a clone of open-compass/VLMEvalKit, and name the class in its
`__init__.py`: `from .gqa_rex import GqaRex`, and `GqaRex` in `IMAGE_DATASET`. Then

    export REX_QUESTIONS=… REX_SCENE_GRAPHS=… REX_IMAGES=data/world/images/{}.jpg REX_FORMAT=pixels
    python run.py --data GQA_REX --model …

`REX_FORMAT` says what the numbers of the model's boxes mean: `rex evaluate --format`.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any, ClassVar

import pandas as pd

from rex.errors import InputError
from rex.reward import Reward

from ..smp import dump, load
from .image_base import ImageBaseDataset

ASKED = "\nExplain with the boxes of the objects you name, then answer: The answer is …"


@cache
def _reward() -> Reward:
    return Reward.read(
        os.environ["REX_QUESTIONS"],
        os.environ["REX_SCENE_GRAPHS"],
        format=os.environ.get("REX_FORMAT", "pixels"),
    )


def _is_explained(question_id: str) -> bool:
    try:
        _reward().score(question_id, "")
    except InputError:
        return False
    return True


class GqaRex(ImageBaseDataset):  # type: ignore[misc]
    """GQA's questions, or those of a data set in its layout, with a grounded explanation each."""

    TYPE = "VQA"
    # nothing is downloaded: the files are named by the environment
    DATASET_URL: ClassVar = {"GQA_REX": ""}
    DATASET_MD5: ClassVar = {"GQA_REX": ""}

    def load_data(self, dataset: str) -> pd.DataFrame:
        """Return a row for each question that has a scene graph, and a true explanation."""
        with open(os.environ["REX_QUESTIONS"], encoding="utf-8") as file:
            questions = json.load(file)
        rows = [
            {
                "question_id": name,
                "image_path": os.environ["REX_IMAGES"].replace("{}", entry["imageId"]),
                "question": entry["question"],
                "answer": entry["answer"],
                "category": entry["types"]["structural"],
            }
            for name, entry in questions.items()
            if _is_explained(name)
        ]
        return pd.DataFrame(rows).assign(index=range(len(rows)))

    def build_prompt(self, line: Any) -> list[dict[str, str]]:
        """Return the image and the question, with what is asked."""
        messages: list[dict[str, str]] = super().build_prompt(line)
        messages[-1]["value"] += ASKED
        return messages

    def evaluate(self, eval_file: str, **judge_kwargs: Any) -> pd.DataFrame:
        """Return the mean scores in percent, of all and of each category; no judge is asked."""
        said = load(eval_file)
        # a spreadsheet may have taken ids for numbers, without the zeros that they begin with
        names = dict(zip(self.data["index"], self.data["question_id"], strict=True))
        scores = pd.DataFrame(
            _reward().scores(
                [names[one] for one in said["index"]], list(map(str, said["prediction"]))
            )
        )
        scores["category"] = list(said["category"])
        means = scores.groupby("category").mean()
        means.loc["Overall"] = scores.drop(columns="category").mean()
        result = (100 * means).reset_index()
        dump(result, f"{eval_file.rpartition('.')[0]}_acc.csv")
        return result
