"""The named reasons for not explaining a question."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """Why a question has no explanation."""

    NO_SCENE_GRAPH = "no scene graph"
    NO_PROGRAM = "no program"
    OBJECT_MISSING = "object missing"
    NOTHING_SELECTED = "nothing selected"
    NO_VALUE = "no value"
    RELATED_TO_ITSELF = "related to itself"
    NO_COMMON_ATTRIBUTE = "no common attribute"
    NOTHING_TO_COMPARE = "nothing to compare"
    ANSWER_NOT_IN_CHOICE = "answer not in A|B"
    GLOBAL_SCENE = "global scene question"
    PUBLISHED_ERROR = "the published code fails"
    PUBLISHED_DROP = "the published code drops it"
    ORDER_DEPENDENT = "depends on the order of questions"


class Skip(Exception):  # noqa: N818 (nothing is wrong with the input: a question is not explained)
    """A question that cannot be explained, and why; `str` gives the status `reason: detail`."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
