from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import yaml

from rex.config import WorldSettings
from rex.config_files import config_values, parse_config
from rex.errors import InputError
from rex.given_files import check_given_files, check_world
from rex.world.folder import record_file


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


def _own_data(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "train_questions.json").write_text("{}")


def test_a_world_does_not_take_the_place_of_what_is_none(tmp_path: Path) -> None:
    _own_data(tmp_path / "mine")
    with pytest.raises(InputError) as told:
        check_world(parse_config({"data": str(tmp_path / "mine")}), "mine.yaml")
    assert str(told.value) == (
        f"mine.yaml: data: {tmp_path}/mine is there, and is not a world made by REX; "
        "set source to gqa to use what is there, or name another folder"
    )
    check_world(parse_config({"data": str(tmp_path / "mine"), "source": "gqa"}), "mine.yaml")
    check_world(parse_config({"data": str(tmp_path / "none")}), "mine.yaml")


def test_a_world_of_other_results_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = parse_config({"dataset": "first", "data": "data/world", "world": {"seed": 2}})
    record_file(Path("data/world")).parent.mkdir(parents=True)
    record = {"settings": dataclasses.asdict(first.world)}
    record_file(Path("data/world")).write_text(json.dumps(record))
    Path("results/first").mkdir(parents=True)
    Path("results/first/config.yaml").write_text(yaml.safe_dump(config_values(first)))

    check_world(dataclasses.replace(first, dataset="second"), "second.yaml")
    # its own world may change
    check_world(dataclasses.replace(first, world=WorldSettings()), "first.yaml")
    other = dataclasses.replace(first, dataset="second", world=WorldSettings())
    with pytest.raises(InputError, match=r"data: data/world is the world of results/first, "):
        check_world(other, "second.yaml")
    check_world(dataclasses.replace(other, data="data/second"), "second.yaml")
