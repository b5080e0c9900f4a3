from __future__ import annotations

import dataclasses
from pathlib import Path

from rex.config import Config, ExperimentRun, ExperimentSettings, FeatureFiles, ForeignAnswers
from rex.grid import Results


def results(**changes: object) -> Results:
    return Results.of(dataclasses.replace(Config(), **changes))  # type: ignore[arg-type]


def test_every_run_and_reference_row_is_measured_on_every_split() -> None:
    grid = results(
        experiment=ExperimentSettings(
            runs=(ExperimentRun(setting="multi-task", method="rex"),), seeds=(0, 3)
        )
    )
    runs = Path("results/world/runs")
    assert grid.runs() == [runs / "multi-task/rex/seed0", runs / "multi-task/rex/seed3"]
    assert grid.metrics() == [
        runs / "multi-task/rex/seed0/metrics/val.json",
        runs / "multi-task/rex/seed0/metrics/testdev.json",
        runs / "multi-task/rex/seed3/metrics/val.json",
        runs / "multi-task/rex/seed3/metrics/testdev.json",
        runs / "reference/answer-prior/seed0/metrics/val.json",
        runs / "reference/answer-prior/seed0/metrics/testdev.json",
        runs / "reference/random-regions/seed0/metrics/val.json",
        Path("results/world/foreign/rule-based-stand-in-200-questions/val.json"),
    ]


def test_beside_transfer_stands_a_prior_of_as_few_answers() -> None:
    runs = Path("results/world/runs")
    experiment = ExperimentSettings(
        runs=(
            ExperimentRun(setting="transfer-1", method="rex"),
            ExperimentRun(setting="transfer-5", method="rex"),
        ),
        seeds=(0, 3),
    )
    both = [runs / f"reference/answer-prior-1/seed{seed}" for seed in (0, 3)]
    assert [*results(experiment=experiment).references()][1:3] == both
    experiment = dataclasses.replace(experiment, runs=experiment.runs[1:])
    assert not set(both) & set(results(experiment=experiment).references())


def test_answers_of_other_models_are_rows_and_the_stand_in_is_the_worlds() -> None:
    theirs = ForeignAnswers(name="Qwen3-VL (8B)", file="a.jsonl", split="testdev")
    evaluation = dataclasses.replace(Config().evaluation, foreign=(theirs,))
    path = Path("results/world/foreign/qwen3-vl-8b/testdev.json")
    assert results(evaluation=evaluation, source="gqa").foreign() == {path: theirs}
    both = results(evaluation=evaluation).foreign()
    assert next(iter(both)) == path
    (made,) = [row for row in both.values() if row is not theirs]
    assert (made.name, made.format) == ("Rule-based stand-in (200 questions)", "qwen2.5-vl")


def test_the_gallery_shows_one_seed_of_runs_that_learn_from_all_questions() -> None:
    transfer = ExperimentRun(setting="transfer-10", method="rex")
    whole = ExperimentRun(setting="multi-task", method="rex")
    runs = Path("results/world/runs")
    grid = results(experiment=ExperimentSettings(runs=(transfer, whole), seeds=(2, 5)))
    assert grid.shown_runs() == [runs / "multi-task/rex/seed2"]
    grid = results(experiment=ExperimentSettings(runs=(transfer,), seeds=(2,)))
    assert grid.shown_runs() == [runs / "transfer-10/rex/seed2"]


def test_imported_features_of_several_splits_are_one_store() -> None:
    assert results().region_store("val") == Path("results/world/regions/val.h5")
    assert results().imported() == []
    features = FeatureFiles(train="a.zip", val="a.zip", testdev="0.zip", label="theirs")
    grid = results(regions=dataclasses.replace(Config().regions, features=features))
    assert grid.imported() == ["0.zip", "a.zip"]
    assert grid.region_store("train") == Path("results/world/regions/imported-1.h5")
    assert grid.region_store("testdev") == Path("results/world/regions/imported-0.h5")
    features = dataclasses.replace(features, testdev=None)
    grid = results(regions=dataclasses.replace(Config().regions, features=features))
    assert grid.imported() == ["a.zip"]


def test_regions_that_a_vision_model_describes_are_in_stores_of_their_own() -> None:
    grid = results(regions=dataclasses.replace(Config().regions, features_from="clip"))
    assert grid.region_store("val") == Path("results/world/regions/described/val.h5")
