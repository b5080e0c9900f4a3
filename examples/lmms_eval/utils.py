"""What `gqa_rex.yaml` calls. Images lie where `REX_IMAGES` says: a path with {} for their id."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from PIL import Image

from rex.reward import Reward


@cache
def _reward() -> Reward:
    return Reward.read(
        os.environ["REX_QUESTIONS"],
        os.environ["REX_SCENE_GRAPHS"],
        format=os.environ.get("REX_FORMAT", "pixels"),
    )


def doc_to_visual(doc: Mapping[str, Any]) -> list[Image.Image]:
    """Return the image of a question."""
    path = os.environ["REX_IMAGES"].replace("{}", doc["image_id"])
    with Image.open(path) as image:
        return [image.convert("RGB")]


def doc_to_text(
    doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, str] | None = None
) -> str:
    """Return the question with what is asked."""
    around = lmms_eval_specific_kwargs or {}
    return f"{around.get('pre_prompt', '')}{doc['question']}{around.get('post_prompt', '')}"


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> Mapping[str, Any]:
    """Return the scores of a reply, 0 to 1 each, and whose they are: logged samples lack `doc`."""
    question_id = doc["question_id"]
    return {"question_id": question_id, **_reward().score(question_id, results[0])}
