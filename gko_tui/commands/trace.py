"""`gko-tui trace`: the way of one API through the four places, and what happened to it there."""

from __future__ import annotations

import asyncio

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading, read_platform
from reconciler.model.errors import GkoError
from reconciler.model.rows import Row
from reconciler.model.trace import Trace

MOST_AT_ONCE = 8
"""So many resources are asked for at the same time: each costs its control plane a few requests."""


def run(invocation: Invocation) -> int:
    """Show the way of the resources that were named."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    async with read_platform(invocation) as reading:
        return await answer(invocation, reading)


async def answer(invocation: Invocation, reading: Reading) -> int:
    """Write the ways that were asked for.

    Returns:
        the exit code, over all hops of these resources.

    Raises:
        NothingSelected: a selector matches nothing.
    """
    fleet, now = reading.engine.fleet, invocation.clock()
    rows = reading.selection.pick(fleet.rows())
    code = fleet.exit_code(rows, now=now, allow_unknown=invocation.arguments.allow_unknown, named=True)
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def trace(row: Row) -> tuple[Row, Trace]:
        async with gate:
            try:
                return row, await reading.engine.trace(row.key)
            except GkoError as error:
                return row, Trace(row.key, (), (), (error.sentence(),))

    traced = await asyncio.gather(*map(trace, rows))
    _write(invocation, reading, traced, int(code), now)
    return int(code)


def _write(
    invocation: Invocation, reading: Reading, traced: list[tuple[Row, Trace]], code: int, now: float
) -> None:
    console, fleet = invocation.console, reading.engine.fleet
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode
        from gko_tui.output.trace_document import trace_document

        document = trace_document(traced, fleet.places(), fleet.problems(), exit_code=code, now=now)
        console.write_bytes(encode(document, invocation.arguments.output))
        return
    from gko_tui.output.status_table import place_lines
    from gko_tui.output.trace_table import trace_table

    blocks = ["\n".join(trace_table(str(row.key), row, trace, console, now)) for row, trace in traced]
    console.write("\n\n".join(blocks) + "\n")
    failed = [place for place in fleet.places() if place.phase in ("failed", "partial")]
    for line in place_lines(failed, console, now):
        console.warn(line)
