"""False explanations are false, in one thing."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from rex.boxes import box_sets
from rex.cli import main
from rex.evaluation.measures.facts import shown_by_boxes
from rex.evaluation.measures.truth import SeenScene, rightly_called
from rex.evaluation.reading.english import English
from rex.evaluation.reading.statements import read_statement
from rex.exchange import synonyms
from rex.exchange.formats import FORMATS
from rex.exchange.marked import read_marked
from rex.exchange.negatives import Negative, negative
from rex.exchange.record import Explained, ExportedQuestion, explain
from rex.gqa.json_entries import iter_entries
from rex.gqa.layout import Layout
from rex.gqa.ontology import WORD_CATEGORIES, is_a
from rex.gqa.scene_graphs import Relation, SceneGraph, SceneObject, read_scene_graphs

Found = dict[str, list[tuple[Explained, Negative, SceneGraph, ExportedQuestion]]]


@pytest.fixture(scope="module")
def found(world: Layout) -> Found:
    """Return by kind the true and the false explanations of the world's questions."""
    graphs = read_scene_graphs(world.scene_graphs("train"))
    found: Found = defaultdict(list)
    for name, asked in iter_entries(
        world.questions("train"), ExportedQuestion, entry="question", cure=""
    ):
        graph = graphs[asked.image_id]
        true = explain(name, asked, graph)
        false = negative(true, asked, graph, seed=3)
        if false is not None:
            assert false == negative(true, asked, graph, seed=3)
            found[false.kind].append((true, false, graph, asked))
    return found


def test_every_kind_is_made(found: Found, explained: list[Explained]) -> None:
    assert set(found) == {"attribute", "relation", "object", "box"}
    assert sum(map(len, found.values())) > 0.8 * len(explained)


def test_flipped_facts_do_not_hold(found: Found) -> None:
    pixels = FORMATS["pixels"]
    for kind in found:
        for true, false, graph, asked in found[kind]:
            english = English([graph], [asked.semantic])
            size = graph.width, graph.height
            held = []
            for one in (true, false.explained):
                marked = read_marked(pixels.text(one.sentence, one.boxes(), *size))
                tokens, numbers, called = english.tokens(marked, graph)
                boxes = [pixels.pixels(box, *size) for box in numbers]
                shown = shown_by_boxes([graph], box_sets([boxes]))[0]
                scene = SeenScene(graph, rightly_called(graph, shown, called))
                held.append(all(map(scene.holds, read_statement(tokens, english.lexicon))))
            assert held == [True, False], false.explained.sentence.text


def test_flipped_objects_and_boxes_are_called_otherwise(found: Found) -> None:
    for true, false, graph, _ in [*found["object"], *found["box"]]:
        sentence = false.explained.sentence
        if not sentence.spans or len(sentence.spans) != len(true.sentence.spans):
            assert " no " in sentence.text
            continue
        changed = Counter[str]()
        for ours, theirs in zip(sentence.spans, true.sentence.spans, strict=True):
            phrase = sentence.text[ours.start : ours.end]
            name = graph.objects[ours.objects[0]].name
            if phrase != true.sentence.text[theirs.start : theirs.end]:
                changed["object"] += 1
                assert not is_a(name, phrase)
            if ours.objects != theirs.objects:
                changed["box"] += 1
                assert not is_a(name, phrase)
                assert ours.objects[0] in false.explained.boxes()
        assert changed == {false.kind: 1}


def run(world: Layout, out: Path, *options: str) -> list[Any]:
    command = ["explain", "export", "--questions", str(world.questions("train"))]
    command += ["--scene-graphs", str(world.scene_graphs("train")), "--out", str(out), *options]
    assert main(command) == 0
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_pairs(world: Layout, tmp_path: Path) -> None:
    options = ("--format", "qwen3-vl", "--layout", "llama-factory", "--preference", "dpo")
    rows = run(world, tmp_path / "pairs.jsonl", *options)
    for row in rows:
        assert [one["role"] for one in row["messages"]] == ["user"]
        assert row["chosen"]["content"] != row["rejected"]["content"]
    info = json.loads((tmp_path / "dataset_info.json").read_text())["pairs"]
    assert info["ranking"]
    assert info["columns"]["rejected"] == "rejected"


def test_labels(world: Layout, tmp_path: Path) -> None:
    listed = tmp_path / "dropped.jsonl"
    options = ("--format", "swift", "--preference", "kto", "--dropped", str(listed))
    rows = run(world, tmp_path / "kto.jsonl", *options)
    assert [row["label"] for row in rows] == [True, False] * (len(rows) // 2)
    for row in rows:
        assert row["messages"][1]["content"].count("<bbox>") == len(row["objects"]["bbox"])
    dropped = [json.loads(line) for line in listed.read_text().splitlines()]
    assert {row["reason"] for row in dropped} <= {"no false explanation"}


def test_wrong_answers(world: Layout, tmp_path: Path) -> None:
    options = ("--format", "pixels", "--template", "answer", "--preference", "dpo")
    for row in run(world, tmp_path / "answers.jsonl", *options):
        assert row["messages"][1]["content"] == row["solution"] != row["rejected_response"]


@pytest.mark.parametrize("kind", ["dpo", "kto"])
def test_pairs_and_labels_of_trl(world: Layout, tmp_path: Path, kind: str) -> None:
    options = ("--format", "qwen3-vl", "--layout", "trl", "--preference", kind)
    rows = run(world, tmp_path / "trl.jsonl", *options)
    for row in rows:
        (asked,) = row["prompt"]
        assert "<image>" not in asked["content"]
        for name in ("chosen", "rejected") if kind == "dpo" else ("completion",):
            assert [turn["role"] for turn in row[name]] == ["assistant"]
    if kind == "dpo":
        assert all(row["chosen"] != row["rejected"] for row in rows)
    else:
        assert [row["label"] for row in rows] == [True, False] * (len(rows) // 2)


def draws(program: str, answer: str, *objects: SceneObject) -> list[Negative]:
    """Return the false explanations that thirty seeds draw.

    The image is of 100 x 100 pixels, its objects are numbered from 1.
    """
    named = {str(place): one for place, one in enumerate(objects, 1)}
    graph = SceneGraph(100, 100, named)
    asked = ExportedQuestion(image_id="1", semantic_str=program, answer=answer)
    true = explain("1", asked, graph)
    drawn = [negative(true, asked, graph, seed) for seed in range(30)]
    return [one for one in drawn if one is not None]


DOG = SceneObject("dog", 70, 10, 20, 20)


def test_what_lies_in_the_middle_is_not_mirrored() -> None:
    hat = SceneObject("hat", 40, 40, 20, 20)
    found = draws("select: hat (1)->verify vposition: top [0]", "no", hat, DOG)
    assert {one.kind for one in found} == {"object", "box"}


def sentences(found: list[Negative]) -> set[str]:
    return {one.explained.sentence.text for one in found}


def placed(name: str, *attributes: str, relations: tuple[Relation, ...] = ()) -> SceneObject:
    return SceneObject(name, 10, 10, 20, 20, attributes, relations)


@pytest.mark.parametrize(
    ("category", "word", "synonyms"),
    [
        ("size", "large", {"big", "huge", "giant"}),
        ("material", "metal", {"steel", "stainless steel"}),
        ("face expression", "happy", {"smiling"}),
        ("shape", "round", {"circular"}),
        ("cleanliness", "dirty", {"messy", "stained"}),
    ],
)
def test_synonyms_are_no_falsehoods(category: str, word: str, synonyms: set[str]) -> None:
    said = draws(f"select: ball (1)->query: {category} [0]", word, placed("ball", word))
    answers = {one.explained.answer for one in said}
    assert answers
    assert answers.isdisjoint(synonyms)


@pytest.mark.parametrize(
    ("relation", "false"),
    [
        ("on", {"No, the man is not on the road."}),
        ("behind", {"No, the man is in front of the road."}),
    ],
)
def test_relations_are_denied_or_turned_round(relation: str, false: set[str]) -> None:
    man = placed("man", relations=(Relation(relation, "2"),))
    road = placed("road", relations=(Relation("at", "1"), Relation("next to", "1")))
    program = f"select: road (2)->verify rel: man,{relation},s (1) [0]"
    found = [one for one in draws(program, "yes", man, road) if one.kind == "relation"]
    assert sentences(found) == false


def test_what_is_next_to_something_is_near_it() -> None:
    man = placed("man", relations=(Relation("next to", "2"),))
    program = "select: road (2)->verify rel: man,near,s (1) [0]"
    assert "relation" not in {one.kind for one in draws(program, "no", man, placed("road"))}


def test_a_man_is_a_guy() -> None:
    found = draws("select: man (1)->query: hposition [0]", "left", placed("man"), placed("guy"))
    assert {one.kind for one in found} == {"attribute"}


def test_words_of_groups_are_known() -> None:
    assert synonyms._ATTRIBUTES.keys() <= WORD_CATEGORIES.keys()


def test_nouns_that_start_a_sentence_are_names() -> None:
    dirt = placed("dirt", relations=(Relation("near", "2"),))
    more = SceneObject("dirt", 40, 70, 20, 20)
    program = "select: dog (2)->relate: dirt,near,s (1) [0]->query: name [1]"
    found = draws(program, "dirt", dirt, DOG, more)
    assert {one.kind for one in found} >= {"box"}
    for one in found:
        for naming in one.explained.sentence.spans:
            if one.explained.sentence.text[naming.start : naming.end] == "Dirt":
                assert naming.objects != ("3",)


def test_what_something_is_called_is_another_name_of_its_class() -> None:
    found = draws("select: device (1)->query: name [0]", "laptop", placed("laptop"), DOG)
    answers = {one.explained.answer for one in found if one.kind == "attribute"}
    assert len(answers) > 5
    assert all(is_a(answer, "device") for answer in answers)
    # "the dog is a laptop" is of no device
    assert "object" not in {one.kind for one in found}


@pytest.mark.parametrize(
    ("program", "answer", "other"),
    [
        ("select: ball (1)->choose color: red|blue [0]", "red", "blue"),
        ("select: dog (2)->choose rel: ball,on|under,s (1) [0]", "on", "under"),
        ("select: dog (2)->choose rel: ball,behind|in front of,s (1) [0]", "front", "behind"),
        ("select: ball (1)->choose name: ball|hat [0]", "ball", "hat"),
    ],
)
def test_of_a_choice_the_other_is_given(program: str, answer: str, other: str) -> None:
    relations = Relation("on", "2"), Relation("in front of", "2")
    ball = placed("ball", "red", relations=relations)
    found = draws(program, answer, ball, DOG, SceneObject("cat", 40, 70, 20, 20))
    assert {one.explained.answer for one in found} == {answer, other}


def test_only_what_a_sentence_is_about_is_renamed() -> None:
    dog = SceneObject("dog", 70, 10, 20, 20)
    mugs = [SceneObject("mug", 5 + 30 * place, 70, 20, 20) for place in range(2)]
    ball = placed("ball", "red", relations=(Relation("near", "1"), Relation("near", "3")))
    for program, kept in (
        ("select: dog (1)->relate: ball,near,s (2) [0]->query: color [1]", "near the dog"),
        ("select: mug (3)->relate: mug,to the right of,s (4) [0]->exist: ? [1]", "other mug"),
    ):
        found = draws(program, "red" if "query" in program else "yes", dog, ball, *mugs)
        assert found
        for one in found:
            assert (
                one.kind != "object"
                or " no " in one.explained.sentence.text
                or (kept in one.explained.sentence.text)
            )
