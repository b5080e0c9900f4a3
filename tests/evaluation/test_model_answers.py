"""Files of model's answers: what they say, and what a model that is always right scores."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.cli import main
from rex.config import WorldSettings
from rex.errors import InputError
from rex.evaluation.measures.answers import normalised_answer
from rex.evaluation.reading.english import English
from rex.evaluation.reading.ground_truth import Questions, read_graphs, read_questions
from rex.evaluation.reading.model_answers import read_text
from rex.evaluation.reading.model_predictions import fits, read_model_predictions
from rex.exchange.formats import FORMATS, TEMPLATES, Format
from rex.exchange.marked import Marked
from rex.exchange.record import Explained, ExportedQuestion, explain
from rex.exchange.templates import reply
from rex.gqa.json_entries import iter_entries
from rex.gqa.layout import Layout
from rex.gqa.scene_graph_index import SceneGraphIndex
from rex.world.make import make_world
from tests.exchange.test_formats import by_format
from tests.gqa.sample import QUESTIONS, SCENE_GRAPHS, needs_sample

PERFECT = ("accuracy", "accuracy/normalised", "readable", "agreement", "truth")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Return a little world, with its true explanations built without regions."""
    folder = tmp_path_factory.mktemp("data") / "world"
    settings = WorldSettings(
        train_images=1, val_images=16, testdev_images=1, questions_per_image=12, seed=11
    )
    make_world(folder, settings, processes=1)
    found = Layout(folder)
    command = ["explain", "build", "--questions", found.questions("val"), "--scene-graphs"]
    command += [found.scene_graphs("val"), "--out", folder / "val.parquet"]
    assert main([str(one) for one in command]) == 0
    return found


@pytest.fixture(scope="module")
def explained(world: Layout) -> list[Explained]:
    """Return its val questions, explained."""
    graphs = SceneGraphIndex(world.scene_graphs("val"))
    entries = iter_entries(world.questions("val"), ExportedQuestion, entry="question", cure="")
    return [explain(name, asked, graphs.get(asked.image_id)) for name, asked in entries]


def evaluate(
    world: Layout, path: Path, *options: str, explanations: bool = True
) -> dict[str, float | str]:
    """Return the scores of a file of answers, or why there is none."""
    out = path.with_name("metrics.json")
    command = ["evaluate", path, "--questions", world.questions("val"), "--without-meteor"]
    command += ["--scene-graphs", world.scene_graphs("val"), "--out", out, *options]
    if explanations:
        command += ["--explanations", world.folder / "val.parquet"]
    assert main([str(one) for one in command]) == 0
    scores = json.loads(out.read_text())["scores"]
    return {
        name: score["reason"] if score["value"] is None else score["value"]
        for name, score in scores.items()
    }


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@by_format
def test_what_is_exported_is_read_back_as_perfect(
    world: Layout, explained: list[Explained], tmp_path: Path, written: Format
) -> None:
    template = TEMPLATES[1 + len(written.name) % 3]
    rows = []
    for one in explained:
        said = written.text(reply(one, template), one.boxes(), one.width, one.height)
        rows.append({"question_id": one.question_id, "text": said})
    unread = tmp_path / "unread.jsonl"
    path = write_lines(tmp_path / "answers.jsonl", rows)
    scores = evaluate(world, path, "--format", written.name, "--unread", str(unread))
    assert {name: scores[name] for name in PERFECT} == dict.fromkeys(PERFECT, 100)
    assert scores["grounding/f1"] == 100
    coarse = 80 if written.grid else 90 if written.number == ".2f" else 97
    assert float(scores["grounding"]) > coarse
    assert scores["bleu1"] == scores["grounding/bounded"]
    assert "without regions" in str(scores["bleu1"])
    assert unread.read_text() == ""


@pytest.mark.parametrize("is_listed", [True, False])
def test_true_sentences_with_true_boxes_are_perfect(
    world: Layout, explained: list[Explained], tmp_path: Path, is_listed: bool
) -> None:
    rows = [
        {
            "question_id": one.question_id,
            "answer": one.answer,
            "explanation": one.sentence.text,
            "boxes": [
                {"label": one.sentence.text[span.start : span.end], "bbox_2d": one.boxes()[name]}
                if is_listed
                else one.boxes()[name]
                for span in one.sentence.spans
                for name in span.objects
            ],
        }
        for one in explained
    ]
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(rows if is_listed else {"method": "theirs", "predictions": rows}))
    scores = evaluate(world, path, "--format", "pixels")
    # boxes that no phrase has say where, not of what
    assert float(scores.pop("truth")) > 99
    wanted = ("accuracy", "readable", "agreement", "grounding", "grounding/f1")
    assert {name: scores[name] for name in wanted} == pytest.approx(dict.fromkeys(wanted, 100))


@pytest.mark.parametrize("spelled", ["{}", "{}.", "the {}", '"{}"', "**{}**"])
def test_agreement_does_not_depend_on_how_an_answer_is_spelled(
    world: Layout, explained: list[Explained], tmp_path: Path, spelled: str
) -> None:
    rows, pixels = [], FORMATS["pixels"]
    for one in explained:
        said = reply(one, "explanation-answer")
        text = pixels.text(said, one.boxes(), one.width, one.height)
        answer = spelled.format(one.answer.capitalize())
        text = text.removesuffix(f"{one.answer}.") + answer
        rows.append({"question_id": one.question_id, "text": text})
    path = write_lines(tmp_path / "answers.jsonl", rows)
    scores = evaluate(world, path, "--format", "pixels")
    wanted = ("accuracy/normalised", "agreement", "entails")
    assert {name: scores[name] for name in wanted} == dict.fromkeys(wanted, 100)


def test_sentences_without_boxes_are_read_and_not_grounded(
    world: Layout, explained: list[Explained], tmp_path: Path
) -> None:
    rows = [
        {"question_id": one.question_id, "answer": one.answer, "explanation": one.sentence.text}
        for one in explained
    ]
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps({"predictions": rows}))
    scores = evaluate(world, path)
    assert scores["readable"] == 100
    assert scores["grounding"] == "not computed: no explanation names a region or a box"
    assert float(scores["agreement"]) > 95
    assert float(scores["truth"]) > 95


def test_flipped_words_are_not_true(
    world: Layout, explained: list[Explained], tmp_path: Path
) -> None:
    rows = [
        {
            "question_id": one.question_id,
            "answer": one.answer,
            "explanation": one.sentence.text.replace(" left", " right"),
        }
        for one in explained
        if " left" in one.sentence.text and len(one.operations) < 4
    ]
    others = {one.question_id for one in explained} - {row["question_id"] for row in rows}
    rows += [{"question_id": name, "answer": "no"} for name in others]
    scores = evaluate(world, write_lines(tmp_path / "a.jsonl", rows))
    assert float(scores["truth"]) < 70


def test_gqa_s_own_list_and_ids_that_were_numbers(world: Layout, tmp_path: Path) -> None:
    questions = json.loads(world.questions("val").read_text())
    rows: list[Any] = [
        {"questionId": name, "prediction": question["answer"]}
        for name, question in questions.items()
    ]
    path = tmp_path / "submission.json"
    path.write_text(json.dumps(rows))
    assert evaluate(world, path)["accuracy"] == 100
    rows = [
        {"doc": {"question_id": int(name)}, "resps": [[f"{question['answer'].upper()}."]]}
        for name, question in questions.items()
    ]
    scores = evaluate(world, write_lines(tmp_path / "samples.jsonl", rows))
    assert scores["accuracy"] == 0
    assert scores["accuracy/normalised"] == 100


@pytest.mark.parametrize(
    ("text", "answer", "explanation"),
    [
        ("white", "white", None),
        ("White.", "White.", None),
        ("The shirt is white. The answer is white.", "white", "The shirt is white."),
        ("The answer is white.\nThe shirt is white.", "white", "The shirt is white."),
        ("Yes, the shirt is white.", "yes", "the shirt is white."),
        ("white\nThe shirt is white.", "white", "The shirt is white."),
        ("white because the shirt is white", "white", "the shirt is white"),
        ("Answer: white\nExplanation: The shirt is white.", "white", "The shirt is white."),
        ('```json\n{"answer": "white", "explanation": "It is so."}\n```', "white", "It is so."),
        ('{"answer": "white"}', "white", None),
        ("<think>The shirt is white.</think><answer>white</answer>", "white",
         "The shirt is white."),
        ("**Answer:** white\n\n**Explanation:** The shirt is white.", "white",
         "The shirt is white."),
        ("The shirt is white. **Answer:** white.", "white", "The shirt is white."),
        ("The shirt is white. Final answer: white", "white", "The shirt is white."),
        ("Step 1 (select): There is a man.\nStep 2 (query): He is old. So the answer is old.",
         "old", "He is old."),
        ("I think that the man over there is rather old", "",
         "I think that the man over there is rather old"),
        ("", "", None),
        ('{"answer": 7,', '{"answer": 7,', None),
    ],
)  # fmt: skip
def test_free_text_is_taken_apart(text: str, answer: str, explanation: str | None) -> None:
    said = read_text(text)
    assert said.answer == answer
    assert (said.explanation and said.explanation.text) == explanation


@pytest.mark.parametrize(
    "text",
    [
        "answer: white" + 9000 * " " + "shirt",
        9000 * "\n" + "The shirt is white.",
        9000 * "[",
        "the shirt (1,2)" + 9000 * " " + "is white",
    ],
)
def test_long_runs_of_blanks_and_brackets_are_read_in_no_time(text: str) -> None:
    started = time.process_time()
    read_text(text)
    assert time.process_time() - started < 1


@given(st.text(max_size=60), st.text(alphabet='[]{}(),.0123456789"answerbox_2d:<>|# ', max_size=90))
def test_no_text_crashes_the_reader(text: str, marks: str) -> None:
    english = English((), ())
    said = read_text(text + marks)
    tokens, boxes, _ = english.tokens(said.explanation or Marked(""))
    assert tokens.count("#") >= 0
    assert len(set(boxes)) == len(boxes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["question_id", "id", "doc", "text", "answer", "explanation", "boxes"])
            | st.sampled_from(["bbox_2d", "label", "resps", "prediction", "x"]),
            inner,
            max_size=5,
        )
    ),
)


@given(st.lists(JSON, max_size=3))
def test_no_row_crashes_the_reader(tmp_path_factory: pytest.TempPathFactory, rows: Any) -> None:
    path = tmp_path_factory.mktemp("rows") / "answers.json"
    path.write_text(json.dumps(rows))
    try:
        read_model_predictions(path, Questions(ids=["1"], image_ids=["i"]), {}, "pixels")
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017 (most files are bad, some are not)


@needs_sample
@pytest.mark.parametrize("template", TEMPLATES[1:])
def test_the_sample_is_read_back_as_perfect(tmp_path: Path, template: str) -> None:
    files = ["--questions", str(QUESTIONS), "--scene-graphs", str(SCENE_GRAPHS)]
    assert main(["explain", "build", *files, "--out", str(tmp_path / "true.parquet")]) == 0
    out = tmp_path / "rows.jsonl"
    written = ["--format", "pixels", "--template", template, "--out", str(out)]
    assert main(["explain", "export", *files, *written]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    rows = [
        {"question_id": line["question_id"], "response": line["messages"][1]["content"]}
        for line in lines
    ]
    path = write_lines(tmp_path / "answers.jsonl", rows)
    measured = ["--explanations", str(tmp_path / "true.parquet"), "--without-meteor"]
    measured += ["--format", "pixels", "--out", str(tmp_path / "metrics.json")]
    assert main(["evaluate", str(path), *files, *measured]) == 0
    scores = json.loads((tmp_path / "metrics.json").read_text())["scores"]
    assert {name: scores[name]["value"] for name in PERFECT} == dict.fromkeys(PERFECT, 100)
    assert scores["grounding"]["value"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("answer", "normalised"),
    [("The Dog.", "dog"), ("two", "2"), ("t-shirt", "t shirt"), ("a", ""), ("Yes!", "yes")],
)
def test_normalised_answers(answer: str, normalised: str) -> None:
    assert normalised_answer(answer) == normalised


@pytest.mark.parametrize(
    ("box", "convention", "problem"),
    [
        ("[10, 20, 30, 40]", None, r"1\d\d boxes, and nothing says.*give --format; pixels"),
        ("[10, 20, 900, 950]", "pixels", r"cannot be pixels's.*qwen3-vl is likely"),
        ("[10, 20, 900, 950]", "llava", r"cannot be llava's.*qwen3-vl is likely"),
        ("[0.1, 0.2, 0.3, 0.9]", "qwen3-vl", r"cannot be qwen3-vl's.*llava .or shikra"),
        ("<patch_index_0001><patch_index_0100>", "qwen-vl", r"cannot be qwen-vl's.*kosmos2"),
        ("[10, 20, 30, 40]", "kosmos2", r"cannot be kosmos2's.*pixels"),
    ],
)
def test_a_convention_that_cannot_be_is_refused(
    world: Layout, tmp_path: Path, box: str, convention: str | None, problem: str
) -> None:
    questions = read_questions(world.questions("val"))
    rows = [{"id": name, "text": f"The dog {box} is brown."} for name in questions.ids]
    path = write_lines(tmp_path / "answers.jsonl", rows)
    graphs = read_graphs(world.scene_graphs("val"), questions)
    with pytest.raises(InputError, match=problem):
        read_model_predictions(path, questions, graphs, convention)


def test_a_few_boxes_outside_point_nowhere(
    world: Layout, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    questions = read_questions(world.questions("val"))
    rows = [{"id": name, "text": "The dog [1, 2, 30, 40] is brown."} for name in questions.ids]
    rows[0]["text"] = "The dog [1, 2, 3000, 40] is brown. The cat<loc_1><loc_2> is here."
    path = write_lines(tmp_path / "answers.jsonl", rows)
    graphs = read_graphs(world.scene_graphs("val"), questions)
    found = read_model_predictions(path, questions, graphs, "pixels")
    assert found.boxes is not None
    assert found.boxes.row(0) == [[0, 0, 0, 0]]
    assert found.boxes.row(1) == [[1, 2, 30, 40]]
    assert found.explanations[0] == "#0 is brown and cat is here"
    assert "1 of" in caplog.text


@by_format
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "9" * 400])
def test_boxes_that_are_no_numbers_point_nowhere(written: Format, number: str) -> None:
    row = '{"answer": "no", "explanation": "It is red.", "boxes": [[1, %s, 1, 1]]}'
    said = read_text(row % number)
    assert said.explanation is not None
    (box,) = said.explanation.boxes()
    assert not fits(written, box, 100, 100)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"question_id": "1", "text": "yes"', r"line 1: not valid JSON"),
        ("[1]", r"line 1: holds list where an object"),
        ('{"text": "yes"}', r"line 1: names no question \(fields text\)"),
        ('{"id": "1"}', r"line 1: holds no text"),
        ('{"id": "1", "text": "a"}\n{"id": "1", "text": "b"}', r"line 2: question 1 is answered"),
        ('{"id": "1", "answer": "a", "boxes": [[1, 2]], "explanation": 3}', r"answer and expl"),
        ('{"id": "1", "answer": "a", "boxes": [[1, "x"]]}', r"boxes holds \[1, \"x\"\], which"),
    ],
)
def test_bad_rows_are_one_line(world: Layout, tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(content)
    questions = read_questions(world.questions("val"))
    with pytest.raises(InputError, match=problem):
        read_model_predictions(path, questions, {}, None)
