"""What programs mean, written down a second time: naive, slow, on plain sets.

It knows the little world of `test_semantics.py` alone (its words and names), and gives answers, not
explanations. It shares nothing with the executor but the rules of docs/programs.md.
"""

from __future__ import annotations

from typing import Any

KINDS = {"dog": "animal", "cat": "animal", "cup": "tableware", "sign (no, #1)": "", "a,b": ""}
WORDS = {
    "red": {"color"},
    "blue": {"color"},
    "wood": {"material"},
    "gold": {"color", "material"},
    "small": {"size"},
    "old": {"age"},
    "young": {"age"},
}
ORDER = ["color", "material", "size", "age"]
INVERSE = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "behind": "in front of",
    "in front of": "behind",
    "near": "near",
}
SKIP = "skip"
"""What stands for "no answer follows", whatever the reason."""

Step = tuple[str, str, tuple[int, ...]]
Graph = dict[str, Any]


def answer(steps: list[Step], graph: Graph) -> str:
    """Return the answer of a program's last step."""
    try:
        value = Naive(steps, graph).value(len(steps) - 1)
    except LookupError:
        return SKIP
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else SKIP


class Naive:
    def __init__(self, steps: list[Step], graph: Graph) -> None:
        self.steps = steps
        self.objects: dict[str, Any] = graph["objects"]
        self.width, self.height = graph["width"], graph["height"]

    def value(self, index: int, asked: bool = False) -> Any:
        """Return a list of ids, a bool, or a word; `asked`: the step's outcome is the question."""
        operation, argument, dependencies = self.steps[index]
        verb, _, rest = operation.partition(" ")
        if verb == "exist":
            return bool(self.value(dependencies[0], asked=True))
        if verb in ("and", "or"):
            truths = [bool(self.value(one, asked=True)) for one in dependencies]
            return all(truths) if verb == "and" else any(truths)
        if verb == "select":
            return self.select(argument)
        if rest == "rel" or verb == "relate":
            return self.relate(operation, argument, dependencies[0], asked)
        if verb == "filter":
            source = self.value(dependencies[0], asked)
            kept = [one for one in source if self.true(one, argument)]
            return kept if kept or asked else source
        sources = [self.value(one) for one in dependencies]
        if verb == "verify":
            return bool(sources[0]) and all(self.true(one, argument) for one in sources[0])
        for source in sources:
            if not source:
                raise LookupError("nothing selected")
        if len(sources) == 2 and len(sources[0]) == 1 and sources[0] == sources[1]:
            raise LookupError("an object and itself")
        if verb == "query":
            return self.query(sources[0], argument)
        if verb in ("same", "different"):
            values = [self.values(one, rest) for source in sources for one in source]
            if not all(values):
                raise LookupError("no value")
            shared = any(all(word in words for words in values) for word in values[0])
            return shared if verb == "same" else not shared
        if verb == "common":
            return self.common(*sources)
        if rest == "older":
            return self.older(dependencies, sources)
        true = [
            word for word in argument.split("|") if all(self.true(one, word) for one in sources[0])
        ]
        return true[0]  # no true one: nothing to choose

    def select(self, argument: str) -> list[str]:
        noun, ids = argument, None
        if argument.endswith(")") and not argument.endswith("#1)"):
            noun, _, inside = argument[:-1].rpartition(" (")
            ids = [] if inside == "-" else inside.split(",")
        if ids is None:
            return [one for one in self.objects if self.called(one, noun)]
        for one in ids:
            self.objects[one]  # a missing object is a LookupError
        return ids

    def called(self, one: str, noun: str) -> bool:
        name = self.objects[one]["name"]
        return noun == "_" or noun in (name, KINDS[name])

    def relate(self, operation: str, argument: str, dependency: int, asked: bool) -> Any:
        source = self.value(dependency)
        ids = argument[argument.rfind(" (") :] if argument.endswith(")") else ""
        noun, relation, side = argument.removesuffix(ids).rsplit(",", 2)
        targets = self.select(noun + ids)
        if len(source) == 1 and source[0] in targets:
            if ids and len(targets) == 1:
                raise LookupError("an object and itself")
            targets = [one for one in targets if one not in source]

        def related(name: str) -> list[str]:
            return [
                target
                for target in targets
                if any(
                    self.holds(target, other, name)
                    if side == "s"
                    else self.holds(other, target, name)
                    for other in source
                )
            ]

        if operation == "verify rel":
            return bool(related(relation))
        if operation == "choose rel":
            true = [name for name in relation.split("|") if related(name)]
            if not source or not targets:
                raise LookupError("nothing selected")
            return true[0].removeprefix("to the ").removesuffix(" of")
        if related(relation) or asked or not source or not ids:
            return related(relation)
        return targets

    def holds(self, one: str, other: str, relation: str) -> bool:
        if one == other:
            return False
        stated = {(r["name"], r["object"]) for r in self.objects[one]["relations"]}
        facing = {(r["name"], r["object"]) for r in self.objects[other]["relations"]}
        inverse = INVERSE.get(relation, "")
        if (relation, other) in stated or (inverse, one) in facing:
            return True
        if relation == "same color":
            both = {*self.objects[one]["attributes"]} & {*self.objects[other]["attributes"]}
            return any("color" in WORDS[word] for word in both)
        if not relation.startswith("to the"):
            return False
        if (inverse, other) in stated or (relation, one) in facing:
            return False
        left, right = (one, other) if "left" in relation else (other, one)
        return bool(self.center(left)[0] < self.center(right)[0])

    def center(self, one: str) -> tuple[float, float]:
        thing = self.objects[one]
        return (thing["x"] + thing["w"] / 2, thing["y"] + thing["h"] / 2)

    def true(self, one: str, word: str) -> bool:
        word = word.strip()
        if word.startswith("not("):
            return not self.true(one, word[4:-1])
        x, y = self.center(one)
        sides: dict[str, bool] = {
            "left": x / self.width < 0.5,
            "right": x / self.width >= 0.5,
            "top": y / self.height < 0.5,
            "bottom": y / self.height >= 0.5,
        }
        if word in sides:
            return sides[word]
        return word in self.objects[one]["attributes"] or self.called(one, word)

    def values(self, one: str, category: str) -> list[str]:
        if category in ("name", "type"):
            return [self.objects[one]["name"]]
        return [word for word in self.objects[one]["attributes"] if category in WORDS[word]]

    def query(self, source: list[str], category: str) -> str:
        if category == "hposition":
            return "left" if self.true(source[0], "left") else "right"
        words = [word for one in source for word in self.values(one, category)]
        return words[0]

    def common(self, first: list[str], second: list[str]) -> str:
        for word in self.objects[first[0]]["attributes"]:
            if all(word in self.objects[one]["attributes"] for one in second):
                return min(WORDS[word], key=ORDER.index)
        raise LookupError("nothing in common")

    def older(self, steps: tuple[int, ...], sources: list[list[str]]) -> str:
        def age(one: str) -> int:
            words: list[str] = self.objects[one]["attributes"]
            return words.count("old") - words.count("young")

        first, second = (age(source[0]) for source in sources)
        if first == second:
            raise LookupError("nothing to compare")
        return self.noun(steps[0 if first > second else 1])

    def noun(self, index: int) -> str:
        """Return what the program calls the objects of a step."""
        operation, argument, dependencies = self.steps[index]
        if operation.startswith("filter"):
            return self.noun(dependencies[0])
        if argument.endswith(")") and not argument.endswith("#1)"):
            argument = argument.rpartition(" (")[0]
        return argument.rsplit(",", 2)[0] if operation == "relate" else argument
