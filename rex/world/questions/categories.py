"""Questions for the name of an object that is known by its class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rex.gqa.ontology import HYPERNYMS
from rex.world.annotate import Entity, Facts
from rex.world.inventory import KINDS
from rex.world.questions.candidate import Candidate, Step
from rex.world.questions.phrase import Mention, Part, article, at_times, class_noun
from rex.world.questions.references import Pointer, Reference, classes_of
from rex.world.questions.statements import some

_WHAT = (
    "what {noun} is in the image",
    "which {noun} is in the picture",
    "what kind of {kind} is it",
)
_THIS = (
    "what {noun} is this",
    "what kind of {kind} is this",
    "how is this {noun} called",
    "what is that {noun} called",
)


def category_questions(facts: Facts, random: np.random.Generator) -> Iterator[Candidate]:
    """Yield questions for names."""
    pointer = Pointer(facts, random)
    for entity in facts.entities:
        classes = classes_of(entity)
        for wanted in classes:
            if len(facts.called(wanted)) == 1 and wanted not in ("person", "clothing"):
                yield _named(facts, entity, wanted, random)
                yield from _choose(entity, wanted, random)
        for reference in pointer.filtered(entity, classes=True):
            if reference.steps[-1][1].startswith("not("):
                continue
            yield _described(reference, random)


def _record(
    entity: Entity,
    wanted: str,
    steps: tuple[Step, ...],
    question: tuple[Part, ...],
    full: tuple[Part, ...],
    structural: str,
    detailed: str,
    local: str,
) -> Candidate:
    return Candidate(
        steps=steps,
        question=question,
        answer=entity.name,
        full_answer=full,
        structural=structural,
        semantic="cat",
        detailed=detailed,
        global_group=wanted,
        local_group=local,
        fact=(entity.object_id, "name"),
        answer_object=entity.object_id,
    )


def _is_a(entity: Entity, subject: tuple[Part, ...]) -> tuple[Part, ...]:
    return (*subject, "is", *some(entity))


def _named(facts: Facts, entity: Entity, wanted: str, random: np.random.Generator) -> Candidate:
    this = random.random() < 0.5
    patterns = _THIS if this else _WHAT
    pattern = patterns[int(random.integers(len(patterns)))]
    text = pattern.format(noun=class_noun(wanted), kind=wanted)
    subject: tuple[Part, ...] = ("the", Mention(class_noun(wanted), entity.object_id))
    return _record(
        entity,
        wanted,
        (("select", f"{wanted} ({entity.object_id})", ()), ("query", "name", (0,))),
        (text,),
        _is_a(entity, ("this",) if this else subject),
        "query",
        "categoryThis" if this else "category",
        f"11q-{wanted}",
    )


def _choose(entity: Entity, wanted: str, random: np.random.Generator) -> Iterator[Candidate]:
    others = [name for name in KINDS if wanted in HYPERNYMS.get(name, ()) and name != entity.name]
    if not others:
        return
    other = others[int(random.integers(len(others)))]
    pair = [entity.name, other] if random.random() < 0.5 else [other, entity.name]
    listed = "|".join(sorted(pair) if random.random() < 0.5 else sorted(pair, reverse=True))
    choice = f"{article(pair[0])} or {article(pair[1])}"
    yield _record(
        entity,
        wanted,
        (("select", f"{wanted} ({entity.object_id})", ()), ("choose name", listed, (0,))),
        (
            f"which {class_noun(wanted)} is it, {choice}"
            if random.random() < 0.5
            else f"what kind of {wanted} is this, {choice}",
        ),
        _is_a(entity, ("this",)),
        "choose",
        "categoryThisChoose",
        f"11c-{wanted}",
    )
    if random.random() < 0.3:
        # GQA's "this": the one thing that a picture is about
        yield _record(
            entity,
            wanted,
            (("select", f"{wanted} ({entity.object_id})", ()), ("choose name", listed, (0,))),
            ("is the", Mention(class_noun(wanted), entity.object_id), choice),
            _is_a(entity, ("this",)),
            "choose",
            "categoryThatChoose",
            f"11c-{wanted}",
        )


def _described(reference: Reference, random: np.random.Generator) -> Candidate:
    entity, wanted = reference.entity, reference.noun
    operation, word, _ = reference.steps[-1]
    steps = (*reference.steps, ("query", "name", (len(reference.steps) - 1,)))
    subject: tuple[Part, ...] = ("the", Mention(class_noun(wanted), entity.object_id))
    if wanted == "person":
        pattern = "who is on the {}" if operation == "filter hposition" else "who is {}"
        text = pattern.format(word)
        if operation.endswith(("age", "face expression")):
            text = ("who is {}", "who looks {}")[int(random.integers(2))].format(word)
        return _record(
            entity,
            wanted,
            steps,
            (text,),
            (
                "the",
                Mention(entity.name, entity.object_id),
                "is",
                f"on the {word}" if "hposition" in operation else word,
            ),
            "query",
            "activityWho",
            word,
        )
    said = {"filter material": f"made of {word}", "filter hposition": f"on the {word}"}.get(
        operation, word
    )
    kind = ("what kind of {}", "which kind of {}", "what {}", "which {}")[int(random.integers(4))]
    shown = wanted if "kind" in kind else class_noun(wanted)
    question: tuple[Part, ...]
    if random.random() < 0.6:
        question = (
            kind.format(shown).removesuffix(shown).strip(),
            Mention(shown, entity.object_id),
            "is",
            said,
        )
        detailed = "categoryThat"
    else:
        question = ("what is", *reference.the, at_times("called", random))
        detailed = "categoryAttr"
    return _record(
        entity,
        wanted,
        steps,
        question,
        _is_a(entity, subject),
        "query",
        detailed,
        f"12q-{wanted}_{word}",
    )
