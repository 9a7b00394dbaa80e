"""The document `gko-tui/outcome/v1`: what came of a plan, or why it was not begun, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gko_tui.output.documents import instant
from gko_tui.output.plan_document import confirmation_document, key_content, owner_document, plan_content
from gko_tui.output.plan_words import outcome_summary
from gko_tui.output.status_document import place_document, problem_document
from reconciler.model.plan import Plan
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.steps import Confirmation, Outcome, Step

OUTCOME = "gko-tui/outcome/v1"


def outcome_document(
    plan: Plan,
    outcomes: Sequence[Outcome],
    places: Iterable[PlaceState],
    problems: Iterable[Problem],
    *,
    carried_out: bool,
    stopped: bool = False,
    refusal: str = "",
    unanswered: Sequence[Confirmation] = (),
    notes: Sequence[str] = (),
    exit_code: int,
    now: float,
) -> dict[str, Any]:
    """What a command that acts has done.

    Args:
        plan: what was to be done.
        outcomes: what came of its steps; none where nothing was carried out.
        places: how well each place could be read before.
        problems: what could not be read.
        carried_out: whether the plan was begun.
        stopped: whether somebody stopped it.
        refusal: why it was not begun.
        unanswered: what a person would have to type first.
        notes: what went wrong beside the steps.
        exit_code: what the command ends with.
        now: seconds since the epoch.
    """
    steps = {step.id: step for step in plan.steps}
    return {
        "schema": OUTCOME,
        "finishedAt": instant(now),
        "exitCode": int(exit_code),
        "carriedOut": carried_out,
        "stopped": stopped,
        "refusal": refusal or None,
        "unanswered": [confirmation_document(one) for one in unanswered],
        "summary": outcome_summary(outcomes),
        "notes": list(notes),
        "plan": plan_content(plan),
        "outcomes": [_outcome(steps[outcome.step], outcome) for outcome in outcomes],
        "places": [place_document(place) for place in places],
        "problems": [problem_document(problem) for problem in problems],
    }


def _outcome(step: Step, outcome: Outcome) -> dict[str, Any]:
    return {
        "step": outcome.step,
        "stage": step.stage.value,
        "verb": step.verb.value,
        **key_content(step),
        "did": outcome.did.value,
        "message": outcome.message or None,
        "nextStep": outcome.next_step or None,
        "at": instant(outcome.at),
        "resourceVersion": outcome.resource_version or None,
        "generation": outcome.generation or None,
        "owners": [owner_document(one) for one in outcome.owners],
    }
