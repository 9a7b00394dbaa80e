"""The plans that a replay makes of its rows, and what comes of their steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from reconciler.model.acting import PlanRequest
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, Inputs, Plan
from reconciler.model.rows import Cell, ClusterTrace, Row
from reconciler.model.steps import Asks, Block, Confirmation, Did, Outcome, Risk, Stage, Step, Verb, step_id
from reconciler.model.verdicts import Verdict
from tests.terminal.story import NOW, diff_of

PROTECTED = ("prod-us",)
APPLICATIONS = ("team-pay", "team-shop", "team-core")
STOPPED = "it was stopped before this step"
DELETE = Confirmation(Asks.DESTRUCTIVE, "delete 1", "deletions cannot be undone")
TAKE = Confirmation(Asks.TAKE_OVER, "take 1", "Lens changed spec.name")


def plan_for(request: PlanRequest, rows: Iterable[Row]) -> Plan:
    """One step for each row that is not in sync and was asked for."""
    wanted = sorted((row for row in rows if request.wants(row.key, row.application)), key=lambda row: row.key)
    steps = tuple(step for row in wanted if (step := step_of(row)) is not None)
    return plan_of(*steps, purpose=request.purpose)


def plan_of(*steps: Step, purpose: str = "reconcile", notes: tuple[str, ...] = ()) -> Plan:
    """A plan of these steps."""
    return Plan(purpose, Actor.PERSON, Inputs((("platform", "8f21c0a" + "0" * 33),)), steps, notes)


def a_step(key: ResourceKey, verb: Verb = Verb.UPDATE, **more: Any) -> Step:
    """A step of a plan."""
    stage = more.pop("stage", Stage.CLUSTER)
    more.setdefault("reason", "somebody changed it")
    if key.cluster in PROTECTED and verb.writes:
        asked = Confirmation(Asks.PROTECTED, key.cluster, f"{key.cluster} is protected")
        more["confirmations"] = (*more.get("confirmations", ()), asked)
    return Step(step_id(stage, verb, key), stage, verb, key, **more)


def step_of(row: Row) -> Step | None:
    """What a plan does about a row."""
    verdict, key = row.cluster.verdict, row.key
    if verdict is Verdict.DRIFTED:
        return a_step(key, changes=diff_of(row).changes, risk=Risk.MEDIUM)
    if verdict is Verdict.CONFLICT:
        return a_step(key, confirmations=(TAKE,))
    if verdict is Verdict.MISSING:
        return a_step(key, Verb.CREATE, reason="it is not on the cluster")
    if verdict is Verdict.ORPHAN:
        return a_step(key, Verb.DELETE, reason="Git no longer defines it", confirmations=(DELETE,))
    if verdict is Verdict.FAILED:
        return a_step(key, blocked=(Block("refused", "spec.type is immutable", "delete it by name first"),))
    return None


def outcome_of(step: Step, typed: Collection[str], *, stopped: bool) -> Outcome:
    """What comes of a step when nothing goes wrong."""
    if step.blocked:
        return Outcome(step.id, Did.SKIPPED, step.blocked[0].text, step.blocked[0].next_step, NOW)
    if stopped:
        return Outcome(step.id, Did.SKIPPED, STOPPED, "make a new plan", NOW)
    missing = [one.phrase for one in step.confirmations if one.phrase not in typed]
    if missing:
        return Outcome(step.id, Did.SKIPPED, "it was not confirmed", f"type {missing[0]!r}", NOW)
    did = {Verb.CREATE: Did.CREATED, Verb.DELETE: Did.DELETED, Verb.NOOP: Did.UNCHANGED}
    return Outcome(step.id, did.get(step.verb, Did.CONFIGURED), at=NOW, resource_version="4712")


def healed(row: Row | None) -> Row:
    """A row after its step."""
    assert row is not None
    return replace(
        row,
        cluster=Cell(Verdict.SYNCED, NOW, NOW),
        cluster_trace=ClusterTrace("uid-1", "4712", 15, "gko-tui", NOW),
        version=row.version + 1,
    )
