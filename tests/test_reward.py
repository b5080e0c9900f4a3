"""A reward: what is right and reasoned is worth more than what is only right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex.cli import main
from rex.config import WorldSettings
from rex.errors import InputError
from rex.gqa.layout import Layout
from rex.reward import WEIGHTS, Reward
from rex.world.make import make_world
from tests.gqa.sample import (
    QUESTIONS,
    SCENE_GRAPHS,
    needs_sample,
    question_entry,
    scene_graph_entry,
)

RIGHT = "The dog [10, 10, 30, 40] is brown. The answer is brown."


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a question, "what color is the dog?", and a scene graph of a dog and a ball."""
    folder = tmp_path_factory.mktemp("gqa")
    questions, graphs = folder / "questions.json", folder / "graphs.json"
    nothing = question_entry(
        semantic=[
            {"operation": "select", "dependencies": [], "argument": "cat (-)"},
            {"operation": "exist", "dependencies": [0], "argument": "?"},
        ],
        answer="no",
    )
    absent = json.loads(json.dumps(nothing).replace("cat (-)", "hour glass (-)"))
    lost = question_entry(imageId="9")
    entries = {"q": question_entry(), "none": nothing, "absent": absent, "lost": lost}
    questions.write_text(json.dumps(entries))
    graphs.write_text(json.dumps({"1": scene_graph_entry()}))
    return questions, graphs


@pytest.fixture(scope="module")
def reward(files: tuple[Path, Path]) -> Reward:
    return Reward.read(*files)


@pytest.mark.parametrize(
    ("text", "answer", "grounding", "agreement", "truth"),
    [
        (RIGHT, 1, 1, 1, 1),
        ("brown", 1, 0, 0, 0),
        ("Brown.", 1, 0, 0, 0),
        ("The answer is white. The dog [10, 10, 30, 40] is white.", 0, 1, 1, 0),
        # the box is that of the ball
        ("The answer is brown. The dog [60, 50, 70, 60] is brown.", 1, 0, 0, 0),
        ("The answer is brown. The dog [10, 10, 30, 40] is white.", 1, 1, 0, 0),
        ("The answer is brown. The dog is brown.", 1, 0, 1, 1),
        ("The answer is brown. The cat [10, 10, 30, 40] is brown.", 1, 1, 1, 0),
        ("The answer is brown. Blue is as blue does [10, 10, 30, 40] for is.", 1, 1, 0, 0),
        ("The dog [10, 10, 3000, 40] is brown. The answer is brown.", 1, 0, 1, 0),
        ("", 0, 0, 0, 0),
    ],
)
def test_what_a_reply_is_worth(
    reward: Reward, text: str, answer: int, grounding: int, agreement: int, truth: int
) -> None:
    assert reward.score("q", text) == {
        "answer": answer,
        "grounding": grounding,
        "agreement": agreement,
        "truth": truth,
    }


@pytest.mark.parametrize("answer", ["Brown", "brown.", "a brown", '"Brown"'])
def test_agreement_does_not_depend_on_how_an_answer_is_spelled(reward: Reward, answer: str) -> None:
    said = "The dog [10, 10, 30, 40] is brown. The answer is"
    assert reward.score("q", f"{said} {answer}") == reward.score("q", RIGHT)
    none = reward.score("none", f"There is no cat. The answer is {answer.replace('rown', 'o')}")
    assert none["agreement"] == 0
    assert reward.score("none", "There is no cat. The answer is No!")["agreement"] == 1


def test_of_no_object_no_box_is_right(reward: Reward) -> None:
    assert reward.score("none", "There is no cat. The answer is no.")["grounding"] == 1
    assert reward.score("none", "There is no cat [1, 2, 3, 4]. The answer is no.")["grounding"] == 0


@pytest.mark.parametrize("text", ["", "no", "The answer is no.", "Blue is as blue does. No."])
def test_silence_points_at_nothing(reward: Reward, text: str) -> None:
    assert reward.score("none", text)["grounding"] == 0


def test_a_reply_that_repeats_itself_is_worth_less(reward: Reward) -> None:
    said, answer = RIGHT.split(". ")
    for times in (2, 20):
        score = reward.score("q", f"{said}. " * times + answer)
        assert score == {"answer": 1, "grounding": 1, "agreement": 1, "truth": 1 / times}


@pytest.mark.parametrize("reply", ["There is a thing.", "There are objects.", "There is no zebra."])
@pytest.mark.parametrize("question", ["q", "none"])
def test_what_is_true_of_every_image_is_worth_nothing(
    reward: Reward, question: str, reply: str
) -> None:
    answer = {"q": "brown", "none": "no"}[question]
    alone = f"The answer is {answer}."
    assert reward.score(question, f"{reply} {alone}") == reward.score(question, alone)


@pytest.mark.parametrize(
    "padding", ["There is no zebra. There is no bear.", "The dog is not red. The dog is not blue."]
)
def test_nothing_makes_up_for_a_false_reason(reward: Reward, padding: str) -> None:
    assert reward.score("q", f"{padding} The dog is white. The answer is white.")["truth"] == 0
    assert reward.score("q", f"{padding} The dog is brown. The answer is brown.")["truth"] == 1


def perfect(questions: Path, graphs: Path, out: Path) -> None:
    """Check that all true explanations of a file are worth all there is."""
    files = ["--questions", str(questions), "--scene-graphs", str(graphs)]
    assert main(["explain", "export", *files, "--format", "pixels", "--out", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    texts = [row["messages"][1]["content"] for row in rows]
    assert len(texts) > 20
    values = Reward.read(questions, graphs)(texts, [row["question_id"] for row in rows])
    assert values == pytest.approx([1] * len(rows))


def test_true_explanations_of_the_world_are_worth_all(tmp_path: Path) -> None:
    settings = WorldSettings(train_images=12, val_images=1, testdev_images=1, seed=5)
    make_world(tmp_path / "world", settings, processes=1)
    world = Layout(tmp_path / "world")
    perfect(world.questions("train"), world.scene_graphs("train"), tmp_path / "rows.jsonl")


@needs_sample
def test_true_explanations_of_the_sample_are_worth_all(tmp_path: Path) -> None:
    perfect(QUESTIONS, SCENE_GRAPHS, tmp_path / "rows.jsonl")


def test_what_is_asked_for_may_be_in_no_image(reward: Reward) -> None:
    reply = "There is no hour glass. The answer is no."
    assert set(reward.score("absent", reply).values()) == {1}


def test_a_program_in_place_of_a_question(reward: Reward) -> None:
    program = "select: dog (11)->query: color [0]"
    assert reward.score(program, RIGHT, image_id="1", answer="brown") == reward.score("q", RIGHT)
    assert reward.score(program, RIGHT, image_id="1")["answer"] == 0


@pytest.mark.parametrize(
    ("question", "image_id", "problem"),
    [
        ("nowhere", None, "no question nowhere"),
        ("lost", None, "no scene graph of image 9"),
        ("select: dog (11)->guess: x [0]", "1", "unknown operation 'guess'"),
        ("select: cat (-)->query: color [0]", "1", "has no explanation"),
    ],
)
def test_what_cannot_be_scored(
    reward: Reward, question: str, image_id: str | None, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        reward.score(question, "yes", image_id=image_id)


def test_a_lucky_answer_is_worth_less(reward: Reward) -> None:
    lucky = "The answer is brown. The ball [60, 50, 70, 60] is white."
    guess = "The answer is brown."
    wrong = "The answer is white."
    values = reward([RIGHT, lucky, guess, wrong], question_id=["q"] * 4)
    assert values[0] == pytest.approx(1)
    assert values[0] > values[1] >= values[2] > values[3] == 0


def test_the_signatures_of_trainers(reward: Reward) -> None:
    messages = [[{"role": "assistant", "content": RIGHT}], [{"role": "assistant", "content": ""}]]
    columns = {"prompts": ["a", "b"], "completion_ids": [[1], [2]], "solution": ["brown", "x"]}
    assert reward(completions=messages, question_id=["q", "q"], **columns) == [1.0, 0.0]
    assert reward.__name__ == "rex"
    assert isinstance(reward, Reward)


def test_weights_are_given(files: tuple[Path, Path]) -> None:
    only = Reward.read(*files, weights={"answer": 1})
    assert only(["brown", "white"], question_id=["q", "q"]) == [1, 0]
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    with pytest.raises(InputError, match="no format 'x'"):
        Reward.read(*files, format="x")


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ({}, "no score has a weight"),
        ({"answer": 0}, "no score has a weight"),
        ({"anwser": 1}, "no score 'anwser' to weigh.*give weights of answer, grounding"),
        ({"answer": float("nan")}, "the weight of answer is nan"),
        ({"answer": 1, "truth": -1}, "the weight of truth is -1"),
    ],
)
def test_weights_are_checked_at_once(
    files: tuple[Path, Path], weights: dict[str, float], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        Reward.read(*files, weights=weights)


def test_what_trainers_may_give(files: tuple[Path, Path], tmp_path: Path) -> None:
    numbered = tmp_path / "questions.json"
    numbered.write_text(json.dumps({"7": question_entry()}))
    reward = Reward.read(numbered, files[1])
    half = len(RIGHT) // 2
    parts = [{"type": "text", "text": RIGHT[:half]}, {"type": "text", "text": RIGHT[half:]}]
    contents: list[Any] = [RIGHT, parts, None, []]
    completions = [[{"role": "assistant", "content": one}] for one in contents]
    assert reward([*completions, []], question_id=[7] * 5) == [1, 1, 0, 0, 0]


@given(st.text(max_size=80))
def test_no_text_crashes_it(reward: Reward, text: str) -> None:
    assert all(0 <= value <= 1 for value in map(float, reward([text], question_id=["q"])))
