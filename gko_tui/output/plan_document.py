"""The document `gko-tui/plan/v1`: what a plan would do, step by step, for programs.

It is for reading: what `gko-tui apply` takes is the file that `gko-tui plan --out FILE` writes. Its JSON
Schema is in `schemas/`; a field is never renamed or removed within a version.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gko_tui.output.diff_document import plain
from gko_tui.output.documents import instant
from gko_tui.output.plan_words import summary
from gko_tui.output.status_document import place_document, problem_document
from reconciler.model.changes import ABSENT, Change, ChangeKind, path_text
from reconciler.model.plan import Plan
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.steps import Block, Confirmation, FieldOwner, Step

PLAN = "gko-tui/plan/v1"

EFFECTS = {
    ChangeKind.CHANGED: "changed",
    ChangeKind.ADDED: "removed",
    ChangeKind.REMOVED: "added",
    ChangeKind.MOVED: "moved",
}
"""What a step does about a difference, which is told from left to right: a write goes the other way."""


def plan_document(
    plan: Plan,
    places: Iterable[PlaceState],
    problems: Iterable[Problem],
    *,
    exit_code: int,
    now: float,
) -> dict[str, Any]:
    """Everything that `plan` knows.

    Args:
        plan: what would be done.
        places: how well each place could be read.
        problems: what could not be read.
        exit_code: what the command ends with.
        now: seconds since the epoch.
    """
    return {
        "schema": PLAN,
        "observedAt": instant(now),
        "exitCode": int(exit_code),
        "plan": plan_content(plan),
        "places": [place_document(place) for place in places],
        "problems": [problem_document(problem) for problem in problems],
    }


def plan_content(plan: Plan) -> dict[str, Any]:
    """A plan without the circumstances of its making."""
    return {
        "id": plan.id,
        "shortId": plan.short_id,
        "purpose": plan.purpose,
        "actor": plan.actor.value,
        "writes": plan.writes,
        "summary": summary(plan),
        "revisions": dict(plan.inputs.revisions),
        "notes": list(plan.notes),
        "confirmations": [confirmation_document(one) for one in plan.confirmations],
        "steps": [_step(step) for step in plan.steps],
    }


def key_content(step: Step) -> dict[str, Any]:
    """What names the resource of a step."""
    key = step.key
    return {
        "cluster": key.cluster,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "application": step.application or None,
    }


def confirmation_document(one: Confirmation) -> dict[str, Any]:
    """What a person has to type, and why."""
    return {"asks": one.asks.value, "phrase": one.phrase, "why": one.why}


def owner_document(one: FieldOwner) -> dict[str, Any]:
    """A field of somebody else."""
    return {"manager": one.manager, "path": one.path, "owner": one.owner.value}


def _step(step: Step) -> dict[str, Any]:
    content = step.content
    return {
        "id": step.id,
        "stage": step.stage.value,
        "verb": step.verb.value,
        "word": step.word,
        "runs": step.runs,
        **key_content(step),
        "reason": step.reason,
        "risk": step.risk.value,
        "level": step.level,
        "after": list(step.after),
        "content": None
        if content is None
        else {
            "source": content.source,
            "revision": content.revision,
            "path": content.path,
            "index": content.index,
        },
        "changes": [_change(change) for change in step.changes],
        "removes": [path_text(path) for path in step.removes],
        "takes": [owner_document(one) for one in step.takes],
        "migrates": list(step.migrates),
        "confirmations": [confirmation_document(one) for one in step.confirmations],
        "blocked": [_block(block) for block in step.blocked],
        "warnings": list(step.warnings),
    }


def _block(block: Block) -> dict[str, Any]:
    return {"cause": block.cause, "text": block.text, "nextStep": block.next_step or None}


def _change(change: Change) -> dict[str, Any]:
    written: dict[str, Any] = {"path": path_text(change.path), "effect": EFFECTS[change.kind]}
    for side, value in (("before", change.right), ("after", change.left)):
        if value is not ABSENT:  # what is not there is left out; null is a value
            written[side] = plain(value)
    return {
        **written,
        "origin": change.origin.value,
        "manager": change.manager,
        "at": instant(change.at),
    }
