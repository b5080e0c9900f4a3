from __future__ import annotations

from pathlib import Path

import pytest

from rex.config_files import parse_config
from rex.errors import InputError
from rex.given_files import check_given_files


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"source": "gqa", "data": "data/gqa"},
            "data: data/gqa is not there; get GQA: rex gqa fetch data/gqa",
        ),
        (
            {"evaluation": {"foreign": [{"name": "a", "file": "a.jsonl", "format": "qwen"}]}},
            "evaluation.foreign.0.format: no format 'qwen'; one of jsonl",
        ),
        (
            {"evaluation": {"foreign": [{"name": "a", "file": "a.jsonl"}]}},
            "evaluation.foreign.0.file: a.jsonl is not there; name what the model answered",
        ),
        (
            {"regions": {"weights": "mine.pkl"}},
            "regions.weights: mine.pkl is not there; check the path",
        ),
    ],
)
def test_a_file_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, object], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as told:
        check_given_files(parse_config(values), "mine.yaml")
    assert str(told.value).startswith(f"mine.yaml: {said}")
