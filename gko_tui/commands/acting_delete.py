"""`gko-tui delete RESOURCE`: the explicit verb, for what pruning would leave alone; always typed."""

from __future__ import annotations

import asyncio

from gko_tui.commands.acting import act
from gko_tui.commands.acting_person import Person
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.planning import Acting, acting_platform, made_plan, picked
from reconciler.model.acting import PlanRequest


def run(invocation: Invocation) -> int:
    """Delete the resources that were named."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    async with acting_platform(invocation) as acting:
        return await answer(invocation, acting)


async def answer(invocation: Invocation, acting: Acting, *, person: Person | None = None) -> int:
    """Plan the deletion of what was named, and carry it out once that was typed.

    Returns:
        the exit code.

    Raises:
        NothingSelected: there is no such resource.
        GkoError: the plan cannot be made or begun.
    """
    keys = frozenset(row.key for row in picked(acting))
    request = PlanRequest(keys=keys, purpose="delete", delete=keys)
    plan = await made_plan(invocation, acting, request)
    agreed = invocation.arguments.yes
    return await act(invocation, acting, plan, hops=request.hops, agreed=agreed, person=person)
