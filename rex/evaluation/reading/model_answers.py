"""Answers of vision-language models, in the files that their tools write.

Rows are objects, in a JSON list or one a line (JSON Lines): GQA's `[{questionId, prediction}]`,
LLaVA's answer files (`question_id`, `text`), the samples that lmms-eval logs (`doc`, `resps`), or
objects with `answer`, `explanation` and `boxes`. Free text is taken apart into answer and
explanation.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rex.errors import InputError, readable
from rex.evaluation.reading.json_predictions import is_english, is_rows
from rex.exchange.marked import Marked, Numbers, read_marked

if TYPE_CHECKING:
    from rex.evaluation.reading.ground_truth import Questions

_CURE = "see docs/vlm.md for what is read"
_IDS = ("question_id", "questionId", "qid", "id")
_TEXTS = ("prediction", "text", "response", "output", "generated_text", "filtered_resps", "resps")
_SAID = re.compile(
    r"(?:(?:so|thus|therefore|hence),? )?(?:the|final) answer is:?\s+(.+?)\s*(?:\.(?=\s|$)|\n|$)",
    re.IGNORECASE,
)
_TAGGED = re.compile(r"<answer>\s*(.*?)\s*(?:</answer>|\Z)", re.IGNORECASE | re.DOTALL)
_DRESSING = re.compile(r"\*\*|</?(?:think|thinking|reasoning|explanation)>", re.IGNORECASE)
"""Bold type, and the tags that reasoning models put around their reasons."""
_LABELLED = re.compile(
    r"(?:^\s*|(?<=[.!?]) )(?:final )?answer\s*:\s*(.+?)\s*(?:\.?\s*$|\.\s|\n)", re.I | re.M
)
_EXPLAINED = re.compile(r"^\s*(?:explanation|reason(?:ing)?|because)\s*:?\s+", re.I | re.M)
_STEP = re.compile(r"^\s*step \d+(?: \([^)\n]*\))?\s*:\s*", re.I | re.M)
_VERDICT = re.compile(r"\s*(yes|no)\s*[,.:;]\s*(?=\S)", re.I)
_FENCED = re.compile(r"\s*```(?:json)?\s*(\{.*\})\s*```\s*\Z", re.DOTALL)
_BLANKS = re.compile(r"\s+")
_FEW = 4
"""Words of an answer that stands alone."""
_LARGEST = sys.float_info.max


def is_model_answers(path: str | PathLike[str]) -> bool:
    """Return whether a file is read here: rows, or predictions in English (`json_predictions`)."""
    return is_rows(path) or (Path(path).suffix == ".json" and is_english(path))


@dataclass
class Said:
    """What a model said to one question."""

    answer: str | None
    """Empty where its text gives none, which is wrong; None where it was not asked for one."""
    explanation: Marked | None = None


def read_model_answers(
    path: str | PathLike[str], questions: Questions, *, boxes_first: bool = False
) -> dict[str, Said]:
    """Return what a file says to each question, by question id.

    Raises InputError that names the row and the cure.
    """
    # a tool may have read ids as numbers, without the zeros that they begin with
    by_number = {name.lstrip("0"): name for name in questions.ids if name.isdigit()}
    found: dict[str, Said] = {}
    for place, row in _rows(path):
        name = _question_id(row, path, place)
        if name not in questions.rows:
            name = by_number.get(name.lstrip("0"), name)
        if name in found:
            raise InputError(
                f"question {name} is answered more than once",
                file=path,
                place=place,
                cure="keep one answer a question",
            )
        try:
            found[name] = read_row(row, boxes_first=boxes_first)
        except ValueError as error:
            raise InputError(str(error), file=path, place=place, cure=_CURE) from None
    return found


def _rows(path: str | PathLike[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (place, row) of a file."""
    with readable(path):
        text = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")
    if Path(path).suffix == ".jsonl":
        lines = enumerate(text.split(b"\n"), start=1)
        pieces = [(f"line {number}", line) for number, line in lines if line.strip()]
    else:
        pieces = [("", text)]
    for place, piece in pieces:
        try:
            value = msgspec.json.decode(piece)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = f"not valid JSON ({error})"
            raise InputError(problem, file=path, place=place or None, cure=_CURE) from None
        if not place and isinstance(value, dict):
            value = value.get("predictions")
        rows = value if isinstance(value, list) and not place else [value]
        for number, row in enumerate(rows):
            where = place or f"entry {number}"
            if not isinstance(row, dict):
                problem = f"holds {type(row).__name__} where an object is expected"
                raise InputError(problem, file=path, place=where, cure=_CURE)
            yield where, row


def _question_id(row: Mapping[str, Any], path: str | PathLike[str], place: str) -> str:
    doc = row.get("doc")
    for source in (row, doc if isinstance(doc, dict) else {}):
        for key in _IDS:
            value = source.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value)
    raise InputError(
        f"names no question (fields {', '.join(list(row)[:8])})",
        file=path,
        place=place,
        cure=f"give one of {', '.join(_IDS)}",
    )


def read_row(row: Mapping[str, Any], *, boxes_first: bool = False) -> Said:
    """Return what a row says. Raises ValueError where it holds no text."""
    if "answer" in row and ({"explanation", "boxes"} & set(row) or not set(_TEXTS) & set(row)):
        return _from_fields(row, boxes_first)
    for key in _TEXTS:
        value = row.get(key)
        while isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str):
            return (
                Said(value)
                if key == "prediction" and _is_short(value)
                else read_text(value, boxes_first=boxes_first)
            )
    raise ValueError(f"holds no text: none of answer, {', '.join(_TEXTS)}")


def _from_fields(row: Mapping[str, Any], boxes_first: bool) -> Said:
    answer, explanation = row.get("answer"), row.get("explanation")
    if not isinstance(answer, str | None) or not isinstance(explanation, str | None):
        raise ValueError("answer and explanation are text or null")
    boxes = row.get("boxes") or []
    if explanation is None and not boxes:
        return Said(answer)
    marked = read_marked(explanation or "", boxes_first=boxes_first)
    for box in boxes if isinstance(boxes, list) else [boxes]:
        label = box.get("label") if isinstance(box, dict) else None
        numbers = (box.get("bbox_2d") or box.get("box")) if isinstance(box, dict) else box
        marked.place(label if isinstance(label, str) else None, _four(numbers))
    return Said(answer, marked)


def _four(value: Any) -> Numbers:
    is_box = isinstance(value, list) and len(value) in (2, 4)
    if not is_box or not all(isinstance(one, int | float) for one in value):
        raise ValueError(f"boxes holds {json.dumps(value)[:40]}, which is not a list of 4 numbers")
    # JSON may hold NaN, and integers past every float: such a box lies outside the image
    return tuple([float(one) if abs(one) < _LARGEST else math.inf for one in value])


def read_text(text: str, *, boxes_first: bool = False) -> Said:
    """Take free text apart: answer and explanation, in either order, or JSON with both."""
    fenced = _FENCED.match(text)
    body = (fenced[1] if fenced else text).strip()
    if body.startswith("{") and '"answer"' in body:
        try:
            value = json.loads(body)
            if isinstance(value, dict):
                return _from_fields(value, boxes_first)
        except (ValueError, RecursionError):
            pass  # free text, then
    # the patterns would start again at each blank of a long run
    answer, rest = _split(_BLANKS.sub(_one_blank, _DRESSING.sub("", text)))
    rest = _EXPLAINED.sub("", rest, count=1)
    steps = _STEP.split(rest)
    # of a solution in steps, the last says why
    rest = steps[-1] if len(steps) > 1 else rest
    marked = read_marked(rest, boxes_first=boxes_first)
    if not answer.isalpha():
        answer = read_marked(answer).text
    return Said(answer, marked if marked.text or marked.loose else None)


def _one_blank(run: re.Match[str]) -> str:
    return "\n" if "\n" in run[0] else " "


def _split(text: str) -> tuple[str, str]:
    """Return the answer, "" where none can be told, and the rest of a text."""
    for pattern in (_TAGGED, _SAID, _LABELLED):
        found = list(pattern.finditer(text))
        if found:
            last = found[-1]
            return last[1], f"{text[: last.start()].rstrip()} {text[last.end() :].lstrip()}".strip()
    verdict = _VERDICT.match(text)
    if verdict is not None:
        return verdict[1].lower(), text[verdict.end() :]
    if _is_short(text):
        return text.strip(), ""
    for between in ("\n", " because ", ". "):
        first, _, rest = text.strip().partition(between)
        if rest and _is_short(first):
            return first.strip().rstrip("."), rest
    return "", text


def _is_short(text: str) -> bool:
    """Return whether a text is a word or two: an answer that stands alone."""
    return 0 < len(text.split()) <= _FEW and not read_marked(text).boxes()
