"""Agreement: does an explanation say why the answer is what it is?

An explanation agrees with an answer when the answer follows from the facts it states, given what
the question asks (its program's last operation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rex.evaluation.asked_words import offered_answers, short_answers
from rex.evaluation.statements import Fact, Ref
from rex.gqa.ontology import WORD_CATEGORIES, is_a
from rex.gqa.operations import COMPARATIVES, split_operation
from rex.gqa.questions import SemanticStep

Names = Callable[[Ref], Iterable[str]]
"""Returns what the things that a noun phrase is about may be called."""

YES, NO = frozenset({"yes"}), frozenset({"no"})


def agrees(
    answer: str, facts: Sequence[Fact], program: Sequence[SemanticStep], names: Names
) -> bool:
    """Return whether `answer` follows from the explanation's `facts`, for this question."""
    entailed = entailed_answers(facts, program, names)
    return answer in entailed or any(is_a(word, answer) for word in entailed - YES - NO)


def entailed_answers(
    facts: Sequence[Fact], program: Sequence[SemanticStep], names: Names
) -> frozenset[str]:
    """Return the answers that follow from `facts` to the question of `program`, if any do.

    Only main clauses answer. An open question is answered by what they affirm; a question for yes
    or no by whether they affirm what it claims.
    """
    main = [fact for fact in facts if fact.main]
    if not main or not program:
        return frozenset()
    verb, qualifier = split_operation(program[-1].operation) or ("", "")
    if verb == "query":
        return _affirmed(main)
    if verb == "choose" and qualifier in COMPARATIVES:
        return _compared(main, qualifier, names)
    if verb == "choose":
        return _affirmed(main) & offered_answers(program)
    if verb == "common":
        shared = [fact.value for fact in main if fact.kind == "shared"]
        return frozenset(kind for word in shared for kind in WORD_CATEGORIES.get(word, ()))
    if verb in ("same", "different"):
        return _yes_or_no(_alike(main), wanted=verb == "same")
    if verb in ("and", "or"):
        return _yes_or_no(_joint(main, program, any_is_enough=verb == "or"))
    if verb in ("verify", "exist"):
        return _yes_or_no(_claim(main, program, len(program) - 1))
    return frozenset()


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


def _alike(main: Sequence[Fact]) -> bool | None:
    """Return whether the facts say that things are alike, or that they differ."""
    if any(fact.kind == "shared" for fact in main):
        return True
    values = {fact.refs: fact.value for fact in main if fact.kind == "is" and fact.holds}
    return len(set(values.values())) == 1 if len(values) > 1 else None


def _joint(
    main: Sequence[Fact], program: Sequence[SemanticStep], *, any_is_enough: bool
) -> bool | None:
    """Return whether the claims that the last step joins are affirmed: one of them, or all."""
    existences = [fact.holds for fact in main if fact.kind == "exists"]
    if existences:
        return any(existences) if any_is_enough else all(existences)
    claims = [_claim(main, program, place) for place in program[-1].dependencies]
    if any_is_enough in claims:
        return any_is_enough
    return None if None in claims else not any_is_enough


def _claim(main: Sequence[Fact], program: Sequence[SemanticStep], place: int) -> bool | None:
    """Return whether the facts affirm what step `place` claims, deny it, or neither (None)."""
    step = program[place]
    existences = [fact.holds for fact in main if fact.kind == "exists"]
    if existences:
        return any(existences)
    verb, _, qualifier = step.operation.partition(" ")
    if verb == "exist":
        # no thing is mentioned: what the question wanted of it is said or denied
        return _claim(main, program, step.dependencies[0]) if step.dependencies else None
    if verb == "relate" or qualifier == "rel":
        parts = step.argument.split(",")
        if len(parts) < 3:
            return None
        return _settled(main, "related", frozenset({parts[1].strip()}))
    if verb not in ("verify", "filter"):
        return None
    word = step.argument.strip()
    if word.startswith("not(") and word.endswith(")"):
        opposite = _is_claimed(main, word[4:-1])
        return None if opposite is None else not opposite
    return _is_claimed(main, word)


def _is_claimed(main: Sequence[Fact], word: str) -> bool | None:
    cells = [cell_sides(int(fact.value)) for fact in main if fact.kind == "at" and fact.holds]
    if cells:
        return all(word in sides for sides in cells)
    if any(fact.kind == "scene" for fact in main):
        return _settled(main, "scene", frozenset({word}))
    return _settled(main, "is", frozenset({word}))


def _settled(main: Sequence[Fact], kind: str, claimed: frozenset[str]) -> bool | None:
    """Return True when a fact affirms what is claimed, False when one denies it or says another."""
    about = [fact for fact in main if fact.kind == kind]
    for fact in about:
        if fact.value in claimed:
            return fact.holds
    return False if any(fact.holds for fact in about) else None


def cell_sides(cell: int) -> frozenset[str]:
    """Return the halves of the image, and its middle, that a cell of the 4 × 4 grid lies in."""
    row, column = divmod(cell - 1, 4)
    sides = {"left" if column < 2 else "right", "top" if row < 2 else "bottom"}
    if column in (1, 2) or row in (1, 2):
        sides.add("middle")
    return frozenset(sides)


def _yes_or_no(found: bool | None, *, wanted: bool = True) -> frozenset[str]:
    if found is None:
        return frozenset()
    return YES if found is wanted else NO


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
