"""The whole station on a hand-made split, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rex.cli import main
from rex.evaluation.measures.answers import STRUCTURAL_TYPES
from rex.evaluation.measures.java import JavaUnavailableError
from rex.evaluation.metrics import Metrics, read_metrics
from rex.evaluation.reading.predictions import read_predictions
from rex.experiment import RunName
from tests.evaluation.small_split import SmallSplit, true_answers, true_texts


@pytest.fixture(autouse=True)
def _no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """METEOR takes seconds to start and has tests of its own."""

    def missing(*_: object, **__: object) -> None:
        raise JavaUnavailableError("not computed: needs Java, and no `java` is on the PATH")

    monkeypatch.setattr("rex.evaluation.measures.meteor.meteor_statistics", missing)


def evaluate(split: SmallSplit, predictions: Path, *extra: str, truth: bool = True) -> int:
    arguments = ["evaluate", str(predictions), "--questions", str(split.questions)]
    if truth:
        arguments += ["--explanations", str(split.explanations), "--regions", str(split.regions)]
        arguments += ["--scene-graphs", str(split.scene_graphs), "--ood", str(split.ood)]
    return main([*arguments, "--out", str(split.folder / "metrics.json"), *extra])


def metrics(split: SmallSplit) -> Metrics:
    return read_metrics(split.folder / "metrics.json")


def test_perfect_predictions(split: SmallSplit) -> None:
    assert evaluate(split, split.predict(true_answers(), true_texts())) == 0
    found = metrics(split)
    assert found.run == RunName(setting="multi-task", method="rex", seed=0)
    assert (found.split, found.n, found.mode) == ("val", 6, "fixed")
    scores = found.scores
    assert scores["accuracy"].value == pytest.approx(100)
    assert scores["accuracy/ood-tail"].n == 1
    assert scores["bleu4"].value == pytest.approx(100)
    assert scores["bleu4"].n == 5  # q6 has no true explanation
    # dog and car exactly; cup and table: 800 + 50 of 800 + 100 pixels; the tree has no region
    assert scores["grounding"].value == pytest.approx(100 * (1 + 850 / 900 + 1 + 0) / 4)
    assert scores["grounding/bounded"].n == 3
    assert scores["grounding/coverage"].value == pytest.approx(75)
    assert scores["meteor"].value is None
    assert "needs Java" in (scores["meteor"].reason or "")
    assert scores["spice"].reason == "not computed: needs CoreNLP 3.6.0"
    assert scores["bleu4"].signature.startswith("tok:blank|as:pycocoevalcap-1.2|mode:fixed")


def test_regions_of_resized_images_are_measured_alike(split: SmallSplit) -> None:
    predictions = split.predict(true_answers(), true_texts())
    found = []
    for scale in (1, 0.5):
        with h5py.File(split.regions, "r+") as file:
            file["boxes"][:] *= scale
            file["image_sizes"][:] = file["image_sizes"][:] * scale
        assert evaluate(split, predictions) == 0
        found.append({name: score.value for name, score in metrics(split).scores.items()})
    assert found[0]["grounding"] == found[1]["grounding"]
    assert found[0]["truth"] is not None
    assert found[0] == found[1]


def test_a_signature_is_of_the_measure_not_of_what_was_measured(split: SmallSplit) -> None:
    """Seeds whose signatures differ have no mean."""
    signatures = []
    for answers, texts in (
        (true_answers(), true_texts()),
        (dict.fromkeys(true_answers(), "no"), dict.fromkeys(true_texts(), "#0 is red and not big")),
    ):
        assert evaluate(split, split.predict(answers, texts)) == 0
        scores = metrics(split).scores
        signatures.append({name: s.signature for name, s in scores.items() if s.value is not None})
    common = signatures[0].keys() & signatures[1].keys()
    assert {"truth", "agreement", "grounding", "bleu4", "validity"} <= common
    assert [name for name in common if signatures[0][name] != signatures[1][name]] == []


def test_every_score_has_a_value_or_a_reason(split: SmallSplit) -> None:
    assert evaluate(split, split.predict(true_answers(), {}, method="backbone")) == 0
    for name, score in metrics(split).scores.items():
        assert (score.value is None) == (score.reason is not None), name
    assert metrics(split).scores["cider"].reason == (
        "not computed: the predictions hold no explanations"
    )
    assert metrics(split).scores["cider"].unit == "library value x 100"


def test_a_split_without_scene_graphs(split: SmallSplit) -> None:
    path = split.predict(true_answers(), true_texts())
    assert evaluate(split, path, "--split", "testdev", truth=False) == 0
    scores = metrics(split).scores
    assert scores["accuracy"].value == pytest.approx(100)
    assert "no scene graphs" in (scores["grounding"].reason or "")
    assert "no GQA-OOD files" in (scores["accuracy/ood-all"].reason or "")


def test_grounding_beside_answers(split: SmallSplit) -> None:
    # q4 is answered wrongly, and its explanation points elsewhere
    answers, texts = true_answers() | {"q4": "blue"}, true_texts() | {"q4": "#1 is blue"}
    assert evaluate(split, split.predict(answers, texts)) == 0
    scores = metrics(split).scores
    assert scores["grounding/right"].value == pytest.approx(100 * (1 + 850 / 900 + 0) / 3)
    assert scores["grounding/wrong"].value == pytest.approx(0)
    assert scores["grounding/right-minus-wrong"].n == 4
    assert scores["grounding/right-minus-wrong"].interval is not None
    assert evaluate(split, split.predict(dict.fromkeys(answers), texts)) == 0
    assert metrics(split).scores["grounding/wrong"].reason == (
        "not computed: the predictions hold no answers"
    )


def test_agreement_and_truth(split: SmallSplit) -> None:
    assert evaluate(split, split.predict(true_answers(), true_texts())) == 0
    scores = metrics(split).scores
    # "tree is @4" is not of the grammar, and q6 has no explanation
    assert scores["readable"].value == pytest.approx(100 * 4 / 6)
    # the colors of dog and car, that the cup is on the table, and "there is no cat"
    assert scores["agreement"].value == pytest.approx(100 * 4 / 6)
    # no relation is annotated: the cup is on no table
    assert scores["truth"].value == pytest.approx(100 * 3 / 4)
    assert scores["truth"].n == 4


def test_agreement_and_truth_by_type_of_question(split: SmallSplit) -> None:
    texts = {
        "q1": "#0 is brown",
        "q4": "green #0 is red",  # what describes the car is wrong, the main clause is true
        "q2": "#2 is on #1",  # the scene graph relates nothing to anything
        "q3": "there is no cat",
        "q5": "left or right",  # states nothing
        "q6": "#0 is not red but blue",
    }
    assert evaluate(split, split.predict(true_answers() | {"q2": "no"}, texts)) == 0
    scores = metrics(split).scores
    found = {
        name: [scores[f"{name}/structural/{kind}"].value for kind in STRUCTURAL_TYPES]
        for name in ("agreement", "entails", "truth", "truth/main")
    }
    # query: q1, q4; verify: q2, q3; choose: q5; logical: q6; compare: none
    assert found == {
        "agreement": [100, 50, 0, 0, None],
        "entails": [100, 100, 0, 0, None],
        "truth": [pytest.approx(100 * 2 / 3), 50, None, 0, None],
        "truth/main": [100, 50, None, 0, None],
    }
    assert [scores[f"truth/structural/{kind}"].n for kind in STRUCTURAL_TYPES] == [2, 2, 0, 1, 0]
    assert scores["truth"].value == pytest.approx(100 * 3 / 7)
    assert scores["truth/main"].value == pytest.approx(100 * 3 / 6)


def test_agreement_where_only_the_detector_knows_names(split: SmallSplit) -> None:
    path = split.predict(true_answers(), true_texts())
    assert evaluate(split, path, "--regions", str(split.regions), truth=False) == 0
    scores = metrics(split).scores
    # it calls every region a thing: whether a cup is on the table, nothing says
    assert scores["agreement"].value == pytest.approx(100 * 3 / 6)
    assert "names:detected" in scores["agreement"].signature
    assert scores["truth"].reason == "not computed: needs scene graphs"


def test_the_detector_must_have_seen_all_images(
    split: SmallSplit, capsys: pytest.CaptureFixture[str]
) -> None:
    split.questions.write_text(split.questions.read_text().replace('"img2"', '"img9"'))
    path = split.predict(true_answers(), true_texts())
    assert evaluate(split, path, "--regions", str(split.regions), truth=False) == 2
    assert "has no regions of image 'img9'" in capsys.readouterr().err


def test_some_missing_explanations_count_as_zero(split: SmallSplit) -> None:
    texts = true_texts() | {"q1": None}
    assert evaluate(split, split.predict(true_answers(), texts)) == 0
    scores = metrics(split).scores
    assert scores["rouge-l"].value == pytest.approx(80)
    assert scores["grounding"].value == pytest.approx(100 * (0 + 850 / 900 + 1 + 0) / 4)


def test_same_input_same_bytes(split: SmallSplit) -> None:
    path = split.predict(true_answers(), true_texts())
    evaluate(split, path)
    first = (split.folder / "metrics.json").read_bytes()
    evaluate(split, path)
    assert (split.folder / "metrics.json").read_bytes() == first


def test_a_region_that_the_image_lacks(
    split: SmallSplit, capsys: pytest.CaptureFixture[str]
) -> None:
    path = split.predict(true_answers(), true_texts() | {"q4": "#2 is red"})
    assert evaluate(split, path) == 2
    assert "question q4 names region 2 of image img2, which has 2" in capsys.readouterr().err
    assert not (split.folder / "metrics.json").exists()


def test_explanations_of_other_questions(
    split: SmallSplit, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = split.questions.read_text().replace('"q2"', '"other"')
    split.questions.write_text(text)
    path = split.predict(true_answers(), true_texts())
    assert evaluate(split, path) == 2
    assert "not in the questions file: q2;" in capsys.readouterr().err


def test_explanations_that_are_given_twice(
    split: SmallSplit, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pq.read_table(split.explanations)
    pq.write_table(pa.concat_tables([table, table.slice(1, 1)]), split.explanations)
    assert evaluate(split, split.predict(true_answers(), true_texts())) == 2
    said = capsys.readouterr().err
    assert "val.parquet: 1 questions are explained more than once: q2;" in said


def test_random_regions_of_an_image_without_any(
    split: SmallSplit, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(split.regions, "r+") as file:
        file["num_boxes"][0] = 0
    out = split.folder / "reference.parquet"
    regions = ["--explanations", str(split.explanations), "--regions", str(split.regions)]
    assert main(["reference", "random-regions", *regions, "--out", str(out)]) == 2
    assert "names regions, its image has none; give the" in capsys.readouterr().err
    assert not out.exists()


def test_the_reference_rows(split: SmallSplit) -> None:
    out = split.folder / "reference.parquet"
    regions = ["--explanations", str(split.explanations), "--regions", str(split.regions)]
    assert main(["reference", "random-regions", *regions, "--out", str(out)]) == 0
    assert evaluate(split, out) == 0
    found = metrics(split)
    assert found.run == RunName(setting="reference", method="random-regions", seed=0)
    assert found.scores["accuracy"].reason == "not computed: the predictions hold no answers"
    assert (found.scores["grounding"].value or 0) < 100 * 0.73

    questions = ["--train", str(split.questions), "--questions", str(split.questions)]
    assert main(["reference", "answer-prior", *questions, "--out", str(out)]) == 0
    assert evaluate(split, out) == 0
    assert metrics(split).run.method == "answer-prior"
    assert metrics(split).scores["accuracy"].value == pytest.approx(100)


def test_the_prior_of_few_questions_is_named_and_knows_less(
    split: SmallSplit, tmp_path: Path
) -> None:
    """Of 40 images with a question each, one is held out and one question is left of the others."""
    records = json.loads(split.questions.read_text())
    one = next(iter(records.values()))
    train = tmp_path / "train.json"
    train.write_text(
        json.dumps(
            {
                f"t{place}": {**one, "imageId": f"i{place}", "answer": f"answer {place}"}
                for place in range(40)
            }
        )
    )
    config = json.dumps({"training": {"holdout": 0.01}})
    answers = {}
    for seed in (0, 1):
        out = tmp_path / f"{seed}.parquet"
        command = ["reference", "answer-prior", "--train", str(train), "--seed", str(seed)]
        files = ["--questions", str(split.questions), "--config", config, "--out", str(out)]
        assert main([*command, *files]) == 0
        assert evaluate(split, out) == 0
        named = RunName(setting="reference", method="answer-prior-1", seed=seed)
        assert metrics(split).run == named
        answers[seed] = set(read_predictions(out).answers)
    assert all(len(found) == 1 for found in answers.values())
    assert answers[0] != answers[1]


def test_names_given_by_hand(split: SmallSplit) -> None:
    path = split.predict(true_answers(), true_texts())
    assert evaluate(split, path, "--method", "mine", "--setting", "theirs", "--seed", "3") == 0
    assert metrics(split).run == RunName(setting="theirs", method="mine", seed=3)


def test_compat_stands_beside(split: SmallSplit, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise JavaUnavailableError("not computed: needs Java, and no `java` is on the PATH")

    monkeypatch.setattr("rex.evaluation.measures.compat.published_texts", missing)
    path = split.predict(true_answers(), true_texts())
    assert evaluate(split, path, "--compat") == 0
    scores = metrics(split).scores
    # the table is the last object of q2, and its region is right: 1 / 0.95 is not clipped
    assert scores["compat/grounding"].value == pytest.approx(
        100 * (1 + 800 / 850 / 0.95 + 1) / 3, rel=1e-6
    )
    assert "needs Java" in (scores["compat/bleu4"].reason or "")
    # whether CoreNLP is there or not
    assert "without the published code's defects" in (scores["compat/spice"].reason or "")
    assert scores["compat/attributes/color"].value == scores["attributes/color"].value


def test_the_published_bound_may_stand_in_the_configuration(split: SmallSplit) -> None:
    path = split.predict(true_answers(), true_texts())
    files = {}
    for name, bound in (("configured", 0.5), ("given", 0.8)):
        files[name] = split.folder / f"{name}.json"
        files[name].write_text(json.dumps({"q1": bound}))
    settings = json.dumps({"evaluation": {"compat": True, "upper_bound": str(files["configured"])}})
    found = []
    for option in ([], ["--upper-bound", str(files["given"])]):
        assert evaluate(split, path, "--config", settings, *option) == 0
        found.append(metrics(split).scores["compat/grounding"].value)
    assert found == [pytest.approx(100 / 0.5), pytest.approx(100 / 0.8)]


def test_explanations_that_are_all_empty(split: SmallSplit) -> None:
    path = split.predict(true_answers(), dict.fromkeys(true_texts(), ""))
    assert evaluate(split, path, "--compat") == 0
    scores = metrics(split).scores
    assert scores["bleu4"].value == 0
    assert scores["truth"].reason == "not computed: no explanation can be read"
    for name in ("bleu1", "rouge-l", "cider", "meteor"):
        assert scores[f"compat/{name}"].reason == "not computed: all explanations are empty"


def test_regions_that_the_tokens_name(split: SmallSplit) -> None:
    path = split.predict(true_answers(), true_texts())
    assert evaluate(split, path) == 0
    grounding = metrics(split).scores["grounding"]
    table = pq.read_table(path)
    place = table.schema.get_field_index("regions")
    nothing = pa.nulls(len(table), table.schema.field("regions").type)
    pq.write_table(table.set_column(place, "regions", nothing), path)
    assert evaluate(split, path) == 0
    assert metrics(split).scores["grounding"] == grounding


@pytest.mark.parametrize("link", [False, True])
def test_no_file_is_overwritten_by_another(
    split: SmallSplit, capsys: pytest.CaptureFixture[str], link: bool
) -> None:
    path = split.predict(true_answers(), true_texts())
    before = path.read_bytes()
    out = path
    if link:
        out = split.folder / "link.parquet"
        out.symlink_to(path)
    assert evaluate(split, path, "--out", str(out)) == 2
    assert "is --out and PREDICTIONS" in capsys.readouterr().err
    assert evaluate(split, path, "--details", str(split.questions)) == 2
    assert "is --details and --questions" in capsys.readouterr().err
    same = str(split.folder / "same")
    assert evaluate(split, path, "--out", same, "--details", same) == 2
    assert "is --details and --out" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert not (split.folder / "same").exists()


def test_details_and_intervals(split: SmallSplit) -> None:
    from rex.evaluation.details import read_details

    details = split.folder / "metrics.parquet"
    path = split.predict(true_answers() | {"q1": "red"}, true_texts())
    assert evaluate(split, path, "--details", str(details)) == 0
    accuracy, bleu = read_details(details, "accuracy"), read_details(details, "bleu4")
    assert accuracy is not None
    assert bleu is not None
    assert accuracy.statistics[0].tolist() == [0, 1]
    assert bleu.question_ids == ["q1", "q2", "q3", "q4", "q5"]
    scores = metrics(split).scores
    low, high = scores["accuracy"].interval or (0, 0)
    assert low < (scores["accuracy"].value or 0) < high
    assert scores["meteor"].interval is None


def test_not_a_metrics_file(split: SmallSplit) -> None:
    from rex.errors import InputError

    with pytest.raises(InputError, match="is not a metrics file"):
        read_metrics(split.questions)
