"""`gko-tui plan`: what would be done, tried and not done; with `--out` it is kept for `apply`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.planning import Acting, acting_platform, made_plan, plan_code, request_for
from reconciler.model.plan import Plan
from reconciler.model.verdicts import ExitCode


def run(invocation: Invocation) -> int:
    """Show the plan."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    if invocation.arguments.out:  # before minutes of reading, not after them
        from gko_tui.commands.plan_file import check_place

        check_place(invocation.cwd / Path(invocation.arguments.out))
    async with acting_platform(invocation) as acting:
        return await answer(invocation, acting)


async def answer(invocation: Invocation, acting: Acting) -> int:
    """Make the plan, write it, and keep it where that was asked for.

    Returns:
        the exit code: 0 nothing to do, 2 changes, 4 something is blocked, 5 something could not be read, 1
        nothing could.

    Raises:
        NothingSelected: a selector matches nothing.
        GkoError: the file cannot be written.
    """
    arguments = invocation.arguments
    request = request_for(acting, arguments, "sync", wait=arguments.wait)
    plan = await made_plan(invocation, acting, request)
    now = invocation.clock()
    code = plan_code(plan, acting, request.hops, now, allow_unknown=arguments.allow_unknown)
    if arguments.out:
        from gko_tui.commands.plan_file import write_plan

        write_plan(plan, invocation.cwd / Path(arguments.out))
    _write(invocation, acting, plan, code, now)
    return int(code)


def _write(invocation: Invocation, acting: Acting, plan: Plan, code: ExitCode, now: float) -> None:
    console, fleet, arguments = invocation.console, acting.engine.fleet, invocation.arguments
    if arguments.output != "table":
        from gko_tui.output.documents import encode
        from gko_tui.output.plan_document import plan_document

        document = plan_document(plan, fleet.places(), fleet.problems(), exit_code=code, now=now)
        console.write_bytes(encode(document, arguments.output))
        return
    from gko_tui.output.plan_table import plan_lines
    from gko_tui.output.status_table import place_lines

    console.write("".join(f"{line}\n" for line in plan_lines(plan, console)))
    failed = [place for place in fleet.places() if place.phase in ("failed", "partial")]
    for line in place_lines(failed, console, now):
        console.warn(line)
    if code is ExitCode.INCOMPLETE:
        console.warn("not everything could be read, so there may be more to do; see gko-tui status")
    if arguments.out:
        console.warn(f"carry it out with: gko-tui apply {arguments.out}")
