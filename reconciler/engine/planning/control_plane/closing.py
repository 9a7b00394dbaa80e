"""What a write would close with access plans: asked when planned, and counted once more before the write.

Closing is for good, and no dry run says a word of it (ENGINE §6). Between a plan and its carrying out
somebody may subscribe, in the portal as well, and nothing that is held of the API shows that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from reconciler.engine.planning.brakes import closes_subscriptions
from reconciler.engine.planning.draft import APIS
from reconciler.engine.planning.subjects import EVERY_PLAN
from reconciler.model.changes import Change, ChangeKind
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Asks, Block, Confirmation, Step, Verb

Count = Callable[[ResourceKey, str], int | None]
"""How many live subscriptions an access plan has (`EVERY_PLAN`: the whole API); None: not known."""


def dropped_plans(changes: Iterable[Change]) -> tuple[str, ...]:
    """The access plans that only the control plane has: the next body closes them.

    One that the Console made has no HRID, and is counted by its name.
    """
    return tuple(
        str(_name(change))
        for change in changes
        if change.kind is ChangeKind.ADDED and len(change.path) == 3 and change.path[:2] == ("spec", "plans")
    )


def closed_by(step: Step, drops: Iterable[str]) -> tuple[str, ...]:
    """The access plans that a step closes: those that its body leaves out, or all of an API that goes."""
    if step.verb is Verb.DELETE:
        return (EVERY_PLAN,) if step.key.kind in APIS else ()
    return tuple(drops)


def closing(
    key: ResourceKey, access_plans: Iterable[str], count: Count
) -> tuple[tuple[Block, ...], tuple[Confirmation, ...]]:
    """What speaks against closing access plans: blocks, and what a person has to type."""
    said = [closes_subscriptions(key, access_plan, count) for access_plan in access_plans]
    return (
        tuple(one for one in said if isinstance(one, Block)),
        tuple(one for one in said if isinstance(one, Confirmation)),
    )


def not_as_confirmed(step: Step, access_plans: Iterable[str], count: Count) -> str:
    """Why what a step would close now is not what its plan asked about; empty where it is.

    Args:
        step: with what was asked for when it was planned.
        access_plans: what it closes now.
        count: the live subscriptions, counted just now.
    """
    blocks, asked = closing(step.key, access_plans, count)
    if blocks:
        return "; ".join(one.text for one in blocks)
    before = {one.why for one in step.confirmations if one.asks is Asks.SUBSCRIPTIONS}
    now = "; ".join(one.why for one in asked if one.why not in before)
    return f"its subscriptions have changed since the plan was made: {now}" if now else ""


def _name(change: Change) -> object:
    plan = change.right
    named = (plan.get("hrid") or plan.get("name")) if isinstance(plan, Mapping) else None
    return named or change.path[2]
