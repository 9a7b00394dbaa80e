"""What stands in the way of writing one resource: others' fields, the loop's mode, access plans in use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.engine.planning.brakes import (
    closes_subscriptions,
    removed_access_plans,
    used_by_subscriptions,
)
from reconciler.engine.planning.draft import APIS, HAVE_SUBSCRIPTIONS, Draft
from reconciler.engine.planning.modes import loop_brake, may_take_from_people
from reconciler.engine.planning.subjects import EVERY_PLAN, Situation
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Asks, Block, Confirmation, FieldOwner, OwnerClass, Risk, Verb

TAKE = "take"
"""Stands for the phrase of take-overs until all of them have been counted."""


def guard_fields(draft: Draft, situation: Situation) -> None:
    """Fields of people's tools are taken by the loop or asked for; those of controllers never."""
    for at, step in enumerate(draft.steps):
        controllers = [one for one in step.takes if one.owner is OwnerClass.CONTROLLER]
        people = [one for one in step.takes if one.owner is OwnerClass.PEOPLE]
        if controllers:
            draft.block_step(at, _not_ours(controllers))
        elif people and not situation.by_loop:
            why = f"{_owners(people)} changed {_fields(people)} of {draft.key.name}"
            draft.confirm_step(at, Confirmation(Asks.TAKE_OVER, TAKE, why))
        elif people and not may_take_from_people(draft.application):
            why = f"{_owners(people)} changed {_fields(people)}"
            draft.block_step(at, Block("take-over", why, "let a person confirm it"))


def _not_ours(owners: list[FieldOwner]) -> Block:
    return Block(
        "owner",
        f"{_owners(owners)} owns {_fields(owners)}",
        "let it give these fields up, or leave them out of Git",
    )


def _owners(owners: list[FieldOwner]) -> str:
    return " and ".join(sorted({one.manager for one in owners}))


def _fields(owners: list[FieldOwner]) -> str:
    paths = [one.path for one in owners]
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def guard(draft: Draft, situation: Situation, going: Collection[ResourceKey]) -> None:
    """What speaks against the writing steps as a whole.

    Args:
        draft: the resource, with its steps.
        situation: everything else.
        going: what the same plan deletes.
    """
    if situation.by_loop:
        for at, step in enumerate(draft.steps):
            block = loop_brake(draft.application, draft.subject, step.verb)
            if block is not None and step.verb.writes:
                draft.block_step(at, block)
    elif draft.application.suspended:
        draft.warn(draft.application.suspended)
    _guard_access_plans(draft, situation, going)


def _guard_access_plans(draft: Draft, situation: Situation, going: Collection[ResourceKey]) -> None:
    key, found, wanted = draft.key, draft.subject.found, draft.subject.wanted
    if key.kind not in HAVE_SUBSCRIPTIONS or found is None or wanted is None:
        return
    if any(step.verb is Verb.REPLACE for step in draft.steps):
        _add(draft, closes_subscriptions(key, EVERY_PLAN, situation.intent.subscriptions))
        return
    if key.kind not in APIS:
        return
    removed = removed_access_plans(wanted.body, found.body)
    _add(draft, used_by_subscriptions(key, removed, situation.intent.plan_users, going))
    for access_plan in removed:
        _add(draft, closes_subscriptions(key, access_plan, situation.intent.subscriptions))


def _add(draft: Draft, found: Block | Confirmation | None) -> None:
    if isinstance(found, Block):
        draft.block(found)
    elif found is not None:
        draft.confirm(found)
        draft.steps = [replace(step, risk=Risk.HIGH) if step.verb.writes else step for step in draft.steps]
