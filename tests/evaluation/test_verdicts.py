from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rex.evaluation.measures.agreement import Verdicts
from rex.evaluation.measures.told import cell_sides
from rex.evaluation.reading.facts import Ref
from rex.evaluation.reading.lexicon import build_lexicon
from rex.evaluation.reading.statements import read_statement
from rex.gqa import operations as ops
from rex.gqa.parsing import parse_program
from rex.gqa.questions import SemanticStep
from tests.programs.generated import random_program

LEXICON = build_lexicon()
CLAUSES = (
    "there is #0", "there is no cat", "there is no animal", "red #1 is dog", "#0 is not red",
    "#2 is small", "#0 is near #1", "#2 is not behind #0", "#0 and #1 are both gold",
    "#1 is located at @7", "#0 is older than #2",
)  # fmt: skip


def names(ref: Ref) -> set[str]:
    return {("cat", "dog", "cup")[ref.region]} if ref.region is not None else {ref.noun}


@given(st.integers(0, 2**63), st.lists(st.sampled_from(CLAUSES), min_size=1, max_size=3))
@settings(max_examples=500, deadline=None)
def test_joined_and_negated_steps_follow_from_their_parts(seed: int, clauses: list[str]) -> None:
    program = parse_program([SemanticStep(*step) for step in random_program(Random(seed))])
    verdicts = Verdicts(read_statement(" and ".join(clauses), LEXICON), program, names)
    for place, step in enumerate(program):
        found = verdicts.of_step(place) if not isinstance(step, ops.Query) else None
        # several claims on what is called alike are judged together
        joint = type(step) if isinstance(step, ops.And | ops.Or) else None
        parts = [verdicts.of_step(one, joint) for one in step.dependencies]
        if isinstance(step, ops.And):
            assert found == (False if False in parts else None if None in parts else True)
        if isinstance(step, ops.Or):
            assert found == (True if True in parts else None if None in parts else False)
        if isinstance(step, ops.Exist):
            assert found is parts[0]


def test_cells() -> None:
    assert cell_sides(1) == {"left", "top"}
    assert cell_sides(16) == {"right", "bottom"}
    assert cell_sides(6) == {"left", "top", "middle"}
