"""`gko-tui reconcile RESOURCE`: all hops of one API, until its gateways run it."""

from __future__ import annotations

import asyncio

from gko_tui.commands.acting import act
from gko_tui.commands.acting_person import Person
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.planning import Acting, acting_platform, made_plan, one_resource
from gko_tui.output.plan_progress import place_lines_of
from reconciler.model.acting import PlanRequest


def run(invocation: Invocation) -> int:
    """Bring one resource in line at every place, and wait for its gateways."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    arguments = invocation.arguments
    arguments.resources = [arguments.resource]
    async with acting_platform(invocation) as acting:
        return await answer(invocation, acting)


async def answer(invocation: Invocation, acting: Acting, *, person: Person | None = None) -> int:
    """Plan for one resource, carry it out, wait, and say where it stands.

    Returns:
        the exit code; 2 where a gateway does not run it in time.

    Raises:
        NothingSelected: there is no such resource.
        UsageError: the name means several.
        GkoError: the plan cannot be made or begun.
    """
    key = one_resource(acting)
    request = PlanRequest(keys=frozenset({key}), purpose="reconcile", wait=True)
    plan = await made_plan(invocation, acting, request)
    agreed = invocation.arguments.yes
    code = await act(invocation, acting, plan, hops=request.hops, agreed=agreed, person=person)
    row = acting.engine.fleet.row(key)
    if row is not None and invocation.arguments.output == "table":
        console = invocation.console
        console.write("".join(f"{line}\n" for line in place_lines_of(row, console)))
    return code
