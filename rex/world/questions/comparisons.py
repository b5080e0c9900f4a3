"""Questions about two objects, or about two attributes of one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.gqa.ontology import HYPERNYMS, gender
from rex.world.annotate import Entity, Facts
from rex.world.questions.attributes import fill, other_word
from rex.world.questions.candidate import Candidate, Step, operation_name
from rex.world.questions.phrase import Part, is_are, many, predicate
from rex.world.questions.references import BEFORE, Pointer, Reference
from rex.world.questions.statements import the, yes_no

_COMPARED = ("color", "material", "shape")


def comparison_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions that compare objects, and conjunctions of two attributes."""
    pointer = Pointer(facts, random)
    entities = facts.entities
    for one in entities:
        yield from _two_attributes(pointer, one, random)
        for other in entities:
            if one.name == other.name or one.object_id == other.object_id:
                continue
            first, second = pointer.plain(one), pointer.plain(other)
            if first is None or second is None:
                continue
            yield from _alike(first, second, random)
            yield from _common(first, second, random)
            yield from _more(first, second, random)
    yield from _groups(facts, random)


def _steps(first: Reference, second: Reference, operation: str) -> tuple[Step, ...]:
    select, argument, _ = second.steps[0]
    # GQA writes a blank after the argument of a second operand
    return (first.steps[0], (select, f"{argument} ", ()), (operation, "", (0, 1)))


def _made(
    steps: tuple[Step, ...],
    question: tuple[Part, ...],
    answer: str,
    full: tuple[Part, ...],
    detailed: str,
    local: str,
    fact: str,
    group: str | None = None,
) -> Candidate:
    return Candidate(
        steps=steps,
        question=question,
        answer=answer,
        full_answer=full,
        structural="compare",
        semantic="attr",
        detailed=detailed,
        global_group=group,
        local_group=local,
        fact=("scene", fact),
    )


def _alike(first: Reference, second: Reference, random: np.random.Generator) -> Iterator[Candidate]:
    one, other = first.entity, second.entity
    for category in _COMPARED:
        a, b = one.words.get(category), other.words.get(category)
        if a is None or b is None:
            continue
        if a != b and random.random() < 0.75:
            # most pairs differ; asked less often, the answers come out even
            continue
        same = a == b
        pair = "_".join(sorted((one.name, other.name)))
        if same:
            tail: tuple[Part, ...] = (
                "both",
                *the(one),
                "and",
                *the(other),
                "are",
                predicate(category, a),
            )
        else:
            tail = (
                *the(one),
                is_are(one.name),
                predicate(category, a),
                "and",
                *the(other),
                is_are(other.name),
                predicate(category, b),
            )
        if random.random() < 0.5:
            if category == "material":
                question: tuple[Part, ...] = (
                    is_are(first.noun),
                    *first.the,
                    "made of the same material as",
                    *second.the,
                )
            else:
                question = (is_are(first.noun), *first.the, f"the same {category} as", *second.the)
            yield _made(
                _steps(first, second, f"same {category}"),
                question,
                "yes" if same else "no",
                ("yes," if same else "no,", *tail),
                "twoSame" if same else "twoSameC",
                f"09same-{pair}",
                f"same {category}",
            )
        else:
            question = (
                "do",
                *first.the,
                "and",
                *second.the,
                f"have different {category}s"
                if category != "material"
                else "have different materials",
            )
            yield _made(
                _steps(first, second, f"different {category}"),
                question,
                "no" if same else "yes",
                ("no," if same else "yes,", *tail),
                "twoDifferentC" if same else "twoDifferent",
                f"09diff-{pair}",
                f"same {category}",
            )


def _common(
    first: Reference, second: Reference, random: np.random.Generator
) -> Iterator[Candidate]:
    one, other = first.entity, second.entity
    shared = sorted(
        (category, word)
        for category, word in one.words.items()
        if category and word in other.words.values()
    )
    if len(shared) != 1 or shared[0][0] not in (*_COMPARED, "pose", "size", "pattern", "activity"):
        return
    category, word = shared[0]
    if category == "color" and random.random() < 0.7:
        # so common that the answer could be guessed
        return
    yield _made(
        _steps(first, second, "common"),
        ("what do", *first.the, "and", *second.the, "have in common"),
        category,
        (*the(one), "and", *the(other), "have the same", f"{category}, {word}"),
        "twoCommon",
        f"10c-common_{'_'.join(sorted((one.name, other.name)))}",
        "common",
        "common",
    )


def _more(first: Reference, second: Reference, random: np.random.Generator) -> Iterator[Candidate]:
    for comparative, converse, group in (
        ("healthier", "less healthy", "food"),
        ("older", "younger", "person"),
        ("taller", "shorter", ""),
        ("larger", "smaller", ""),
    ):
        if not _scale(first.entity, comparative) > 0 > _scale(second.entity, comparative):
            continue
        if group and group not in HYPERNYMS.get(first.entity.name, ()):
            continue
        forward = random.random() < 0.5
        word, winner, loser = (comparative, first, second) if forward else (converse, second, first)
        pair = (winner, loser) if random.random() < 0.5 else (loser, winner)
        lead = (
            ("who is" if group == "person" else "which is") if random.random() < 0.5 else "what is"
        )
        if group == "person":
            lead = "who is"
        yield _made(
            _steps(*pair, f"choose {word}"),
            (lead, f"{word},", *pair[0].the, "or", *pair[1].the),
            winner.noun,
            (*the(winner.entity), "is", word, "than", *the(loser.entity)),
            "comparativeChoose",
            f"09choose-{'_'.join(sorted((winner.noun, loser.noun)))}_{word}",
            comparative,
            group or "object",
        )


def _scale(entity: Entity, comparative: str) -> int:
    words = entity.words.values()
    if comparative == "older":
        young, old = entity.words.get("age") == "young", entity.words.get("age") == "old"
        return old - young
    if comparative == "healthier":
        classes = HYPERNYMS.get(entity.name, frozenset())
        return bool(classes & {"fruit", "vegetable"}) - bool(
            classes & {"fast food", "dessert", "baked good"}
        )
    if comparative == "taller":
        return ("tall" in words) - (entity.words.get("height") == "short")
    return ("large" in words) - ("small" in words)


def _two_attributes(
    pointer: Pointer, entity: Entity, random: np.random.Generator
) -> Iterator[Candidate]:
    categories = [c for c in BEFORE if c in entity.words and c != "age"]
    if len(categories) < 2:
        return
    for _ in range(2):
        order = random.permutation(len(categories))
        chosen = [categories[k] for k in order[:2]]
        reference = pointer.any(entity, avoid=frozenset(chosen))
        if reference is None:
            continue
        asked: list[str] = [entity.words[c] for c in chosen]
        if random.random() < 0.5:
            wrong = int(random.integers(2))
            other = other_word(entity, chosen[wrong], random)
            if other is None:
                continue
            asked[wrong] = other
        tail = len(reference.steps) - 1
        true = [a == entity.words[c] for a, c in zip(asked, chosen, strict=True)]
        yes = all(true)
        steps: tuple[Step, ...] = (
            *reference.steps,
            (operation_name("verify", chosen[0]), asked[0], (tail,)),
            (operation_name("verify", chosen[1]), f"{asked[1]} ", (tail,)),
            ("and", "", (tail + 1, tail + 2)),
        )
        said = [predicate(c, a) for c, a in zip(chosen, asked, strict=True)]
        pattern = (
            "{is} {ref} {one} and {two}",
            "{is} {ref} both {one} and {two}",
            "{does} {ref} look {one} and {two}",
        )[int(random.integers(3 if "material" not in chosen else 2))]
        facts_said = [predicate(c, entity.words[c]) for c in chosen]
        joint = (
            " and ".join(facts_said)
            if yes or not any(true)
            else (f"{facts_said[true.index(True)]} but {facts_said[true.index(False)]}")
        )
        yield Candidate(
            steps=steps,
            question=fill(pattern, reference, one=said[0], two=said[1]),
            answer="yes" if yes else "no",
            full_answer=yes_no(yes, *the(entity), is_are(entity.name), joint),
            structural="logical",
            semantic="attr",
            detailed="verifyAttrs" if yes else "verifyAttrsC",
            global_group=None,
            local_group=f"05-{'_'.join(sorted(asked))}",
            fact=(entity.object_id, "+".join(sorted(chosen))),
        )


def _groups(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Ask whether all animals are of one kind, and all people of one gender."""
    animals, people = facts.called("animal"), facts.called("person")
    if len(animals) > 1:
        names = {entity.name for entity in animals}
        ids = ",".join(entity.object_id for entity in animals)
        same = len(names) == 1
        listed = " and ".join(many(name) for name in sorted(names))
        tail = f"all the animals are {listed}" if same else f"there are {listed}"
        if random.random() < 0.5:
            yield _made(
                (("select", f"animal ({ids})", ()), ("same", "type", (0,))),
                (
                    (
                        "are the animals of the same type",
                        "are all the animals the same",
                        "do all the animals have the same type",
                    )[int(random.integers(3))],
                ),
                "yes" if same else "no",
                (f"{'yes' if same else 'no'}, {tail}",),
                "sameAnimals" if same else "sameAnimalsC",
                "07same-allanimals",
                "type",
            )
        else:
            yield _made(
                (("select", f"animal ({ids})", ()), ("different", "type", (0,))),
                (
                    ("are the animals of different types", "are these animals different")[
                        int(random.integers(2))
                    ],
                ),
                "no" if same else "yes",
                (f"{'no' if same else 'yes'}, {tail}",),
                "diffAnimalsC" if same else "diffAnimals",
                "07diff-allanimals",
                "type",
            )
    if len(people) > 1:
        genders = {gender(entity.name) for entity in people}
        ids = ",".join(entity.object_id for entity in people)
        same = len(genders) == 1
        tail = (
            f"all the people are {min(str(g) for g in genders)}"
            if same
            else ("there are both male and female people")
        )
        yield _made(
            (("select", f"person ({ids})", ()), ("same", "gender", (0,))),
            (
                (
                    "are all the people of the same gender",
                    "do all the people have the same gender",
                    "are these people all the same gender",
                )[int(random.integers(3))],
            ),
            "yes" if same else "no",
            (f"{'yes' if same else 'no'}, {tail}",),
            "sameGender" if same else "sameGenderC",
            "07same-allpeople",
            "gender",
        )
