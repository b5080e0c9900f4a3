"""GQA's question records."""

from __future__ import annotations

from rex.gqa.questions import SemanticStep
from rex.world.questions.records import semantic_string


def test_programs_are_written_as_gqa_writes_them() -> None:
    # GQA questions 12404260 and 05782086
    assert (
        semantic_string(
            [
                SemanticStep("select", "plate (2771788)", ()),
                SemanticStep("exist", "?", (0,)),
                SemanticStep("select", "napkin (-) ", ()),
                SemanticStep("exist", "?", (2,)),
                SemanticStep("and", "", (1, 3)),
            ]
        )
        == "select: plate (2771788)->exist: ? [0]->select: napkin (-) ->exist: ? [2]->and:  [1, 3]"
    )
    assert semantic_string(
        [SemanticStep("select", "scene", ()), SemanticStep("query", "weather", (0,))]
    ) == ("select: scene->query: weather [0]")
