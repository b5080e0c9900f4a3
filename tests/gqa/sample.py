"""Where the real GQA sample lies, if it is there, and small entries in GQA's formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SAMPLE = (Path(__file__).parents[2] / "../shared/gqa-sample").resolve()
QUESTIONS = SAMPLE / "questions.json"
SCENE_GRAPHS = SAMPLE / "sceneGraphs.json"
VAL_QUESTIONS = SAMPLE / "val_questions_1358.json"
OOD_QUESTIONS = SAMPLE / "ood_testdev_tail.json"

needs_sample = pytest.mark.skipif(not QUESTIONS.exists(), reason="the GQA sample is not here")


def question_entry(**changes: Any) -> dict[str, Any]:
    """Return a question as it stands in GQA's files."""
    entry = {
        "semantic": [
            {"operation": "select", "dependencies": [], "argument": "dog (11)"},
            {"operation": "query", "dependencies": [0], "argument": "color"},
        ],
        "entailed": ["q2"],
        "equivalent": ["q1"],
        "question": "What color is the dog?",
        "imageId": "1",
        "isBalanced": True,
        "groups": {"global": "color", "local": "10q-dog_color"},
        "answer": "brown",
        "semanticStr": "select: dog (11)->query: color [0]",
        "annotations": {"answer": {}, "question": {"4": "11"}, "fullAnswer": {"1": "11"}},
        "types": {"detailed": "directWhich", "semantic": "attr", "structural": "query"},
        "fullAnswer": "The dog is brown.",
    }
    return {**entry, **changes}


def scene_graph_entry(**changes: Any) -> dict[str, Any]:
    """Return a scene graph as it stands in GQA's files."""
    entry = {
        "width": 100,
        "height": 80,
        "location": "outdoors",
        "weather": "sunny",
        "objects": {
            "11": {
                "name": "dog",
                "x": 10,
                "y": 10,
                "w": 20,
                "h": 30,
                "attributes": ["brown"],
                "relations": [{"name": "near", "object": "12"}],
            },
            "12": {
                "name": "ball",
                "x": 60,
                "y": 50,
                "w": 10,
                "h": 10,
                "attributes": [],
                "relations": [],
            },
        },
    }
    return {**entry, **changes}
