"""A plan narrowed to what may be done now: what is left out takes along whatever would come after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.plan import Plan
from reconciler.model.steps import Step, Verb

_DESTROYS = frozenset({Verb.DELETE, Verb.REPLACE})


def narrowed(plan: Plan, why_not: Callable[[Step], str]) -> tuple[Plan, list[tuple[Step, str]]]:
    """Leave out running steps.

    Args:
        plan: as it was made.
        why_not: why a step may not run now; empty where it may.

    Returns:
        the plan without them, and each that was left out with the reason.
    """
    left_out: dict[str, tuple[Step, str]] = {}
    kept: list[Step] = []
    for step in plan.steps:
        waits_for = next((one for one in step.after if one in left_out), None)
        why = f"it comes after {waits_for}" if waits_for is not None else why_not(step) if step.runs else ""
        if why:
            left_out[step.id] = (step, why)
        else:
            kept.append(step)
    return (replace(plan, steps=tuple(kept)) if left_out else plan), list(left_out.values())


def is_tried_first(plan: Plan) -> bool:
    """Whether the places are asked before this plan of the loop is carried out (ENGINE §5)."""
    return any(step.runs and (step.takes or step.verb in _DESTROYS) for step in plan.steps)
