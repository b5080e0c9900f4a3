"""Whether explanations entail answers, by the words of the question alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from rex.config import WorldSettings
from rex.evaluation.entailment import entails
from rex.evaluation.measures.agreement import names_of
from rex.gqa.layout import Layout
from rex.gqa.questions import Question, SemanticStep, read_questions
from rex.gqa.scene_graphs import SceneGraph, read_scene_graphs
from rex.world.make import make_world
from tests.evaluation.test_agreement import Explained, explain
from tests.gqa.sample import QUESTIONS, SCENE_GRAPHS, needs_sample

NAMES = names_of({0: "dog", 1: "girl", 2: "car", 3: "hat", 4: "cat", 5: "man"})


@pytest.mark.parametrize(
    ("question", "explanation", "answer"),
    [
        ("Is there a dog?", "there is #0", "yes"),
        ("Is there a dog?", "there is no dog", "no"),
        ("Is there a dog?", "there is no animal", "no"),
        ("Is there a dog?", "there is no table", None),
        ("Is there a dog?", "there is #2", None),
        ("Is there a dog near the cat?", "there is #4", None),
        ("Is there a dog near the cat?", "there is no cat", "no"),
        ("Is there a dog near the cat?", "there is #0 near #4", "yes"),
        ("Is there a red car?", "there is red #2", "yes"),
        ("Is there a red car?", "there is #2", None),
        ("Is there a red car?", "#2 is not red but blue", "no"),
        ("Are there both dogs and cats?", "there is #0 but no cat", "no"),
        ("Are there dogs or cats?", "there is #0", "yes"),
        ("Are there dogs or cats?", "there is neither dog nor cat", "no"),
        ("Are there both dogs and cats?", "there is #0", None),
        ("Are there both dogs and cats?", "there is #0 and #4", "yes"),
        ("Are there dogs or cats?", "there is no dog", None),
        ("Is the girl happy?", "#1 is happy", "yes"),
        ("Is the girl happy?", "#0 is happy", None),
        ("Is the woman happy?", "#1 is happy", "yes"),
        ("Is the dog on the left?", "#4 is located at @1", None),
        ("What color is the dog?", "#4 is red", None),
        ("What color is the animal?", "#4 is red", "red"),
        ("What color is the thing in front of the dog?", "#4 in front of #0 is red", "red"),
        ("Is the dog to the left of the cat?", "#4 is to the left of #0", "no"),
        ("Is the dog to the left of the cat?", "#4 is to the right of #0", "yes"),
        ("Is the dog chasing the cat?", "#4 is chasing #0", None),
        ("Is the girl happy?", "#1 is not happy but sad", "no"),
        ("Is the girl happy?", "#1 is sad", "no"),
        ("Is the girl happy?", "#1 is wearing #3", None),
        ("Is the girl not happy?", "#1 is sad", None),
        ("Is this an old girl?", "#1 is not old but young", "no"),
        ("Is the girl wearing a hat?", "#1 is wearing #3", "yes"),
        ("Does the girl wear a hat?", "#1 is wearing #3", "yes"),
        ("Does the girl wear a hat?", "#1 is not wearing any hat", "no"),
        ("Does the girl wear a hat?", "#1 is wearing any shirt", None),
        ("Is the dog to the left of the cat?", "#0 is to the right of #4", "no"),
        ("Is the dog on the left?", "#0 is located at @1", "yes"),
        ("Is the dog on the left?", "#0 is located at @4", "no"),
        ("Do the dog and the cat have the same color?", "#0 and #4 are both red", "yes"),
        ("Do the dog and the cat have the same color?", "#0 is red and #4 is white", "no"),
        ("Do the dog and the cat have different colors?", "#0 is red and #4 is white", "yes"),
        ("Is the dog larger than the cat?", "#0 is larger than #4", "yes"),
        ("Is it sunny?", "the weather is not sunny but cloudy", "no"),
        ("What color is the dog?", "#0 is red", "red"),
        ("What is the girl wearing?", "#3 that #1 is wearing is hat", "hat"),
        ("On which side is the dog?", "#0 is located at @1", "left"),
        ("Who is older, the girl or the dog?", "#1 is older than #0", "girl"),
        ("What do they have in common?", "#0 and #4 are both red", "color"),
        ("What is this?", "is is is", None),
        # another's hat, another's height
        ("Is the man wearing a hat?", "#1 is wearing #3", None),
        ("Is the person wearing a hat?", "#1 is wearing #3", "yes"),
        ("Is the man taller than the girl?", "#5 is taller than #1", "yes"),
        ("Is the man taller than the girl?", "#1 is taller than #5", "no"),
        ("Is the man shorter than the girl?", "#5 is taller than #1", "no"),
        ("Who is shorter, the man or the girl?", "#5 is taller than #1", "girl"),
        # what denies what it affirms entails nothing
        ("Are there both dogs and cats?", "there is #4 but no cat", None),
        ("Are there dogs or cats?", "there is #0 but no animal", None),
        ("Is the dog brown?", "#0 is brown and there is no dog", None),
        # one word, two spellings; a phrase with an "and"
        ("Is the car made of metal?", "#2 is metallic", "yes"),
        ("What is the car made of?", "#2 is made of metal", "metallic"),
        ("Is the dog black and white?", "#0 is black and white", "yes"),
        ("Is the dog black and white?", "#0 is not black and white but brown", "no"),
    ],
)
def test_what_follows_from_the_words_of_a_question(
    question: str, explanation: str, answer: str | None
) -> None:
    closed = question.split()[0] in ("Is", "Are", "Do", "Does")
    for claimed in ("yes", "no") if closed else ("blue", "right", "dog", "shirt", answer or "red"):
        found = entails(claimed, explanation, NAMES, question=question)
        assert found is (claimed == answer), claimed


def test_a_program_says_more_than_the_question() -> None:
    steps = (SemanticStep("select", "dog (1)", ()), SemanticStep("verify color", "red", (0,)))
    assert entails("yes", "#0 is red", NAMES, question="Well?", semantic=steps)
    assert not entails("yes", "#0 is red", NAMES, question="Well?")
    malformed = (SemanticStep("juggle", "", ()),)
    assert entails("yes", "#0 is red", NAMES, question="Is it red?", semantic=malformed)


def test_what_is_missing_entails_nothing() -> None:
    assert entails(None, "#0 is red", NAMES) is None
    assert entails("red", None, NAMES) is None
    assert entails("red", "", NAMES) is False


def recognized(explained: Iterable[Explained]) -> list[bool]:
    """Return of each true explanation whether it entails its answer, and never the other one."""
    found = []
    for one in explained:
        question, objects = one.question, one.scene.graph.objects.values()

        def entailed(answer: str, one: Explained = one) -> bool | None:
            things = one.scene.graph.objects.values()
            return entails(
                answer,
                one.text,
                one.scene.names,
                question=one.question.question,
                objects={thing.name for thing in things},
                attributes={word for thing in things for word in thing.attributes},
            )

        assert objects
        other = {"yes": "no", "no": "yes"}.get(question.answer or "", "nothing of the kind")
        assert not entailed(other), (question.question, question.answer, one.text)
        found.append(bool(entailed(question.answer or "")))
    return found


@needs_sample
def test_real_questions() -> None:
    graphs = read_scene_graphs(SCENE_GRAPHS)
    assert all(recognized(explain(read_questions(QUESTIONS).values(), graphs)))


def test_questions_of_the_embedded_world(tmp_path: Path) -> None:
    settings = WorldSettings(
        train_images=40, val_images=1, testdev_images=1, questions_per_image=24, seed=5
    )
    make_world(tmp_path / "world", settings, processes=1)
    layout = Layout(tmp_path / "world")
    graphs: Mapping[str, SceneGraph] = read_scene_graphs(layout.scene_graphs("train"))
    questions: Iterable[Question] = read_questions(layout.questions("train")).values()
    found = recognized(explain(questions, graphs))
    assert len(found) > 300
    assert sum(found) / len(found) > 0.97
