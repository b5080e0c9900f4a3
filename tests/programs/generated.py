"""Random programs on random scenes of the little world that `naive.py` knows."""

from __future__ import annotations

import json
from random import Random

import msgspec

from rex.gqa.scene_graphs import SceneGraph
from tests.programs.naive import KINDS, WORDS, Graph, Step

IDS = ["1", "2", "3", "4"]
RELATIONS = ["to the left of", "to the right of", "behind", "in front of", "near", "wearing"]
RELATIONS += ["same color"]
NOUNS = [*KINDS, "animal", "tableware"]
CATEGORIES = ["color", "material", "size", "age", "hposition", "vposition", ""]
CLAIMS = [*WORDS, *WORDS, *KINDS, "animal", "left", "right", "top", "bottom"]


def random_graph(random: Random) -> Graph:
    """Return a scene graph as JSON; equal boxes, self-relations and cycles are common."""
    ids = random.choice([*[IDS] * 8, IDS[:2], []])
    return {
        "width": 60,
        "height": 60,
        "objects": {
            one: {
                "name": random.choice(list(KINDS)),
                "x": random.choice([0, 10, 20, 40]),
                "y": random.choice([0, 10, 20, 40]),
                "w": random.choice([10, 20]),
                "h": random.choice([10, 20]),
                "attributes": random.sample(list(WORDS), random.randint(2, 5)),
                "relations": [
                    {"name": random.choice(RELATIONS), "object": random.choice(ids)}
                    for _ in range(random.randint(0, 4))
                ],
            }
            for one in ids
        },
    }


def decoded(graph: Graph) -> SceneGraph:
    """Return a scene graph as REX reads it."""
    return msgspec.json.decode(json.dumps(graph), type=SceneGraph)


PLAIN_NAMES = {"sign (no, #1)": "table", "a,b": "boy"}
"""Instead of names that are not words, which programs must bear but explanations never say."""


def with_plain_names(steps: list[Step], graph: Graph) -> tuple[list[Step], Graph]:
    """Return a program and a scene graph whose names are all words."""
    text = json.dumps([steps, graph])
    for name, plain in PLAIN_NAMES.items():
        text = text.replace(name, plain)
    named, scene = json.loads(text)
    return [(one, word, tuple(after)) for one, word, after in named], scene


def random_program(random: Random) -> list[Step]:
    """Return a well-formed program."""
    program = _Program(random)
    program.verdict() if random.random() < 0.6 else program.finding()
    return program.steps


class _Program:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.steps: list[Step] = []

    def add(self, operation: str, argument: str, *dependencies: int) -> int:
        self.steps.append((operation.strip(), argument, dependencies))
        return len(self.steps) - 1

    def reference(self) -> str:
        """Return ` (ids)`, ` (-)` or nothing."""
        ids = self.random.sample(IDS, self.random.choice([1, 1, 1, 2, 3]))
        return self.random.choice([*[f" ({','.join(ids)})"] * 7, " (-)", ""])

    def target(self, relations: list[str]) -> str:
        noun = self.random.choice([*NOUNS, "_"])
        side = self.random.choice("so")
        return f"{noun},{'|'.join(relations)},{side}{self.reference()}"

    def selection(self) -> int:
        index = self.add("select", self.random.choice(NOUNS) + self.reference())
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            if self.random.random() < 0.5:
                word = self.random.choice(CLAIMS)
                argument = f"not({word})" if self.random.random() < 0.2 else word
                index = self.add(f"filter {self.random.choice(CATEGORIES)}", argument, index)
            else:
                index = self.add("relate", self.target([self.random.choice(RELATIONS)]), index)
        return index

    def verdict(self, depth: int = 0) -> int:
        kind = self.random.choice(["exist", "verify", "relation", "same", "joint"])
        if kind == "joint" and depth < 2:
            parts = [
                self.selection() if self.random.random() < 0.2 else self.verdict(depth + 1)
                for _ in range(self.random.choice([2, 2, 3]))
            ]
            return self.add(self.random.choice(["and", "or"]), "", *parts)
        if kind == "same":
            sources = [self.selection() for _ in range(self.random.randint(1, 2))]
            operations = ["same color", "different color", "same material"]
            return self.add(self.random.choice(operations), "", *sources)
        source = self.selection()
        if kind == "verify":
            return self.add("verify", f"{self.random.choice(CLAIMS)} ", source)
        if kind == "relation":
            return self.add("verify rel", self.target([self.random.choice(RELATIONS)]), source)
        return self.add("exist", "?", source)

    def finding(self) -> int:
        kind = self.random.choice(["query", "choose", "relation", "common", "compare"])
        source = self.selection()
        if kind == "query":
            categories = ["name", "color", "material", "size", "hposition"]
            return self.add("query", self.random.choice(categories), source)
        if kind == "choose":
            return self.add(
                "choose", "|".join(self.random.sample([*dict.fromkeys(CLAIMS)], 2)), source
            )
        if kind == "relation":
            pair = self.random.sample(RELATIONS[:2], 2)
            return self.add("choose rel", self.target(pair), source)
        operation = "common" if kind == "common" else "choose older"
        return self.add(operation, "", source, self.selection())


def with_true_nouns(steps: list[Step], graph: Graph) -> list[Step] | None:
    """Return a program that calls each object what it is, or what it is not: a thing.

    None where it names objects that the scene graph lacks, denies ones that it has, or asks
    whether something is of a kind.
    """
    objects, told = graph["objects"], []
    there = {one["name"] for one in objects.values()}
    there |= {KINDS.get(name, "") for name in there}
    for operation, argument, dependencies in steps:
        said, _, ids = argument.partition(" (") if " (" in argument else (argument, "", "")
        points = operation in ("select", "relate") or operation.endswith("rel")
        if not points and any(word in said for word in (*NOUNS, *PLAIN_NAMES.values())):
            return None
        if points and ids:
            noun, *rest = said.rsplit(",", 2) if operation != "select" else [said]
            keys = [] if ids == "-)" else ids[:-1].split(",")
            if not (objects.keys() >= set(keys)) or (not keys and noun in (*there, "_")):
                return None
            names = {objects[key]["name"] for key in keys}
            argument = ",".join([names.pop() if len(names) == 1 else "thing", *rest]) + f" ({ids}"
        told.append((operation, argument, dependencies))
    return told
