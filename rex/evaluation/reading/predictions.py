"""What a method predicted: one answer and one explanation a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rex.arrays import Ragged
from rex.errors import InputError
from rex.files import parquet_provenance, read_parquet
from rex.tokens import LARGEST_REGION, region_of

if TYPE_CHECKING:
    import pyarrow as pa

    from rex.evaluation.reading.facts import Fact

SHOWN_IDS = 3
"""How many question ids a message shows."""

COLUMNS = ("question_id", "answer", "probability", "explanation", "regions", "gates")
"""Of every table; one of a run that writes programs has `program`, too."""


@dataclass(frozen=True)
class Predictions:
    """The predictions of one run on one split, in any order.

    `explanations` are blank-separated tokens (None: none); `regions` [n rows] gives the region of
    each token, -1 at words.
    """

    question_ids: list[str]
    answers: list[str | None]
    explanations: list[str | None]
    regions: Ragged
    boxes: Ragged | None = None
    """In pixels [n sets]: what the regions of an explanation are; None: those of a region store."""
    programs: list[str | None] | None = None
    """The questions' programs as a model wrote them (`program_text`); None: it did not."""
    parameters: int | None = None
    """Trained weights of the model that made them; None: they do not say."""
    called: Sequence[Sequence[Fact]] | None = None
    """[n] what the words of an explanation call its boxes, beside what its tokens say."""

    @property
    def point(self) -> bool:
        """Whether any explanation names a region, or a box."""
        named = bool((self.regions.values >= 0).any())
        return named or (self.boxes is not None and len(self.boxes.values) > 0)

    @property
    def have_answers(self) -> bool:
        """Whether any answer was predicted: a method without answers is not wrong, it is mute."""
        return any(answer is not None for answer in self.answers)

    @property
    def have_explanations(self) -> bool:
        """Whether any explanation was predicted."""
        return any(explanation is not None for explanation in self.explanations)

    def named_regions(self, row: int) -> list[int]:
        """Return the different regions that explanation `row` names, in order of mention."""
        return list(dict.fromkeys(region for region in self.regions.row(row) if region >= 0))


def token_regions(explanations: Iterable[str | None]) -> Ragged:
    """Return the regions that the tokens of explanations [n] name, -1 at words."""
    rows = ([region_of(token) for token in (text or "").split()] for text in explanations)
    return Ragged.of(rows, np.int64)


def prediction_table(**columns: Any) -> pa.Table:
    """Return values, by the names of their columns [n each], as a table of predictions.

    Columns that are not given are null; `program` is left out then.
    """
    import pyarrow as pa

    types = {
        **dict.fromkeys(("question_id", "answer", "explanation", "program"), pa.string()),
        "probability": pa.float32(),
        "regions": pa.list_(pa.int32()),
        "gates": pa.list_(pa.float32()),
    }
    nothing = [None] * len(columns["question_id"])
    columns = {**dict.fromkeys(COLUMNS, nothing), **columns}
    return pa.table({name: pa.array(column, types[name]) for name, column in columns.items()})


def read_predictions(path: str | PathLike[str]) -> Predictions:
    """Read a predictions file.

    Raises InputError when it is damaged or names a question twice.
    """
    table = read_prediction_table(path)
    predictions = Predictions(
        question_ids=table["question_id"].to_pylist(),
        answers=table["answer"].to_pylist(),
        explanations=table["explanation"].to_pylist(),
        regions=_ragged(table["regions"]),
        programs=table["program"].to_pylist() if "program" in table.column_names else None,
        parameters=_parameters(Path(path)),
    )
    twice = repeated(predictions.question_ids)
    cure = "keep one prediction a question"
    refuse(twice, "questions are predicted more than once", path, cure=cure)
    return predictions


def _parameters(path: Path) -> int | None:
    if path.suffix == ".json":
        return None
    found = parquet_provenance(path).get("settings", {}).get("parameters")
    return found if isinstance(found, int) else None


def read_prediction_table(path: str | PathLike[str]) -> pa.Table:
    """Read a predictions file as a table, one row a question (columns as in docs/data.md).

    Parquet, as `rex predict` writes it, or JSON of other systems (see `json_predictions`). Raises
    InputError.
    """
    from rex.evaluation.reading.json_predictions import read_json_predictions
    from rex.evaluation.reading.model_answers import is_model_answers

    if is_model_answers(path):
        raise InputError(
            "holds a model's answers in its own words",
            file=path,
            cure="rex evaluate and rex submit read them; others take Parquet, or JSON whose "
            "explanations name regions",
        )
    if Path(path).suffix == ".json":
        return complete_regions(prediction_table(**read_json_predictions(path)), path)
    cure = "make it again with rex predict, or as JSON (docs/measures.md)"
    return complete_regions(
        read_parquet(path, columns=COLUMNS, optional=("program",), cure=cure), path
    )


def complete_regions(table: pa.Table, path: str | PathLike[str]) -> pa.Table:
    """Return predictions in which every explanation has the regions of its tokens.

    Where `regions` is null, the tokens `#i` say so themselves. Raises InputError, about the file
    `path`, when `regions` or `gates` has not one entry for each blank-separated token.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [None if text is None else text.split() for text in table["explanation"].to_pylist()]
    question_ids = table["question_id"].to_pylist()
    for name in ("regions", "gates"):
        if pa.types.is_null(table[name].type):
            continue
        lengths = pc.list_value_length(table[name]).to_pylist()
        for question_id, tokens, length in zip(question_ids, texts, lengths, strict=True):
            if length is not None and length != len(tokens or ()):
                raise InputError(
                    f"{name} has {length} entries for {len(tokens or ())} tokens",
                    file=path,
                    place=f"question {question_id}",
                    cure="give one for each blank-separated token of the explanation",
                )
    given = table["regions"].is_valid().to_pylist()
    if all(known or tokens is None for known, tokens in zip(given, texts, strict=True)):
        return table
    regions = table["regions"].to_pylist()
    for row, tokens in enumerate(texts):
        if tokens is not None and not given[row]:
            regions[row] = [region_of(token) for token in tokens]
            if max(regions[row], default=-1) > LARGEST_REGION:
                token = tokens[regions[row].index(max(regions[row]))]
                raise InputError(
                    f"no image has a region {token[:20]}",
                    file=path,
                    place=f"question {question_ids[row]}",
                    cure="see docs/measures.md for the format",
                )
    place = table.schema.get_field_index("regions")
    return table.set_column(place, "regions", pa.array(regions, pa.list_(pa.int64())))


def match_predictions(
    predictions: Predictions,
    question_ids: Sequence[str],
    path: str | PathLike[str],
    *,
    cure: str = "predict them all",
) -> npt.NDArray[np.int64]:
    """Return for each question [n] the row of its prediction.

    Raises InputError, showing three ids, when a question lacks one (`cure` is for it) or a
    prediction has no question.
    """
    row_of = {question_id: row for row, question_id in enumerate(predictions.question_ids)}
    known = set(question_ids)
    strangers = [name for name in predictions.question_ids if name not in known]
    missing = [name for name in question_ids if name not in row_of]
    problem = f"of {len(row_of)} predictions are for questions that are not in the questions file"
    refuse(strangers, problem, path, cure="give the questions that were predicted")
    refuse(missing, f"of {len(question_ids)} questions have no prediction", path, cure=cure)
    return np.array([row_of[question_id] for question_id in question_ids], dtype=np.int64)


def refuse(
    question_ids: Sequence[str], problem: str, path: str | PathLike[str], *, cure: str
) -> None:
    """Raise InputError that counts and shows the questions with a problem, if there are any."""
    if question_ids:
        more = ", …" if len(question_ids) > SHOWN_IDS else ""
        shown = ", ".join(question_ids[:SHOWN_IDS]) + more
        raise InputError(f"{len(question_ids)} {problem}: {shown}", file=path, cure=cure)


def repeated(question_ids: Iterable[str]) -> list[str]:
    """Return the ids that there are more than once."""
    return [name for name, count in Counter(question_ids).items() if count > 1]


def _ragged(column: Any) -> Ragged:
    """Return the rows of a list column; a null is an empty list."""
    import pyarrow.compute as pc

    # a null comes out as NaN (fill_null would import pandas, for a second)
    lengths = np.nan_to_num(pc.list_value_length(column).to_numpy()).astype(np.int64)
    return Ragged.from_lengths(pc.list_flatten(column).to_numpy().astype(np.int64), lengths)
