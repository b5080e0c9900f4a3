"""Executing a program on a scene graph (paper, section 3.1), in `fixed` mode.

Two rules decide where annotations leave room:

- A description is trusted. GQA names the objects a step returns; when a step only describes what
  the question is about ("the man on the left"), its objects are kept even if no attribute or
  relation of the scene graph says so. When the step is what the question asks ("is there a red
  door?"), only what the scene graph says counts. What the boxes, or other values of its category,
  contradict is left out of a description (`Execution.left_out`).
- Of several true things, the explanation tells the one that the answer names; without an answer,
  the first in the order of annotation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from rex.gqa import operations as ops
from rex.gqa.parsing import Program
from rex.gqa.scene_graphs import SceneGraph
from rex.programs import finding, judging, selecting
from rex.programs.errors import Reason, Skip
from rex.programs.values import Execution, ExecutionState, Finding, Value, Verdict


def execute(program: Program, graph: SceneGraph, answer: str | None = None) -> Execution:
    """Execute a program; `answer` (GQA's) decides between several true things to say.

    Raises Skip where the question cannot be explained.
    """
    if not program:
        raise Skip(Reason.NO_PROGRAM)
    run = ExecutionState(graph, answer, _asked(program))
    values: list[Value] = []
    for index, operation in enumerate(program):
        arguments = [values[dependency] for dependency in operation.dependencies]
        values.append(STEPS[type(operation)](run, operation, arguments, index))
    last = values[-1]
    answer = None
    if isinstance(last, Verdict):
        answer = "yes" if last.holds else "no"
    elif isinstance(last, Finding):
        answer = last.answer
    else:
        last = judging.existence(last)
    return Execution(tuple(values), last.statement, answer, run.left_out)


ASKING: set[type[ops.Operation]] = {ops.Exist, ops.And, ops.Or}
"""What filters and relations lead to where their outcome is the question."""


def _asked(program: Program) -> Collection[int]:
    """Return the filters and relations whose outcome is the question, not a description.

    These are the steps that lead to an operation of `ASKING` on one and the same object.
    """
    asked: set[int] = set()
    for operation in program:
        if type(operation) in ASKING:
            for dependency in operation.dependencies:
                step = dependency
                while type(program[step]) is ops.Filter:
                    asked.add(step)
                    step = program[step].dependencies[0]
                if type(program[step]) is ops.Relate:
                    asked.add(step)
    return asked


_Step = Callable[[ExecutionState, Any, list[Any], int], Value]

STEPS: dict[type[ops.Operation], _Step] = {
    ops.Select: selecting.select_objects,
    ops.Relate: selecting.relate_objects,
    ops.Query: finding.find_value,
    ops.Exist: judging.judge_existence,
    ops.Filter: selecting.filter_objects,
    ops.Verify: finding.verify_or_choose,
    ops.Common: finding.find_common,
    ops.Same: judging.judge_likeness,
    ops.Different: judging.judge_likeness,
    ops.Compare: finding.compare_objects,
    ops.And: judging.judge_all,
    ops.Or: judging.judge_any,
}
"""What executes each operation: add one here, in `operations` and in `parsing`."""
