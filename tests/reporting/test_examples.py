from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from rex.boxes import cell_box
from rex.errors import InputError
from rex.reporting.examples import Example, Word, choose, read_examples, words_of
from tests.evaluation.small_split import SmallSplit


def read(
    split: SmallSplit, predictions: list[Path], count: int = 9, seed: int = 1
) -> list[Example]:
    return read_examples(
        questions=split.questions,
        explanations=split.explanations,
        regions=split.regions,
        predictions=predictions,
        scene_graphs=split.scene_graphs,
        count=count,
        seed=seed,
    )


def test_an_example_holds_all_there_is_to_see(split: SmallSplit, predictions: list[Path]) -> None:
    examples = {e.question_id: e for e in read(split, predictions)}
    assert sorted(examples) == ["q1", "q2", "q3", "q4", "q5"]  # q6 has no true explanation
    example = examples["q1"]
    assert example.words == (Word("#0", 0), Word("is"), Word("brown"))
    rex, backbone = example.outputs
    assert (rex.method, rex.answer, rex.right) == ("REX", "red", False)
    assert [word.text for word in rex.words or ()] == ["#1", "is", "red", "on", "@2"]
    assert rex.words is not None
    assert (rex.words[0].region, rex.words[4].cell) == (1, 2)
    assert rex.words[0].gate == pytest.approx(0.1)
    assert rex.grounding == 0
    assert backbone.right is True
    assert backbone.words is None
    assert backbone.grounding is None
    assert example.boxes == {0: (0, 0, 20, 20), 1: (40, 40, 80, 60)}
    assert example.names == {0: "thing", 1: "thing"}
    assert list(example.objects) == [("dog", (0, 0, 20, 20))]
    assert examples["q4"].outputs[0].grounding == 1


def test_objects_are_shown_in_the_pixels_of_a_resized_image(
    split: SmallSplit, predictions: list[Path]
) -> None:
    before = {e.question_id: e for e in read(split, predictions)}
    with h5py.File(split.regions, "r+") as file:
        file["boxes"][:] *= 0.5
        file["image_sizes"][:] = file["image_sizes"][:] // 2
    after = {e.question_id: e for e in read(split, predictions)}
    assert list(after["q1"].objects) == [("dog", (0, 0, 10, 10))]
    for question, example in after.items():
        old = before[question].outputs
        assert [one.grounding for one in example.outputs] == [one.grounding for one in old]


def test_regions_whose_classes_have_no_names(split: SmallSplit, predictions: list[Path]) -> None:
    with h5py.File(split.regions, "r+") as file:
        file.attrs["object_names"] = "[]"
    assert {name for e in read(split, predictions) for name in e.names} == set()


def test_a_seed_gives_one_choice(split: SmallSplit, predictions: list[Path]) -> None:
    chosen = [
        [e.question_id for e in read(split, predictions, 3, seed)] for seed in (1, 1, 2, 3, 4)
    ]
    assert chosen[0] == chosen[1]
    assert any(one != chosen[0] for one in chosen[2:])


def test_choice_is_even_over_operations_and_images() -> None:
    truths = [
        {"question_id": str(i), "image_id": str(i // 2), "operations": [kind]}
        for i, kind in enumerate(["query"] * 30 + ["exist"] * 6 + ["and"] * 4)
    ]
    chosen = choose(truths, count=6, seed=0)
    kinds = [truth["operations"][0] for truth in chosen]
    assert {kind: kinds.count(kind) for kind in kinds} == {"query": 2, "exist": 2, "and": 2}
    assert len({truth["image_id"] for truth in chosen}) == 6
    assert len(choose(truths, count=100, seed=0)) == len(truths)  # images repeat when they must


def test_words_linked_to_regions_by_the_method() -> None:
    # a method may link a plain word to a region, and `#i` counts only if nothing else is said
    assert words_of("dog #1", [3, -1]) == (Word("dog", 3), Word("#1"))
    assert words_of("#x @ #", None) == (Word("#x"), Word("@"), Word("#"))


def test_cells_go_row_by_row() -> None:
    assert cell_box(1, 400, 200) == (0, 0, 100, 50)
    assert cell_box(6, 400, 200) == (100, 50, 200, 100)
    assert cell_box(16, 400, 200) == (300, 150, 400, 200)


def test_a_region_that_is_not_there(split: SmallSplit) -> None:
    path = split.predict({}, {"q4": "#2 is red"}, method="odd")
    with pytest.raises(InputError, match="image img2 has no region 2"):
        read(split, [path])


def test_predictions_of_other_questions(split: SmallSplit, predictions: list[Path]) -> None:
    text = split.questions.read_text().replace('"q1"', '"other"')
    split.questions.write_text(text)
    with pytest.raises(InputError, match="question q1"):
        read(split, predictions)
