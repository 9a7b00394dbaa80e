"""`gko-tui sync`: plans, shows the plan, asks, and carries it out."""

from __future__ import annotations

import asyncio

from gko_tui.commands.acting import act
from gko_tui.commands.acting_person import Person
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.planning import Acting, acting_platform, made_plan, request_for


def run(invocation: Invocation) -> int:
    """Bring what was asked for in line with Git."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    async with acting_platform(invocation) as acting:
        return await answer(invocation, acting)


async def answer(invocation: Invocation, acting: Acting, *, person: Person | None = None) -> int:
    """Plan and carry out.

    Returns:
        the exit code.

    Raises:
        NothingSelected: a selector matches nothing.
        GkoError: the plan cannot be made or begun.
    """
    arguments = invocation.arguments
    request = request_for(acting, arguments, "sync", wait=arguments.wait)
    plan = await made_plan(invocation, acting, request)
    return await act(invocation, acting, plan, hops=request.hops, agreed=arguments.yes, person=person)
