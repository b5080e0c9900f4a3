from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from rex.config import Config, Run
from rex.config_files import (
    check_experiment,
    config_schema,
    config_values,
    config_yaml,
    parse_config,
    read_config,
    read_settings,
)
from rex.config_limits import _ABOVE_0, _AT_LEAST, _SHARES, _SHARES_BELOW_1
from rex.errors import InputError
from rex.training.objectives import objective_of

ROOT = Path(__file__).parents[1]


def test_config_yaml_is_what_the_classes_say() -> None:
    assert (ROOT / "config.yaml").read_text() == config_yaml(), (
        "run: rex config defaults --out config.yaml"
    )


def test_the_schema_is_what_the_classes_say() -> None:
    path = ROOT / "workflow/schemas/config.schema.json"
    assert json.loads(path.read_text()) == config_schema(), f"run: rex config schema --out {path}"


def test_config_yaml_holds_every_default() -> None:
    assert yaml.safe_load(config_yaml()) == config_values(Config())


@pytest.mark.parametrize(
    "path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name
)
def test_every_shipped_configuration_is_valid(path: Path) -> None:
    check_experiment(read_config(path))


def test_perfect_regions_are_not_asked_of_testdev() -> None:
    values = {"regions": {"selection": "scene-graphs"}}
    with pytest.raises(InputError, match=r"regions.selection: testdev has no scene graphs"):
        check_experiment(parse_config(values))
    check_experiment(parse_config({**values, "evaluation": {"splits": ["val"]}}))


def test_values_survive_a_round_trip() -> None:
    config = parse_config({"dataset": "other", "experiment": {"seeds": [3, 4]}})
    assert parse_config(config_values(config)) == config
    assert config.experiment.seeds == (3, 4)


def test_an_unknown_key_is_named_with_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n  epoch: 3\n")
    with pytest.raises(InputError) as caught:
        read_config(path)
    line = str(caught.value)
    assert str(path) in line
    assert "training.epoch" in line
    assert "epochs" in line
    assert "\n" not in line


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(InputError, match=r"training\.epochs.*'many'"):
        parse_config({"training": {"epochs": "many"}})


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n  epochs: [3\nmodel: 4\n")
    with pytest.raises(InputError, match="line 3"):
        read_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml"):
        read_config(tmp_path / "absent.yaml")


def test_a_configuration_may_be_given_as_json() -> None:
    assert read_config('{"training": {"epochs": 3}}').training.epochs == 3
    with pytest.raises(InputError, match=r"--config.*line 1"):
        read_config('{"training": ')


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"world": {"train_images": -3}}, "world.train_images: -3 is too small; give 1 or more"),
        ({"world": {"width": 0}}, "world.width: 0 is too small; give 32 or more"),
        ({"training": {"learning_rate": 0}}, "training.learning_rate: 0.0 is too small"),
        ({"training": {"learning_rate": float("nan")}}, "training.learning_rate: nan is too small"),
        ({"training": {"holdout": 1}}, "training.holdout: 1.0 is no share; give a number from 0"),
        ({"training": {"warmup": 1.5}}, "training.warmup: 1.5 is no share"),
        ({"dataset": "../x"}, "dataset: '../x' is no name"),
        ({"model": {"hidden_size": 10, "heads": 4}}, "model.heads: 4 heads do not divide"),
        ({"experiment": {"seeds": []}}, "experiment.seeds: [] are no seeds"),
        ({"experiment": {"seeds": [0, 0]}}, "experiment.seeds: [0, 0] are no seeds"),
        ({"experiment": {"seeds": [-1]}}, "experiment.seeds: [-1] are no seeds"),
    ],
)
def test_values_that_make_no_sense(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_config(values)
    assert str(caught.value).startswith(f"config: {said}")
    assert caught.value.cure


def test_every_number_has_a_limit() -> None:
    limited = {
        name
        for names in (*_AT_LEAST.values(), _ABOVE_0, _SHARES, _SHARES_BELOW_1)
        for name in names.split()
    }
    numbers = {
        f"{section}.{key}"
        for section, values in config_values(Config()).items()
        if isinstance(values, dict)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    assert limited == numbers


def test_the_grid_takes_what_training_takes() -> None:
    settings = get_args(get_type_hints(Run)["setting"])
    methods = get_args(get_type_hints(Run)["method"])
    for mode, setting, method in itertools.product(("fixed", "compat"), settings, methods):
        grid = {"runs": [{"setting": setting, "method": method}]}
        values = {"model": {"mode": mode}, "experiment": grid}
        try:
            objective_of(setting, method, mode)
        except InputError:
            with pytest.raises(InputError, match=r"experiment\.runs\.0: (no )?method"):
                parse_config(values)
        else:
            parse_config(values)


def test_the_keys_of_a_file_without_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n  epochs: 3\nmade_by: me\n")
    assert read_settings(path) == {"training": {"epochs": 3}}
    with pytest.raises(InputError, match=r"can't be read \(Is a directory\)"):
        read_settings(tmp_path)


def test_a_pretrained_backbone_has_its_own_heads() -> None:
    assert parse_config({"model": {"heads": 3, "pretrained": "folder"}}).model.heads == 3


def test_a_rate_that_may_be_left_out_makes_sense_where_it_is_given() -> None:
    with pytest.raises(InputError, match=r"explanation_learning_rate: 0\.0 is too small"):
        parse_config({"training": {"explanation_learning_rate": 0}})


def test_the_mode_names_both_parts_where_they_differ() -> None:
    compat = {"mode": "compat"}
    assert parse_config({}).mode == "fixed"
    assert parse_config({"model": compat, "explanations": compat}).mode == "compat"
    assert parse_config({"explanations": compat}).mode == "explanations compat, model fixed"


RUN = {"setting": "multi-task", "method": "rex"}


@pytest.mark.parametrize(
    ("values", "place", "known"),
    [
        ({"worlds": {}}, "worlds", "dataset"),
        ({"training": {"epoch": 1}}, "training.epoch", "epochs"),
        ({"regions": {"features": {"tran": "a"}}}, "regions.features.tran", "train, val, testdev"),
        (
            {"experiment": {"runs": [RUN, RUN, RUN, {"setting": "multi-task", "metod": "rex"}]}},
            "experiment.runs.3.metod",
            "setting, method",
        ),
    ],
)
def test_an_unknown_key_names_the_known_ones(
    values: dict[str, object], place: str, known: str
) -> None:
    with pytest.raises(InputError, match=f"{place}: unknown key; known here: .*{known}"):
        parse_config(values)


def test_a_file_that_is_nested_too_deep_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text("[" * 5000)
    with pytest.raises(InputError, match=r"deep\.yaml: nested too deep"):
        read_config(path)
