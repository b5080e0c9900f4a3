"""Predictions of other systems, as JSON.

    {
      "method": "ours", "setting": "multi-task", "seed": 0,
      "predictions": [
        {"question_id": "05515938", "answer": "yes", "probability": 0.93,
         "explanation": "#3 is to the left of #17", "regions": [3, -1, -1, -1, -1, -1, 17]}
      ]
    }

Only `predictions` and each `question_id` are needed. `explanation` is blank-separated tokens;
`regions` gives the region of each token (-1: a word), for methods that link words to regions; when
it is left out, the tokens `#i` say so themselves. `gates` (one number a token) is shown by the
gallery; `program` is the question's program as the model wrote it, e.g.
`select : dog -> query : color [0]`. Explanations that name no region are read as English, and may
have `boxes` (`model_answers`).
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Annotated, Any

import msgspec

from rex.errors import InputError, readable
from rex.tokens import LARGEST_REGION, is_region

_CURE = "see docs/measures.md for the format"

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Region = Annotated[int, msgspec.Meta(ge=-1, le=LARGEST_REGION)]


class _Prediction(msgspec.Struct, forbid_unknown_fields=True):
    question_id: str
    answer: str | None = None
    probability: _Share | None = None
    explanation: str | None = None
    regions: list[_Region] | None = None
    gates: list[_Share] | None = None
    program: str | None = None
    boxes: Any = None
    """Read by `model_answers`."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    predictions: list[_Prediction]
    method: str | None = None
    setting: str | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_REGION)] | None = None


def read_json_predictions(path: str | PathLike[str]) -> dict[str, list[Any]]:
    """Read a JSON predictions file as the columns that a Parquet file of predictions has.

    Raises InputError that names the entry and the field, or the question.
    """
    rows = _read(path).predictions
    names = (name for name in _Prediction.__struct_fields__ if name != "boxes")
    return {name: [getattr(row, name) for row in rows] for name in names}


def is_rows(path: str | PathLike[str]) -> bool:
    """Return whether a file is JSON Lines, or a JSON list."""
    suffix = Path(path).suffix
    if suffix == ".jsonl":
        return True
    if suffix != ".json" or not Path(path).is_file():
        return False
    with open(path, "rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def is_english(path: str | PathLike[str]) -> bool:
    """Return whether the explanations of a JSON predictions file name no region, by number."""
    rows = [row for row in _read(path).predictions if row.explanation or row.boxes]
    return bool(rows) and not any(
        row.regions or row.gates or any(map(is_region, (row.explanation or "").split()))
        for row in rows
    )


def json_run(path: str | PathLike[str]) -> dict[str, Any]:
    """Return what a JSON predictions file says of its run: method, setting, seed, if it does."""
    file = _read(path)
    said = {"method": file.method, "setting": file.setting, "seed": file.seed}
    return {name: value for name, value in said.items() if value is not None}


def _read(path: str | PathLike[str]) -> _File:
    try:
        with readable(path, folder="name the predictions file"):
            return msgspec.json.decode(Path(path).read_bytes(), type=_File)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        raise InputError(problem, file=path, place=place.strip(".`"), cure=_CURE) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not valid JSON ({error})", file=path, cure=_CURE) from None
