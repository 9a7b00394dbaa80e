"""`gko-tui apply FILE`: carries out a plan that was made, read and kept before."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gko_tui.commands.acting import act
from gko_tui.commands.acting_person import Person
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.plan_file import read_plan
from gko_tui.commands.planning import Acting, acting_platform, selecting
from reconciler.model.acting import BOTH_HOPS
from reconciler.model.plan import Plan


def run(invocation: Invocation) -> int:
    """Carry out a plan file."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    plan = read_plan(invocation.cwd / Path(invocation.arguments.file))
    clusters = sorted({step.key.cluster for step in plan.steps})
    async with acting_platform(selecting(invocation, clusters)) as acting:
        return await answer(invocation, acting, plan)


async def answer(invocation: Invocation, acting: Acting, plan: Plan, *, person: Person | None = None) -> int:
    """Carry it out: keeping the file was the answer to the plain question; the others are still asked.

    Returns:
        the exit code.

    Raises:
        GkoError: it cannot be begun.
    """
    return await act(invocation, acting, plan, hops=BOTH_HOPS, agreed=True, person=person)
