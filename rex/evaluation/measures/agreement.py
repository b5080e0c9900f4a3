"""Agreement: does an explanation say why the answer is what it is?

An explanation agrees with an answer when the answer follows from the facts it states, given what
the question asks (its program's last operation).
"""

from __future__ import annotations

from collections.abc import Sequence

from rex.evaluation.measures.verdicts import Names, Verdicts, cell_sides
from rex.evaluation.reading.asked_words import short_answers
from rex.evaluation.reading.statements import Fact, Ref
from rex.gqa.ontology import WORD_CATEGORIES, is_a
from rex.programs import operations as ops
from rex.programs.parsing import Program

YES, NO = frozenset({"yes"}), frozenset({"no"})


def agrees(answer: str, facts: Sequence[Fact], program: Program, names: Names) -> bool:
    """Return whether `answer` follows from the explanation's `facts`, for this question."""
    entailed = entailed_answers(facts, program, names)
    return answer in entailed or any(is_a(word, answer) for word in entailed - YES - NO)


def entailed_answers(facts: Sequence[Fact], program: Program, names: Names) -> frozenset[str]:
    """Return the answers that follow from `facts` to the question of `program`, if any do.

    Only main clauses answer. An open question is answered by what they affirm; a question for yes
    or no by whether they affirm what it claims.
    """
    main = [fact for fact in facts if fact.main]
    if not main or not program:
        return frozenset()
    last = program[-1]
    if isinstance(last, ops.Query):
        return _affirmed(main)
    if isinstance(last, ops.Compare):
        return _compared(main, last.comparative, names)
    if isinstance(last, ops.Common):
        shared = [fact.value for fact in main if fact.kind == "shared"]
        return frozenset(kind for word in shared for kind in WORD_CATEGORIES.get(word, ()))
    if options := _options(last):
        return _affirmed(main) & options
    verdict = Verdicts(facts, program, names).of_step(len(program) - 1)
    return frozenset() if verdict is None else YES if verdict else NO


def _affirmed(main: Sequence[Fact]) -> frozenset[str]:
    """Return every answer that the main clauses give to an open question."""
    found: set[str] = set()
    for fact in main:
        if not fact.holds:
            continue
        if fact.kind in ("is", "shared", "scene"):
            found.add(fact.value)
        elif fact.kind == "at":
            found |= cell_sides(int(fact.value))
        elif fact.kind == "related":
            found.update(short_answers(fact.value))
    return frozenset(found)


def _options(step: ops.Operation) -> frozenset[str]:
    """Return the answers that a step offers (`choose color: red|blue`), if it offers any."""
    if isinstance(step, ops.Verify) and step.choose:
        return frozenset(step.words)
    if isinstance(step, ops.Relate) and step.purpose == "choose":
        return frozenset(answer for one in step.relations for answer in short_answers(one))
    return frozenset()


def _compared(main: Sequence[Fact], comparative: str, names: Names) -> frozenset[str]:
    """Return what may be called the one that is more so."""
    refs: list[Ref] = []
    for fact in main:
        if fact.kind == "compared" and fact.holds:
            if fact.value == comparative:
                refs += fact.refs
            elif _CONVERSE.get(fact.value) == comparative:
                refs += fact.other
    return frozenset(name for ref in refs for name in names(ref))


_CONVERSE = {
    "older": "younger",
    "younger": "older",
    "larger": "smaller",
    "smaller": "larger",
    "taller": "shorter",
    "shorter": "taller",
    "higher": "lower",
    "lower": "higher",
    "healthier": "less healthy",
    "less healthy": "healthier",
}
